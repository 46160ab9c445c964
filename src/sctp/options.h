// What an association and its channels may grow to, and what is counted.
//
// For everyone who makes sctp::DataChannels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sluice/time.h"

namespace sluice::sctp {

struct Options {
  std::uint16_t local_port = 5000;   ///< a=sctp-port of ours.
  std::uint16_t remote_port = 5000;  ///< a=sctp-port of the remote.
  /// Bytes of an SCTP packet: 1200 of UDP payload less what DTLS adds. Without path MTU discovery, as in
  /// browsers.
  std::size_t mtu = 1160;
  /// Announced in INIT. The first grows by itself (RFC 6525 §5.1.5) when a channel needs more and the peer
  /// allows it; a peer may ask for as many as the second. 72 and 40 bytes each.
  std::uint16_t outgoing_streams = 1024;
  std::uint16_t incoming_streams = 2048;
  std::size_t max_send_message_size = 262'144;     ///< The remote's a=max-message-size; 0: any size.
  std::size_t max_receive_message_size = 262'144;  ///< Ours.
  std::size_t send_buffer_size = 2'000'000;        ///< bufferedAmount of all channels together.
  std::size_t per_channel_send_limit = 2'000'000;  ///< bufferedAmount of one.
  std::size_t receive_buffer_size = 5'242'880;     ///< The receive window.
  std::size_t max_channels = 65'535;
  std::size_t max_name_bytes = 1 << 20;  ///< Labels and protocols of all channels together.
  /// RFC 9260 §8.3. Off where something else notices that the peer is gone, as ICE consent does.
  Duration heartbeat_interval = Duration::zero();
  /// RFC 8260: a long message does not hold up other channels. Used when the peer can do it too. Off:
  /// usrsctp, when it gives up one message, gives up what stands between its chunks too
  /// (docs/data-channels.md).
  bool interleaving = false;
};

/// Always on.
struct Counters {
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t packets_malformed =
      0;                              ///< Of no size that SCTP has, for other ports or with a wrong checksum.
  std::uint64_t packets_dropped = 0;  ///< Ours, because nobody took them.
  std::uint64_t chunks_retransmitted = 0;  ///< DATA of ours that had been sent before.
  std::uint64_t messages_abandoned = 0;    ///< Ours, partially reliable and given up.
  std::uint64_t messages_refused = 0;      ///< Ours: too large, or no room in the queue.
  std::uint64_t messages_too_large = 0;    ///< The peer's.
  std::uint64_t unknown_channel = 0;  ///< Messages on streams without a channel, or with one that is closed.
  std::uint64_t unknown_ppid = 0;     ///< Messages that are no string, binary or DCEP.
  std::uint64_t dcep_malformed = 0;
  std::uint64_t dcep_refused = 0;  ///< Well-formed, but over a limit or on a stream in use.
};

}  // namespace sluice::sctp
