// What a producer's packets tell beside their media: its layers and whether they live, the camera's
// orientation, traces.
#include "sfu/media_session.h"
#include "sfu/producer.h"
#include "sfu/trace.h"

namespace sluice::sfu {

/// Offer and answer do not tell scalability modes: spatial layers in one stream show when they come.
std::string_view Producer::type() const {
  if (sends_spatial_layers_) return "svc";
  return streams_.size() > 1 ? std::string_view("simulcast") : std::string_view(options_.type);
}

bool Producer::has_layers() const {
  return options_.kind == MediaKind::kVideo && (type() != "simple" || streams_.front()->highest.temporal > 0);
}

std::vector<ProducerScoreChange::Stream> Producer::scores() const {
  std::vector<ProducerScoreChange::Stream> out;
  for (const auto& stream : streams_)
    out.push_back(
        {stream->index, stream->ssrc ? stream->ssrc->value : 0, stream->rid, stream->score.value()});
  return out;
}

void Producer::update_scores(Instant now) {
  bool changed = false;
  for (auto& stream : streams_) {
    const ProducerStream::Scored before = stream->scored;
    stream->scored = {stream->media.packets(), stream->media.peek(now).cumulative_lost,
                      stream->nack.recovered()};
    const ProducerStream::Scored& after = stream->scored;
    const std::uint64_t packets = after.packets - before.packets;
    if (packets == 0 || stream->ended) {
      changed = stream->score.on_silence() || changed;
      continue;
    }
    // Late packets count as lost first, and are taken back.
    const auto lost = static_cast<std::uint64_t>(std::max<std::int64_t>(after.lost - before.lost, 0));
    changed = stream->score.update({packets + lost, lost, after.repaired - before.repaired, 0}) || changed;
  }
  if (!changed) return;
  session->tell(ProducerScoreChange{id(), scores()});
  for (Consumer* consumer : consumers) consumer->tell_score();
}

ConsumerLayers Producer::name_of(const LayerSelector::Choice& choice) {
  const codec::Layers highest = stream(choice.stream).highest;
  return {streams_.size() > 1 ? choice.stream : std::min(choice.layers.spatial, highest.spatial),
          std::min(choice.layers.temporal, highest.temporal)};
}

codec::Layers Producer::highest_layers() const {
  codec::Layers highest;
  for (const auto& stream : streams_) {
    highest.spatial = std::max({highest.spatial, stream->highest.spatial, stream->declared.spatial});
    highest.temporal = std::max({highest.temporal, stream->highest.temporal, stream->declared.temporal});
  }
  if (streams_.size() > 1) highest.spatial = static_cast<std::uint8_t>(streams_.size() - 1);
  return highest;
}

void Producer::note_layers(ProducerStream& stream, RtpTimestamp picture, const codec::FrameFacts& facts,
                           std::size_t size, Instant now) {
  const std::uint8_t s = std::min<std::uint8_t>(facts.spatial_layer, codec::kMaxSpatialLayers - 1);
  const std::uint8_t t = std::min<std::uint8_t>(facts.temporal_layer, codec::kMaxTemporalLayers - 1);
  stream.layer_rates[s][t].add(size, now);
  stream.needed_by[s][t] = facts.layers;
  if (!facts.is_unread && !facts.is_guess) stream.pattern.note(picture, facts);
  const bool returned = !stream.liveness.alive();
  stream.liveness.on_packet(facts.is_frame_start, now);
  const bool more = s > stream.highest.spatial || t > stream.highest.temporal;
  if (more) {
    stream.highest.spatial = std::max(stream.highest.spatial, s);
    stream.highest.temporal = std::max(stream.highest.temporal, t);
    if (s > 0 && streams_.size() == 1) sends_spatial_layers_ = true;
  }
  if (more || returned) reselect(now);
  if (now >= next_liveness_check_) check_liveness(now);
}

void Producer::check_liveness(Instant now) {
  next_liveness_check_ = now + kLivenessInterval;
  bool gone = false;
  for (auto& stream : streams_) gone = stream->liveness.check(now) || gone;
  if (gone) reselect(now);
}

void Producer::reselect(Instant now) {
  for (Consumer* consumer : active) consumer->select_layers(now);
}

void Producer::begin_anew(ProducerStream& stream, Ssrc ssrc, Instant now) {
  for (Consumer* consumer : active) consumer->on_stream_begins_anew(stream.index, now);
  stream.begin_anew(ssrc);
  if (stream.tag != stream.index) return;
  for (Consumer* consumer : consumers) consumer->forget_numbers();
}

void Producer::note_orientation(const ExtensionValues& extensions) {
  const Bytes value = extensions[static_cast<std::size_t>(rtp::Extension::kVideoOrientation)];
  if (value.size() != 1 || value[0] == orientation_) return;
  const auto orientation = rtp::read_video_orientation(value);
  if (!orientation) return;
  orientation_ = value[0];
  session->tell(
      VideoOrientationChange{id(), orientation->back_camera, orientation->flip, orientation->rotation});
}

void Producer::trace_rtp(TraceType type, const StoredPacket& packet, Instant now) const {
  session->tell(TraceEvent{ObjectKind::kProducer, id(), type, to_trace_time(now), false, trace_info(packet)});
}

}  // namespace sluice::sfu
