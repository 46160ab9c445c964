// getStats() (W3C webrtc-stats): what the parts count, under W3C's names.
#include "peer/connection.h"
#include "peer/stats_writer.h"

namespace sluice::peer {
namespace {

constexpr const char* kLocalCertificateId = "CF-local";
constexpr const char* kRemoteCertificateId = "CF-remote";

std::string candidate_id(const IceCandidate& c, bool remote) {
  return (remote ? "R-" : "L-") + std::string(to_string(c.type)) + '-' + std::string(to_string(c.protocol)) +
         '-' + c.address + ':' + std::to_string(c.port);
}

std::string pair_id(const IceCandidate& local, const IceCandidate& remote) {
  return "CP-" + candidate_id(local, false) + '-' + candidate_id(remote, true);
}

std::string_view dtls_state(const dtls::Session* dtls) {
  if (dtls == nullptr) return "new";
  constexpr std::string_view kNames[] = {"new", "connecting", "connected", "failed", "closed"};
  return kNames[static_cast<std::size_t>(dtls->state())];
}

CandidateStats candidate_stats(const IceCandidate& c, bool remote) {
  CandidateStats out;
  out.remote = remote;
  out.transport_id = kTransportId;
  out.address = c.address;
  out.port = c.port;
  out.protocol = to_string(c.protocol);
  out.candidate_type = to_string(c.type);
  out.priority = c.priority;
  out.foundation = c.foundation;
  return out;
}

void add_ice(const ice::FullAgent& agent, StatsWriter& writer) {
  for (const auto& c : agent.local_candidates()) {
    CandidateStats stats = candidate_stats(c.ice, false);
    stats.url = c.url;
    stats.related_address = c.related_address;
    stats.related_port = c.related_port;
    if (c.relay_protocol) stats.relay_protocol = to_string(*c.relay_protocol);
    writer.add(candidate_id(c.ice, false), stats);
  }
  for (const auto& c : agent.remote_candidates()) writer.add(candidate_id(c, true), candidate_stats(c, true));
  for (const auto& p : agent.pair_stats()) {
    CandidatePairStatistics stats;
    stats.transport_id = kTransportId;
    stats.local_candidate_id = candidate_id(p.local, false);
    stats.remote_candidate_id = candidate_id(p.remote, true);
    stats.state = to_string(p.state);
    stats.nominated = p.nominated;
    stats.packets_sent = p.packets_sent;
    stats.packets_received = p.packets_received;
    stats.bytes_sent = p.bytes_sent;
    stats.bytes_received = p.bytes_received;
    stats.total_round_trip_time = p.total_round_trip_time;
    stats.current_round_trip_time = p.current_round_trip_time;
    stats.requests_received = p.requests_received;
    stats.requests_sent = p.requests_sent;
    stats.responses_received = p.responses_received;
    stats.responses_sent = p.responses_sent;
    stats.consent_requests_sent = p.consent_requests_sent;
    writer.add(pair_id(p.local, p.remote), stats);
  }
}

void add_transport(const Transport& transport, const Negotiator& negotiator, IceState ice_state,
                   StatsWriter& writer) {
  const ice::FullAgent& agent = transport.ice();
  const dtls::Session* dtls = transport.dtls();
  TransportStatistics out;
  out.packets_sent = transport.counts().packets_sent;
  out.packets_received = transport.counts().packets_received;
  out.bytes_sent = transport.counts().bytes_sent;
  out.bytes_received = transport.counts().bytes_received;
  out.ice_role = !negotiator.described() ? "unknown" : agent.controlling() ? "controlling" : "controlled";
  out.ice_local_username_fragment = agent.local().ufrag;
  out.ice_state = to_string(ice_state);
  out.dtls_state = dtls_state(dtls);
  out.dtls_role = dtls == nullptr ? "unknown" : dtls->role() == dtls::Role::kClient ? "client" : "server";
  out.local_certificate_id = kLocalCertificateId;
  if (!negotiator.agreement().remote_fingerprints.empty()) out.remote_certificate_id = kRemoteCertificateId;
  out.selected_candidate_pair_changes = transport.counts().selected_pair_changes;
  if (transport.suite()) out.srtp_cipher = to_string(*transport.suite());
  if (const auto pair = agent.selected_pair())
    out.selected_candidate_pair_id = pair_id(pair->local.ice, pair->remote);
  writer.add(kTransportId, out);
}

/// W3C webrtc-stats §7.15: the DER in base64, which is PEM without its frame; of a chain the leaf.
std::string base64_of(std::string_view pem) {
  const auto begin = pem.find('\n');
  const auto end = pem.find("-----END");
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  std::string out(pem.substr(begin, end - begin));
  std::erase(out, '\n');
  return out;
}

void add_certificate(const char* id, const DtlsFingerprint& fingerprint, std::string_view pem,
                     StatsWriter& writer) {
  CertificateStats out;
  out.fingerprint = fingerprint.value;
  out.fingerprint_algorithm = fingerprint.algorithm;
  out.base64_certificate = base64_of(pem);
  writer.add(id, out);
}

void add_channel(const Data& data, std::uint64_t number, const Data::Channel& channel, StatsWriter& writer) {
  DataChannelStats out;
  out.label = channel.label;
  out.protocol = channel.protocol;
  out.data_channel_identifier = data.stream_id(number);
  out.state = to_string(channel.state);
  out.messages_sent = channel.messages_sent;
  out.bytes_sent = channel.bytes_sent;
  out.messages_received = channel.messages_received;
  out.bytes_received = channel.bytes_received;
  writer.add("D" + std::to_string(number), out);
}

}  // namespace

PeerStats Connection::stats(Instant now) const {
  PeerStats out;
  StatsWriter writer(out, wall_clock_.unix_micros + (now - wall_clock_.at).count());
  PeerConnectionStats connection;
  connection.data_channels_opened = data_.opened();
  connection.data_channels_closed = data_.closed();
  writer.add("P", connection);
  add_transport(transport_, negotiator_, ice_state_, writer);
  add_certificate(kLocalCertificateId, certificate_.fingerprint(), certificate_.pem(), writer);
  const Agreement& agreement = negotiator_.agreement();
  if (!agreement.remote_fingerprints.empty())
    add_certificate(kRemoteCertificateId, agreement.remote_fingerprints.front(),
                    transport_.dtls() != nullptr ? transport_.dtls()->remote_certificate_pem() : "", writer);
  add_ice(transport_.ice(), writer);
  for (const auto& track : media_.tracks())
    if (const Line* line = agreement.line_of(track->id)) add_streams(*track, *line, now, writer);
  for (const auto& [number, channel] : data_.channels()) add_channel(data_, number, channel, writer);
  return out;
}

}  // namespace sluice::peer
