#include "sfu/layer_selector.h"

namespace sluice::sfu {
namespace {

using codec::has_layers;
using codec::LayerMask;
using codec::Layers;

/// The spatial layers that have any bit in `mask`, whole.
LayerMask rows_of(LayerMask mask) {
  LayerMask rows = 0;
  for (std::uint8_t spatial = 0; spatial < codec::kMaxSpatialLayers; ++spatial) {
    const LayerMask row = codec::temporal_from(spatial, 0);
    if ((mask & row) != 0) rows |= row;
  }
  return rows;
}

/// The most of `possible` within `limit`: spatial layers before temporal ones.
std::optional<Layers> best_within(LayerMask possible, Layers limit) {
  for (int spatial = limit.spatial; spatial >= 0; --spatial) {
    for (int temporal = limit.temporal; temporal >= 0; --temporal) {
      const Layers layers{static_cast<std::uint8_t>(spatial), static_cast<std::uint8_t>(temporal)};
      if (has_layers(possible, layers)) return layers;
    }
  }
  return std::nullopt;
}

}  // namespace

bool LayerSelector::needs_key_frame() const {
  if (starts_anywhere_) return false;
  if (!following_ || current_.stream != target_.stream) return true;
  if (target_.layers.spatial == current_.layers.spatial) return false;
  return !best_within(intact_, target_.layers) ||
         best_within(intact_, target_.layers)->spatial != target_.layers.spatial;
}

bool LayerSelector::can_start(const StoredPacket& packet) const {
  // A smaller stream than wanted does for the start; a larger one may not fit the viewer's link.
  if (following_ ? packet.stream != target_.stream : packet.stream > target_.stream) return false;
  return starts_anywhere_ || packet.facts.is_key_frame;
}

void LayerSelector::start(const StoredPacket& packet) {
  following_ = true;
  tag_ = packet.tag;
  current_ = {packet.stream, target_.layers};
  picture_ = packet.view.timestamp();
  intact_ = starts_anywhere_ ? codec::kAllLayers : packet.facts.switches;
  choose(intact_);
}

void LayerSelector::choose(LayerMask possible) {
  if (const auto best = best_within(possible, target_.layers)) {
    current_.layers = *best;
  } else if (!has_layers(possible, current_.layers)) {
    // Nothing as small as wanted: the smallest there is.
    for (std::uint8_t bit = 0; bit < 16; ++bit) {
      if ((possible >> bit & 1) == 0) continue;
      current_.layers = {static_cast<std::uint8_t>(bit / codec::kMaxTemporalLayers),
                         static_cast<std::uint8_t>(bit % codec::kMaxTemporalLayers)};
      break;
    }
  }
}

LayerSelector::Verdict LayerSelector::judge(const StoredPacket& packet) {
  const bool followed = following_ && packet.tag == tag_;
  if (!followed) {
    if (!can_start(packet)) {
      if (!packet.newest) return Verdict::kLate;
      return following_ ? Verdict::kOther : Verdict::kAwaitStart;
    }
    start(packet);
    return has_layers(packet.facts.layers, current_.layers) ? Verdict::kStart : Verdict::kAwaitStart;
  }
  const codec::FrameFacts& facts = packet.facts;
  if (!packet.newest) return Verdict::kLate;

  const bool new_picture = packet.view.timestamp() != picture_;
  picture_ = packet.view.timestamp();
  LayerMask possible = intact_;
  if (facts.is_frame_start) {
    // One can go over with a frame that one can decode: by itself, from the base layer, or with what one has
    // had. Without a key frame only among the temporal layers of a picture size that one has had.
    if (facts.is_key_frame) {
      possible |= facts.switches;
    } else if (facts.is_layer_sync || (facts.layers & intact_) != 0) {
      possible = static_cast<LayerMask>(possible | (facts.switches & rows_of(intact_)));
    }
    // Within a picture only a key frame is a place to change: its end has to be marked.
    if (new_picture || facts.is_key_frame) choose(possible);
  }
  if (has_layers(facts.layers, current_.layers)) {
    intact_ = possible;
    return Verdict::kForward;
  }
  intact_ = static_cast<LayerMask>(intact_ & ~facts.layers);
  return Verdict::kLeaveOut;
}

}  // namespace sluice::sfu
