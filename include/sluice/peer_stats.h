// Statistics of a PeerConnection: the types and names of W3C's "Identifiers for WebRTC's Statistics API", as
// structs and as the JSON that getStats() of a browser gives. Times in JSON are seconds, as there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sluice/time.h"

namespace sluice {

/// RTCStats. Ids are stable for the life of what they name; the others refer to them.
struct StatsHeader {
  std::string id;
  std::int64_t timestamp = 0;  ///< µs of UNIX time; in JSON milliseconds.
};

struct PeerConnectionStats : StatsHeader {
  std::uint32_t data_channels_opened = 0;
  std::uint32_t data_channels_closed = 0;
};

struct TransportStatistics : StatsHeader {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::string ice_role;  ///< "controlling", "controlled", "unknown".
  std::string ice_local_username_fragment;
  std::string ice_state;
  std::string dtls_state;  ///< "new", "connecting", "connected", "closed", "failed".
  std::string dtls_role;   ///< "client", "server", "unknown".
  std::string selected_candidate_pair_id;
  std::string local_certificate_id;
  std::string remote_certificate_id;
  std::string srtp_cipher;
  std::uint32_t selected_candidate_pair_changes = 0;
};

struct CandidateStats : StatsHeader {
  bool remote = false;  ///< "remote-candidate", else "local-candidate".
  std::string transport_id;
  std::string address;
  std::uint16_t port = 0;
  std::string protocol;
  std::string candidate_type;
  std::uint32_t priority = 0;
  std::string url;
  std::string relay_protocol;
  std::string foundation;
  std::string related_address;
  std::uint16_t related_port = 0;
};

struct CandidatePairStatistics : StatsHeader {
  std::string transport_id;
  std::string local_candidate_id;
  std::string remote_candidate_id;
  std::string state;
  bool nominated = false;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  Duration total_round_trip_time{};
  std::optional<Duration> current_round_trip_time;
  std::uint64_t requests_received = 0;
  std::uint64_t requests_sent = 0;
  std::uint64_t responses_received = 0;
  std::uint64_t responses_sent = 0;
  std::uint64_t consent_requests_sent = 0;
};

struct CertificateStats : StatsHeader {
  std::string fingerprint;
  std::string fingerprint_algorithm;
  std::string base64_certificate;
};

struct CodecStats : StatsHeader {
  std::uint8_t payload_type = 0;
  std::string transport_id;
  std::string mime_type;
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 0;
  std::string sdp_fmtp_line;
};

/// RTCRtpStreamStats: what all four kinds of streams have.
struct RtpStreamHeader : StatsHeader {
  std::uint32_t ssrc = 0;
  std::string kind;  ///< "audio", "video".
  std::string transport_id;
  std::string codec_id;
};

struct InboundRtpStats : RtpStreamHeader {
  std::string track_identifier;
  std::string mid;
  std::string remote_id;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_received = 0;
  std::int64_t packets_lost = 0;
  Duration jitter{};
  std::uint64_t frames_received = 0;  ///< Whole ones, that were given out.
  std::uint64_t key_frames_received = 0;
  std::uint64_t frames_dropped = 0;
  std::uint32_t nack_count = 0;
  std::uint32_t pli_count = 0;
  std::uint64_t retransmitted_packets_received = 0;
};

struct OutboundRtpStats : RtpStreamHeader {
  std::string mid;
  std::string rid;
  std::string remote_id;
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t retransmitted_packets_sent = 0;
  std::uint64_t frames_sent = 0;
  std::uint64_t key_frames_sent = 0;
  std::uint32_t nack_count = 0;
  std::uint32_t pli_count = 0;
  std::uint32_t fir_count = 0;
  std::optional<std::uint32_t> rtx_ssrc;
};

/// What the other side's receiver reports say.
struct RemoteInboundRtpStats : RtpStreamHeader {
  std::string local_id;
  std::int64_t packets_lost = 0;
  double fraction_lost = 0;  ///< 0 to 1.
  Duration jitter{};
  std::optional<Duration> round_trip_time;
  Duration total_round_trip_time{};
  std::uint32_t round_trip_time_measurements = 0;
};

/// What the other side's sender reports say.
struct RemoteOutboundRtpStats : RtpStreamHeader {
  std::string local_id;
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint32_t reports_sent = 0;
};

struct DataChannelStats : StatsHeader {
  std::string label;
  std::string protocol;
  std::optional<std::uint16_t> data_channel_identifier;
  std::string state;
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
};

using PeerStatsEntry =
    std::variant<PeerConnectionStats, TransportStatistics, CandidateStats, CandidatePairStatistics,
                 CertificateStats, CodecStats, InboundRtpStats, OutboundRtpStats, RemoteInboundRtpStats,
                 RemoteOutboundRtpStats, DataChannelStats>;

/// RTCStatsReport.
struct PeerStats {
  std::vector<PeerStatsEntry> entries;
  /// {"id": {"type": "transport", "id": …, "timestamp": …, …}, …}; absent values are left out.
  [[nodiscard]] std::string to_json() const;
  template <typename Stats>
  [[nodiscard]] std::vector<Stats> all() const {
    std::vector<Stats> out;
    for (const auto& entry : entries)
      if (const auto* stats = std::get_if<Stats>(&entry)) out.push_back(*stats);
    return out;
  }
};

}  // namespace sluice
