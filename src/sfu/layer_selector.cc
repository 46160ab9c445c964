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
  if (packet.facts.layers == 0) return false;  // padding, which a sender may begin with: needed by nobody
  // A smaller stream than wanted does for the start; a larger one may not fit the viewer's link.
  if (following_ ? packet.stream != target_.stream : packet.stream > target_.stream) return false;
  // Before a pause, this or what comes after it has been forwarded already.
  if (!packet.newest && packet.tag == tag_ && packet.view.timestamp().minus(picture_) <= 0) return false;
  return starts_anywhere_ || packet.facts.is_key_frame;
}

void LayerSelector::start(const StoredPacket& packet) {
  following_ = true;
  tag_ = packet.tag;
  current_ = {packet.stream, target_.layers};
  picture_ = packet.view.timestamp();
  intact_ = starts_anywhere_ ? codec::kAllLayers : packet.facts.switches;
  lack_count_ = 0;
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

void LayerSelector::lack(LayerMask choices) {
  intact_ = static_cast<LayerMask>(intact_ & ~choices);
  if (lack_count_ != 0 && lacks_[(lack_count_ - 1) % kLacks].picture == picture_) {
    LayerMask& known = lacks_[(lack_count_ - 1) % kLacks].choices;
    known = static_cast<LayerMask>(known | choices);
  } else {
    lacks_[lack_count_++ % kLacks] = {picture_, choices};
  }
}

/// A key frame of the stream that is followed, behind what has been judged already: it begins those choices
/// of which nothing was left out since.
void LayerSelector::begin_late(const StoredPacket& key_frame) {
  LayerMask begun = key_frame.facts.switches;
  std::uint32_t i = lack_count_;
  while (i-- > 0 && lack_count_ - i <= kLacks) {
    const Lack& lack = lacks_[i % kLacks];
    if (lack.picture.minus(key_frame.view.timestamp()) < 0) break;
    if (lack_count_ - i == kLacks) return;  // more than is remembered
    begun = static_cast<LayerMask>(begun & ~lack.choices);
  }
  intact_ = static_cast<LayerMask>(intact_ | begun);
}

LayerSelector::Verdict LayerSelector::judge(const StoredPacket& packet, const LayerPattern& pattern) {
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
  if (!packet.newest) {
    if (facts.is_key_frame) begin_late(packet);
    return Verdict::kLate;
  }

  const bool new_picture = packet.view.timestamp() != picture_;
  picture_ = packet.view.timestamp();
  // What is missing is judged by its picture, once it comes: it brings nothing to those who need frames that
  // are not for the layers chosen now, nor for those chosen from this picture on.
  if (packet.span.after_gap) lack(pattern.lacking(current_.layers));
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
    if (new_picture || facts.is_key_frame) {
      const Layers before = current_.layers;
      choose(possible);
      if (packet.span.after_gap && current_.layers != before) {
        const LayerMask lacking = pattern.lacking(current_.layers);
        lack(lacking);
        possible = static_cast<LayerMask>(possible & ~lacking);
      }
    } else if (has_layers(facts.layers, current_.layers)) {
      // Or to go up to more temporal layers: those who have them get the same frames of this picture.
      const auto [spatial, temporal] = current_.layers;
      const auto up = static_cast<LayerMask>(possible & codec::temporal_from(spatial, temporal));
      if (has_layers(up, current_.layers)) choose(up);
    }
  }
  if (has_layers(facts.layers, current_.layers)) {
    intact_ = possible;
    return Verdict::kForward;
  }
  lack(facts.layers);
  return Verdict::kLeaveOut;
}

}  // namespace sluice::sfu
