// RTCStatsReport as JSON: one member a statistics object, W3C's names and units.
#include <nlohmann/json.hpp>

#include "sluice/peer_stats.h"

namespace sluice {
namespace {

using nlohmann::json;

double seconds(Duration d) {
  return static_cast<double>(d.count()) / 1e6;
}

void set(json& out, const char* name, const std::string& value) {
  if (!value.empty()) out[name] = value;
}
template <typename T>
void set(json& out, const char* name, const std::optional<T>& value) {
  if (value) out[name] = *value;
}

/// What objects of several types have, under one name and in one unit.
template <typename Stats>
json head(const Stats& s, const char* type) {
  json out = {{"id", s.id}, {"type", type}, {"timestamp", static_cast<double>(s.timestamp) / 1e3}};
  if constexpr (requires { s.transport_id; }) set(out, "transportId", s.transport_id);
  if constexpr (requires { s.packets_sent; }) out["packetsSent"] = s.packets_sent;
  if constexpr (requires { s.bytes_sent; }) out["bytesSent"] = s.bytes_sent;
  if constexpr (requires { s.packets_received; }) out["packetsReceived"] = s.packets_received;
  if constexpr (requires { s.bytes_received; }) out["bytesReceived"] = s.bytes_received;
  if constexpr (requires { s.messages_sent; }) out["messagesSent"] = s.messages_sent;
  if constexpr (requires { s.messages_received; }) out["messagesReceived"] = s.messages_received;
  if constexpr (requires { s.total_round_trip_time; })
    out["totalRoundTripTime"] = seconds(s.total_round_trip_time);
  return out;
}
/// RTCRtpStreamStats and what its four kinds share.
template <typename Stats>
json stream(const Stats& s, const char* type) {
  json out = head(s, type);
  out["ssrc"] = s.ssrc;
  out["kind"] = s.kind;
  set(out, "codecId", s.codec_id);
  if constexpr (requires { s.mid; }) out["mid"] = s.mid;
  if constexpr (requires { s.local_id; }) out["localId"] = s.local_id;
  if constexpr (requires { s.remote_id; }) set(out, "remoteId", s.remote_id);
  if constexpr (requires { s.packets_lost; }) out["packetsLost"] = s.packets_lost;
  if constexpr (requires { s.jitter; }) out["jitter"] = seconds(s.jitter);
  if constexpr (requires { s.nack_count; }) {
    out["nackCount"] = s.nack_count;
    if (s.kind == "video") out["pliCount"] = s.pli_count;
  }
  return out;
}

json write(const PeerConnectionStats& s) {
  json out = head(s, "peer-connection");
  out["dataChannelsOpened"] = s.data_channels_opened;
  out["dataChannelsClosed"] = s.data_channels_closed;
  return out;
}
json write(const TransportStatistics& s) {
  json out = head(s, "transport");
  out["iceRole"] = s.ice_role;
  out["iceLocalUsernameFragment"] = s.ice_local_username_fragment;
  out["iceState"] = s.ice_state;
  out["dtlsState"] = s.dtls_state;
  out["dtlsRole"] = s.dtls_role;
  set(out, "selectedCandidatePairId", s.selected_candidate_pair_id);
  set(out, "localCertificateId", s.local_certificate_id);
  set(out, "remoteCertificateId", s.remote_certificate_id);
  set(out, "srtpCipher", s.srtp_cipher);
  out["selectedCandidatePairChanges"] = s.selected_candidate_pair_changes;
  return out;
}
json write(const CandidateStats& s) {
  json out = head(s, s.remote ? "remote-candidate" : "local-candidate");
  out["address"] = s.address;
  out["port"] = s.port;
  out["protocol"] = s.protocol;
  out["candidateType"] = s.candidate_type;
  out["priority"] = s.priority;
  out["foundation"] = s.foundation;
  set(out, "url", s.url);
  set(out, "relayProtocol", s.relay_protocol);
  if (!s.related_address.empty()) {
    out["relatedAddress"] = s.related_address;
    out["relatedPort"] = s.related_port;
  }
  return out;
}
json write(const CandidatePairStatistics& s) {
  json out = head(s, "candidate-pair");
  out["localCandidateId"] = s.local_candidate_id;
  out["remoteCandidateId"] = s.remote_candidate_id;
  out["state"] = s.state;
  out["nominated"] = s.nominated;
  if (s.current_round_trip_time) out["currentRoundTripTime"] = seconds(*s.current_round_trip_time);
  out["requestsReceived"] = s.requests_received;
  out["requestsSent"] = s.requests_sent;
  out["responsesReceived"] = s.responses_received;
  out["responsesSent"] = s.responses_sent;
  out["consentRequestsSent"] = s.consent_requests_sent;
  return out;
}
json write(const CertificateStats& s) {
  json out = head(s, "certificate");
  out["fingerprint"] = s.fingerprint;
  out["fingerprintAlgorithm"] = s.fingerprint_algorithm;
  set(out, "base64Certificate", s.base64_certificate);
  return out;
}
json write(const CodecStats& s) {
  json out = head(s, "codec");
  out["payloadType"] = s.payload_type;
  out["mimeType"] = s.mime_type;
  out["clockRate"] = s.clock_rate;
  if (s.mime_type.starts_with("audio")) out["channels"] = s.channels;
  set(out, "sdpFmtpLine", s.sdp_fmtp_line);
  return out;
}
json write(const InboundRtpStats& s) {
  json out = stream(s, "inbound-rtp");
  out["trackIdentifier"] = s.track_identifier;
  out["retransmittedPacketsReceived"] = s.retransmitted_packets_received;
  if (s.kind != "video") return out;
  out["framesReceived"] = s.frames_received;
  out["keyFramesDecoded"] = s.key_frames_received;
  out["framesDropped"] = s.frames_dropped;
  return out;
}
json write(const OutboundRtpStats& s) {
  json out = stream(s, "outbound-rtp");
  set(out, "rid", s.rid);
  out["retransmittedPacketsSent"] = s.retransmitted_packets_sent;
  set(out, "rtxSsrc", s.rtx_ssrc);
  if (s.kind != "video") return out;
  out["framesSent"] = s.frames_sent;
  out["keyFramesEncoded"] = s.key_frames_sent;
  out["firCount"] = s.fir_count;
  return out;
}
json write(const RemoteInboundRtpStats& s) {
  json out = stream(s, "remote-inbound-rtp");
  out["fractionLost"] = s.fraction_lost;
  if (s.round_trip_time) out["roundTripTime"] = seconds(*s.round_trip_time);
  out["roundTripTimeMeasurements"] = s.round_trip_time_measurements;
  return out;
}
json write(const RemoteOutboundRtpStats& s) {
  json out = stream(s, "remote-outbound-rtp");
  out["reportsSent"] = s.reports_sent;
  return out;
}
json write(const DataChannelStats& s) {
  json out = head(s, "data-channel");
  out["label"] = s.label;
  out["protocol"] = s.protocol;
  set(out, "dataChannelIdentifier", s.data_channel_identifier);
  out["state"] = s.state;
  return out;
}

}  // namespace

std::string PeerStats::to_json() const {
  json out = json::object();
  for (const PeerStatsEntry& entry : entries)
    std::visit([&](const auto& stats) { out[stats.id] = write(stats); }, entry);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace sluice
