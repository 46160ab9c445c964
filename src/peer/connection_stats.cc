// getStats() (W3C webrtc-stats): what the parts count, under W3C's names.
#include "negotiate/jsep_remote.h"
#include "peer/connection.h"

namespace sluice::peer {
namespace {

constexpr const char* kTransportId = "T01";
constexpr const char* kLocalCertificateId = "CF-local";
constexpr const char* kRemoteCertificateId = "CF-remote";

std::string candidate_id(const IceCandidate& c, bool remote) {
  return (remote ? "R-" : "L-") + std::string(to_string(c.type)) + '-' + std::string(to_string(c.protocol)) +
         '-' + c.address + ':' + std::to_string(c.port);
}

std::string pair_id(const IceCandidate& local, const IceCandidate& remote) {
  return "CP-" + candidate_id(local, false) + '-' + candidate_id(remote, true);
}

std::string kind_name(MediaKind kind) {
  return kind == MediaKind::kAudio ? "audio" : "video";
}

std::string_view dtls_state(const dtls::Session* dtls) {
  if (dtls == nullptr) return "new";
  constexpr std::string_view kNames[] = {"new", "connecting", "connected", "failed", "closed"};
  return kNames[static_cast<std::size_t>(dtls->state())];
}

/// The report as it is written: entries with one time.
class Writer {
 public:
  Writer(PeerStats& out, std::int64_t timestamp) : out_(out), timestamp_(timestamp) {}
  template <typename Stats>
  void add(std::string id, Stats stats) {
    stats.id = std::move(id);
    stats.timestamp = timestamp_;
    out_.entries.emplace_back(std::move(stats));
  }

 private:
  PeerStats& out_;
  std::int64_t timestamp_;
};

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

void add_ice(const ice::FullAgent& agent, Writer& writer) {
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

std::string codec_id(std::string_view direction, const RtpCodecParameters& codec) {
  return "C" + std::string(direction) + std::to_string(codec.payload_type);
}

void add_codec(std::string_view direction, const RtpCodecParameters& codec, Writer& writer) {
  CodecStats stats;
  stats.payload_type = codec.payload_type;
  stats.transport_id = kTransportId;
  stats.mime_type = codec.mime_type;
  stats.clock_rate = codec.clock_rate;
  stats.channels = codec.channels;
  stats.sdp_fmtp_line = negotiate::jsep::write_fmtp(codec.parameters);
  writer.add(codec_id(direction, codec), stats);
}

void add_outgoing(const Media::Track& track, const OutgoingStream& stream, const RtpCodecParameters& codec,
                  Writer& writer) {
  const std::string suffix = kind_name(track.kind) + std::to_string(stream.ssrc().value);
  OutboundRtpStats out;
  out.ssrc = stream.ssrc().value;
  out.kind = kind_name(track.kind);
  out.transport_id = kTransportId;
  out.codec_id = codec_id("O", codec);
  out.mid = track.mid;
  out.rid = stream.rid();
  out.packets_sent = stream.counters().packets;
  out.bytes_sent = stream.counters().bytes;
  out.retransmitted_packets_sent = stream.counters().retransmitted;
  if (const auto* frames = stream.frames()) {
    out.frames_sent = frames->counters().frames;
    out.key_frames_sent = frames->counters().key_frames;
  }
  out.nack_count = stream.counters().nacks;
  out.pli_count = stream.counters().plis;
  out.fir_count = stream.counters().firs;
  if (stream.rtx_ssrc()) out.rtx_ssrc = stream.rtx_ssrc()->value;
  if (stream.last_report()) out.remote_id = "RI-" + suffix;
  writer.add("O-" + suffix, out);
  if (!stream.last_report()) return;
  const auto& report = *stream.last_report();
  RemoteInboundRtpStats remote;
  remote.ssrc = out.ssrc;
  remote.kind = out.kind;
  remote.transport_id = kTransportId;
  remote.codec_id = out.codec_id;
  remote.local_id = "O-" + suffix;
  remote.packets_lost = report.cumulative_lost;
  remote.fraction_lost = report.fraction_lost / 256.0;
  remote.jitter = Duration(static_cast<std::int64_t>(report.jitter * 1e6 / stream.clock_rate()));
  remote.round_trip_time = stream.round_trip_time();
  remote.total_round_trip_time = stream.total_round_trip_time();
  remote.round_trip_time_measurements = stream.round_trip_times();
  writer.add("RI-" + suffix, remote);
}

void add_incoming(const Media::Track& track, const Line& line, Instant now, Writer& writer) {
  const IncomingStream& stream = *track.incoming;
  if (!stream.ssrc() || !stream.statistics().started()) return;
  const std::string suffix = kind_name(track.kind) + std::to_string(stream.ssrc()->value);
  InboundRtpStats in;
  in.ssrc = stream.ssrc()->value;
  in.kind = kind_name(track.kind);
  in.transport_id = kTransportId;
  for (const auto& codec : stream.parameters().codecs)
    if (codec.payload_type == stream.payload_type()) in.codec_id = codec_id("I", codec);
  in.track_identifier = line.remote_track_id;
  in.mid = track.mid;
  in.packets_received = stream.counters().packets;
  in.bytes_received = stream.counters().bytes;
  in.packets_lost = stream.statistics().peek(now).cumulative_lost;
  in.jitter = stream.statistics().jitter();
  if (const auto* frames = stream.frames()) {
    in.frames_received = frames->counters().frames;
    in.key_frames_received = frames->counters().key_frames;
    in.frames_dropped = frames->counters().incomplete + frames->counters().skipped +
                        frames->counters().malformed + frames->counters().overflowed;
  }
  in.nack_count = stream.counters().nacks;
  in.pli_count = stream.counters().plis;
  in.retransmitted_packets_received = stream.counters().retransmissions;
  const auto& report = stream.remote_report();
  if (report.reports > 0) in.remote_id = "RO-" + suffix;
  writer.add("I-" + suffix, in);
  if (report.reports == 0) return;
  RemoteOutboundRtpStats remote;
  remote.ssrc = in.ssrc;
  remote.kind = in.kind;
  remote.transport_id = kTransportId;
  remote.codec_id = in.codec_id;
  remote.local_id = "I-" + suffix;
  remote.packets_sent = report.packets;
  remote.bytes_sent = report.octets;
  remote.reports_sent = report.reports;
  writer.add("RO-" + suffix, remote);
}

void add_transport(const Transport& transport, const Negotiator& negotiator, IceState ice_state,
                   Writer& writer) {
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

void add_certificate(const char* id, const DtlsFingerprint& fingerprint, std::string pem, Writer& writer) {
  CertificateStats out;
  out.fingerprint = fingerprint.value;
  out.fingerprint_algorithm = fingerprint.algorithm;
  out.base64_certificate = std::move(pem);
  writer.add(id, out);
}

void add_streams(const Media::Track& track, const Line& line, Instant now, Writer& writer) {
  if (line.send && !line.send->codecs.empty()) {
    add_codec("O", line.send->codecs.front(), writer);
    for (const auto& stream : track.outgoing) add_outgoing(track, *stream, line.send->codecs.front(), writer);
  }
  if (!track.incoming) return;
  for (const auto& codec : track.incoming->parameters().codecs)
    if (codec.payload_type == track.incoming->payload_type()) add_codec("I", codec, writer);
  add_incoming(track, line, now, writer);
}

void add_channel(const Data& data, std::uint64_t number, const Data::Channel& channel, Writer& writer) {
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
  Writer writer(out, wall_clock_.unix_micros + (now - wall_clock_.at).count());
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
