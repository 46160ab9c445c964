// Statistics as values, in mediasoup's names. Bitrates are bps over the last second; timestamps are monotonic
// milliseconds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sluice/rtp_parameters.h"

namespace sluice {

/// Local and remote end of a transport: of the selected ICE pair, or of a plain transport.
struct TransportTuple {
  std::string local_address;
  std::uint16_t local_port = 0;
  std::string remote_address;  ///< Empty, and port 0, while a plain transport does not know it.
  std::uint16_t remote_port = 0;
  std::string protocol = "udp";
};

struct TransportStats {
  std::string transport_id;
  std::uint64_t timestamp = 0;
  std::string ice_state;  ///< Of WebRTC transports, as is dtls_state.
  std::string dtls_state;
  std::string sctp_state;  ///< Of those with SCTP.
  std::optional<TransportTuple> tuple;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint32_t recv_bitrate = 0;
  std::uint32_t send_bitrate = 0;
  std::uint64_t rtp_bytes_received = 0;
  std::uint64_t rtp_bytes_sent = 0;
  std::uint64_t rtx_bytes_received = 0;
  std::uint64_t rtx_bytes_sent = 0;
  std::uint64_t probation_bytes_sent = 0;
  std::uint32_t rtp_recv_bitrate = 0;
  std::uint32_t rtp_send_bitrate = 0;
  std::uint32_t rtx_recv_bitrate = 0;
  std::uint32_t rtx_send_bitrate = 0;
  std::uint32_t probation_send_bitrate = 0;
  std::optional<std::uint32_t> available_outgoing_bitrate;  ///< Absent while it is not known.
  std::optional<std::uint32_t> available_incoming_bitrate;
  std::optional<std::uint32_t> max_incoming_bitrate;  ///< As SetBitrateLimit has set it.
  std::optional<std::uint32_t> max_outgoing_bitrate;
  std::optional<std::uint32_t> min_outgoing_bitrate;
  std::optional<double> rtp_packet_loss_received;  ///< 0 to 1, of the last report interval.
  std::optional<double> rtp_packet_loss_sent;
  std::uint64_t packets_received = 0;
  std::uint64_t packets_sent = 0;
  std::map<std::string, std::uint64_t>
      dropped;  ///< Packets dropped, by reason; reasons that never happened are absent.
  // Plain transports only:
  std::optional<TransportTuple> rtcp_tuple;  ///< Without rtcp_mux.
  bool rtcp_mux = false;
  bool comedia = false;
};

/// Of a data producer (type "data-producer") or consumer ("data-consumer"). What is not of its type is zero.
struct DataStats {
  std::string type;
  std::uint64_t timestamp = 0;
  std::string label;
  std::string protocol;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint32_t buffered_amount = 0;             ///< Bytes that wait to be sent.
  std::map<std::string, std::uint64_t> dropped;  ///< Messages, by reason; as TransportStats' packets.
};

/// One RTP stream of a producer (type "inbound-rtp") or of a consumer (type "outbound-rtp").
struct RtpStreamStats {
  std::string type;
  std::uint64_t timestamp = 0;
  std::uint32_t ssrc = 0;
  std::optional<std::uint32_t> rtx_ssrc;
  std::string rid;
  MediaKind kind = MediaKind::kAudio;
  std::string mime_type;
  std::uint64_t packet_count = 0;
  std::uint64_t byte_count = 0;
  std::uint32_t bitrate = 0;
  std::int64_t packets_lost = 0;
  std::uint8_t fraction_lost = 0;  ///< In 1/256 (RFC 3550 §6.4.1).
  std::uint32_t jitter = 0;        ///< In units of the RTP clock.
  std::uint64_t packets_discarded = 0;
  std::uint64_t packets_retransmitted = 0;
  std::uint64_t packets_repaired = 0;
  std::uint64_t nack_count = 0;
  std::uint64_t nack_packet_count = 0;
  std::uint64_t pli_count = 0;
  std::uint64_t fir_count = 0;
  std::uint64_t key_frame_count = 0;
  std::optional<double> round_trip_time;  ///< ms.
  std::uint64_t rtx_packets_discarded = 0;
  std::uint32_t rtx_bitrate = 0;  ///< Of retransmissions, in a stream of their own or not.
  std::uint8_t score = 0;         ///< 0 (nothing arrives) to 10 (all of it).
  /// Of a stream with layers: bps by "spatial.temporal", each with all that it needs.
  std::map<std::string, std::uint32_t> bitrate_by_layer;
};

}  // namespace sluice
