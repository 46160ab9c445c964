// Streams in getStats(): inbound-rtp, outbound-rtp, their remote-… and codecs.
#include "negotiate/jsep_remote.h"
#include "peer/stats_writer.h"

namespace sluice::peer {
namespace {

std::string kind_name(MediaKind kind) {
  return kind == MediaKind::kAudio ? "audio" : "video";
}

std::string codec_id(std::string_view direction, const RtpCodecParameters& codec) {
  return "C" + std::string(direction) + std::to_string(codec.payload_type);
}

/// Once for all streams that have it.
void add_codec(std::string_view direction, const RtpCodecParameters& codec, StatsWriter& writer) {
  if (writer.has(codec_id(direction, codec))) return;
  CodecStats stats;
  stats.payload_type = codec.payload_type;
  stats.transport_id = kTransportId;
  stats.mime_type = codec.mime_type;
  stats.clock_rate = codec.clock_rate;
  stats.channels = codec.channels;
  stats.sdp_fmtp_line = negotiate::jsep::write_fmtp(codec.parameters);
  writer.add(codec_id(direction, codec), stats);
}

void add_outgoing(const Media::Track& track, const OutgoingStream& stream, StatsWriter& writer) {
  add_codec("O", stream.codec(), writer);
  const std::string suffix = kind_name(track.kind) + std::to_string(stream.ssrc().value);
  OutboundRtpStats out;
  out.ssrc = stream.ssrc().value;
  out.kind = kind_name(track.kind);
  out.transport_id = kTransportId;
  out.codec_id = codec_id("O", stream.codec());
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

void add_incoming(const Media::Track& track, const Line& line, Instant now, StatsWriter& writer) {
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

}  // namespace

void add_streams(const Media::Track& track, const Line& line, Instant now, StatsWriter& writer) {
  for (const auto& stream : track.outgoing) add_outgoing(track, *stream, writer);
  if (!track.incoming) return;
  for (const auto& codec : track.incoming->parameters().codecs)
    if (codec.payload_type == track.incoming->payload_type()) add_codec("I", codec, writer);
  add_incoming(track, line, now, writer);
}

}  // namespace sluice::peer
