// The layers of a consumer: what is wanted, what the bitrate and the producer allow, and what is told of it.
#include <algorithm>

#include "sfu/consumer.h"
#include "sfu/media_session.h"

namespace sluice::sfu {
namespace {

constexpr codec::Layers kHighest{codec::kMaxSpatialLayers - 1, codec::kMaxTemporalLayers - 1};

}  // namespace

std::optional<ConsumerLayers> Consumer::set_preferred_layers(const ConsumerLayers& layers, Instant now) {
  if (!producer_->has_layers()) return std::nullopt;
  options_.preferred_layers = layers;
  select_layers(now);
  return preferred_layers();
}

std::optional<ConsumerLayers> Consumer::preferred_layers() const {
  if (!producer_->has_layers()) return std::nullopt;
  const ConsumerLayers wanted = options_.preferred_layers.value_or(ConsumerLayers{0xFF, std::nullopt});
  const auto highest = producer_->highest_layers();
  return ConsumerLayers{std::min(wanted.spatial, highest.spatial),
                        std::min(wanted.temporal.value_or(0xFF), highest.temporal)};
}

std::optional<ConsumerLayers> Consumer::current_layers() const {
  const auto current = selector_.current();
  if (!producer_->has_layers() || !current) return std::nullopt;
  return producer_->name_of(*current);
}

void Consumer::set_priority(std::uint8_t priority, Instant now) {
  priority_ = priority;
  session_->allocate_bitrate(now);
}

void Consumer::set_target_bitrate(std::optional<std::uint32_t> bitrate, Instant now) {
  if (bitrate == target_bitrate_) return;
  target_bitrate_ = bitrate;
  // Repairs may take a quarter on top of what the layers were chosen by.
  budget_.set_available_bitrate(bitrate ? std::optional(*bitrate + *bitrate / 4) : std::nullopt, now);
  select_layers(now);
}

void Consumer::select_layers(Instant now) {
  if (!active_) return;
  const LayerSelector::Choice before = selector_.target();
  selector_.set_target(best_layers(now));
  if (selector_.target() == before) return;
  waiting_since_ = now;
  request_wanted_key_frame(now);
}

void Consumer::request_wanted_key_frame(Instant now) {
  if (!selector_.needs_key_frame()) return;
  producer_->request_key_frame(selector_.target().stream, now);
}

LayerSelector::Choice Consumer::best_layers(Instant now) const {
  const auto& wanted = options_.preferred_layers;
  codec::Layers limit = kHighest;
  if (wanted && wanted->temporal) limit.temporal = std::min(limit.temporal, *wanted->temporal);
  const std::size_t streams = producer_->streams().size();
  if (streams == 1) {
    if (wanted && producer_->has_layers()) limit.spatial = std::min(limit.spatial, wanted->spatial);
    return best_within(0, limit, now);
  }
  // Simulcast: the largest stream that is wanted, lives and fits; the smallest living one rather than none.
  const std::size_t top = std::min<std::size_t>(wanted ? wanted->spatial : streams - 1, streams - 1);
  std::optional<std::size_t> smallest;
  for (std::size_t i = top + 1; i-- > 0;) {
    if (!producer_->stream(i).liveness.alive()) continue;
    smallest = i;
    if (!target_bitrate_ || producer_->stream(i).bitrate({0, 0}, now) <= *target_bitrate_) break;
  }
  for (std::size_t i = top + 1; !smallest && i < streams; ++i) {
    if (producer_->stream(i).liveness.alive()) smallest = i;
  }
  return best_within(static_cast<std::uint8_t>(smallest.value_or(top)), limit, now);
}

std::vector<std::uint32_t> Consumer::bitrate_steps(Instant now) const {
  std::vector<std::uint32_t> steps;
  const auto& wanted = options_.preferred_layers;
  for (const auto& stream : producer_->streams()) {
    if (!stream->liveness.alive()) continue;
    const bool one_of_many = producer_->streams().size() > 1;
    if (one_of_many && wanted && stream->index > wanted->spatial && !steps.empty()) break;
    for (std::uint8_t s = 0; s <= stream->highest.spatial; ++s) {
      if (!one_of_many && wanted && s > wanted->spatial) break;
      for (std::uint8_t t = 0; t <= stream->highest.temporal; ++t) {
        if (wanted && wanted->temporal && t > *wanted->temporal) break;
        // A larger picture at a lower rate costs less than what stands before it: no step of its own.
        const std::uint32_t bitrate = stream->bitrate({s, t}, now);
        if (steps.empty() || bitrate > steps.back()) steps.push_back(bitrate);
      }
    }
  }
  return steps;
}

/// Of one stream, the highest layers within `limit` that fit the target bitrate; the lowest rather than none.
LayerSelector::Choice Consumer::best_within(std::uint8_t stream, codec::Layers limit, Instant now) const {
  if (!target_bitrate_) return {stream, limit};
  const ProducerStream& from = producer_->stream(stream);
  const codec::Layers top{std::min(limit.spatial, from.highest.spatial),
                          std::min(limit.temporal, from.highest.temporal)};
  for (int spatial = top.spatial; spatial >= 0; --spatial) {
    for (int temporal = top.temporal; temporal >= 0; --temporal) {
      const codec::Layers layers{static_cast<std::uint8_t>(spatial), static_cast<std::uint8_t>(temporal)};
      if (from.bitrate(layers, now) > *target_bitrate_) continue;
      // The highest that has been seen stands for whatever may come above it.
      return {stream,
              {spatial == top.spatial ? limit.spatial : layers.spatial,
               temporal == top.temporal ? limit.temporal : layers.temporal}};
    }
  }
  return {stream, {0, 0}};
}

/// Tells the controller when other layers are forwarded than before.
void Consumer::note_layers() {
  const auto current = selector_.current();
  if (current.has_value() == told_any_ && (!current || *current == told_)) return;
  told_any_ = current.has_value();
  if (current) told_ = *current;
  if (!producer_->has_layers()) return;
  session_->tell(LayersChange{id(), current_layers()});
}

Explanation Consumer::explain(Instant now) const {
  Explanation out;
  out.type = type();
  out.forwarding = active_ && selector_.current().has_value();
  out.paused_by_consumer = options_.paused;
  out.paused_by_producer = producer_->paused();
  out.held_by_negotiation = held_;
  out.transport_ready = sender_->ready();
  out.priority = priority_;
  out.available_bitrate = session_->available_bitrate();
  if (active_ && selector_.needs_key_frame() && video_) {
    const ProducerStream& stream = producer_->stream(selector_.target().stream);
    out.waiting_for_key_frame = Explanation::KeyFrameWait{
        now - waiting_since_, static_cast<std::uint32_t>(stream.pli_count + stream.fir_count),
        selector_.current() ? "to go over to the target layers" : "to begin with"};
  }
  if (producer_->has_layers()) explain_layers(out, now);
  for (const auto& stream : producer_->streams()) {
    Explanation::Stream entry;
    entry.spatial_layer = stream->index;
    entry.ssrc = stream->ssrc ? stream->ssrc->value : 0;
    entry.rid = stream->rid;
    entry.score = stream->score.value();
    entry.active = !video_ || stream->liveness.alive();
    for (std::uint8_t t = 0; t <= stream->highest.temporal; ++t)
      entry.bitrates.push_back(stream->bitrate({stream->highest.spatial, t}, now));
    out.streams.push_back(std::move(entry));
  }
  for (std::size_t i = 0; i < kLeftOutReasons; ++i) {
    if (left_out_[i] != 0) out.dropped.push_back({name_of(static_cast<LeftOut>(i)), left_out_[i]});
  }
  return out;
}

void Consumer::explain_layers(Explanation& out, Instant now) const {
  const auto& target = selector_.target();
  const auto& wanted = options_.preferred_layers;
  out.preferred =
      Explanation::Choice{preferred_layers(), wanted ? "asked for" : "nothing asked for: the highest"};
  const ConsumerLayers aimed = producer_->name_of(target);
  out.target_bitrate = producer_->stream(target.stream).bitrate(target.layers, now);
  std::string_view why = "what is preferred";
  if (aimed.spatial > out.preferred->layers->spatial) {
    why = "no smaller stream comes in";
  } else if (aimed != *out.preferred->layers) {
    why = target_bitrate_ ? "the most that fits the bitrate" : "the most that comes in";
  }
  out.target = Explanation::Choice{aimed, why};
  const auto current = selector_.current();
  std::string_view now_why = "the target";
  if (!active_) {
    now_why = "nothing is forwarded: paused, or the transport cannot send";
  } else if (!current) {
    now_why = "nothing is forwarded before a key frame";
  } else if (producer_->name_of(*current) != aimed) {
    now_why =
        selector_.needs_key_frame() ? "the target needs a key frame" : "the target needs a switch point";
  }
  out.current = Explanation::Choice{current_layers(), now_why};
}

}  // namespace sluice::sfu
