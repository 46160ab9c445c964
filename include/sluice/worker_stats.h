// What a worker and all it holds add up to, for monitoring: one request, however many consumers there are.
//
// Counters count from the start of the worker and never go back: what was closed stays counted. The engine
// fills in what it knows; what is of the process, its loop and its sockets is the worker's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sluice/rtp_parameters.h"

namespace sluice {

/// How many values came, by their size.
struct Histogram {
  std::vector<double> bounds;         ///< Upper ones, ascending; a value on a bound is within it.
  std::vector<std::uint64_t> counts;  ///< One more than bounds: the last is of values above them all.
  double sum = 0;
};

using CountsByReason = std::map<std::string, std::uint64_t>;

/// Transports that exist now, by kind and state.
struct TransportCount {
  std::string type;       ///< "webrtc", "plain" or "direct".
  std::string ice_state;  ///< Of WebRTC transports, as is dtls_state.
  std::string dtls_state;
  std::uint32_t count = 0;
};

/// All producers ("inbound-rtp") or all consumers ("outbound-rtp") of a kind. Feedback is what was sent to
/// publishers, and what came from viewers.
struct TrackTotals {
  std::string type;
  MediaKind kind = MediaKind::kAudio;
  std::uint32_t tracks = 0;  ///< That exist now, as `paused`.
  std::uint32_t paused = 0;
  std::uint64_t packet_count = 0;  ///< As in RtpStreamStats, without repairs of a stream of their own.
  std::uint64_t byte_count = 0;
  std::uint64_t packets_retransmitted = 0;
  std::uint64_t nack_count = 0;
  std::uint64_t nack_packet_count = 0;
  std::uint64_t pli_count = 0;
  std::uint64_t fir_count = 0;
  std::uint64_t key_frame_count = 0;
};

/// All data producers ("data-producer") or data consumers ("data-consumer").
struct DataTotals {
  std::string type;
  std::uint32_t count = 0;  ///< That exist now.
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t buffered_amount = 0;  ///< Bytes that wait now.
  CountsByReason dropped;
};

/// The operating system's view of the process.
struct ProcessStats {
  double user_cpu_time = 0;  ///< s.
  double system_cpu_time = 0;
  std::uint64_t resident_memory = 0;  ///< Bytes.
};

/// The event loop. The delays are in s.
struct LoopStats {
  std::uint64_t wake_ups = 0;
  Histogram deadline_delay;  ///< How late the worker came to what was due.
  Histogram receive_delay;   ///< How long the oldest datagram of a batch had waited in the kernel.
};

/// All sockets of a protocol, those that are closed included. Of TCP, datagrams are frames and calls are
/// reads and writes; batches are of UDP only.
struct SocketTotals {
  std::string protocol;       ///< "udp" or "tcp".
  std::uint32_t sockets = 0;  ///< Bound now: TCP's listeners.
  std::uint64_t receive_calls = 0;
  std::uint64_t datagrams_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t send_calls = 0;
  std::uint64_t datagrams_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t deferred = 0;  ///< Datagrams that waited, because the kernel's buffer was full.
  CountsByReason dropped;
  // UDP:
  std::uint64_t segmenting_refused = 0;  ///< Messages that the kernel would not segment.
  Histogram receive_batch;               ///< Datagrams a call of recvmmsg that gave any.
  Histogram send_batch;                  ///< Datagrams a call of sendmmsg.
  Histogram message_segments;            ///< Datagrams a message sent: above 1 by GSO.
  // TCP:
  std::uint32_t connections = 0;  ///< Open now.
  std::uint64_t connections_accepted = 0;
  CountsByReason connections_refused;
};

struct WorkerStats {
  std::uint64_t timestamp = 0;  ///< Monotonic ms.
  std::uint32_t rooms = 0;
  std::uint32_t peers = 0;
  std::uint32_t observers = 0;
  std::vector<TransportCount> transports;
  std::vector<TrackTotals> tracks;  ///< Of each type and kind, also where there are none.
  std::vector<DataTotals> data;
  // All transports:
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t recv_bitrate = 0;  ///< bps over the last second.
  std::uint64_t send_bitrate = 0;
  CountsByReason dropped;  ///< Packets received that went no further; reasons that never happened are absent.
  CountsByReason not_forwarded;  ///< Packets of a producer that a consumer did not get, by why (explain()).
  Histogram round_trip_time;     ///< s; a value each report that tells it.
  Histogram loss_received;       ///< Of each interval that we report to a publisher: the part that was lost.
  Histogram loss_sent;           ///< Of each report block of a viewer.
  std::uint32_t packet_buffers = 0;         ///< Allocated for packets...
  std::uint32_t packet_buffers_in_use = 0;  ///< ...and holding one.
  ProcessStats process;
  LoopStats loop;
  std::vector<SocketTotals> sockets;
};

}  // namespace sluice
