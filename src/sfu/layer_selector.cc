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

bool LayerSelector::can_start(const StoredPacket& packet, const Rewriter& given) const {
  if (packet.facts.layers == 0) return false;  // padding, which a sender may begin with: needed by nobody
  // A smaller stream than wanted does for the start; a larger one may not fit the viewer's link.
  if (following_ ? packet.stream != target_.stream : packet.stream > target_.stream) return false;
  if (!starts_anywhere_ && !packet.facts.is_key_frame) return false;
  // What stands behind it has been forwarded already, before a pause or a change of stream.
  return packet.newest || !given.is_past(packet);
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

/// The choices that one can go over to with a frame: one has to be able to decode it, by itself, from the
/// base layer, or with what one has had. Without a key frame only among the temporal layers of a picture size
/// that one has had.
LayerMask LayerSelector::begun_by(const codec::FrameFacts& facts) const {
  if (facts.is_key_frame) return facts.switches;
  if (!facts.is_layer_sync && (facts.layers & intact_) == 0) return 0;
  return static_cast<LayerMask>(facts.switches & rows_of(intact_));
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

/// A frame of the stream that is followed, behind what has been judged already, has been forwarded: it begins
/// those choices of which nothing was left out since.
void LayerSelector::on_late_forwarded(const StoredPacket& packet) {
  if (!following_ || packet.tag != tag_) return;
  const codec::FrameFacts& facts = packet.facts;
  LayerMask begun = begun_by(facts);
  if (begun == 0) return;
  std::uint32_t i = lack_count_;
  while (i-- > 0 && lack_count_ - i <= kLacks) {
    const Lack& lack = lacks_[i % kLacks];
    if (lack.picture.minus(packet.view.timestamp()) < 0) break;
    if (lack_count_ - i == kLacks) return;  // more than is remembered
    begun = static_cast<LayerMask>(begun & ~lack.choices);
  }
  intact_ = static_cast<LayerMask>(intact_ | begun);
}

LayerSelector::Verdict LayerSelector::judge(const StoredPacket& packet, const LayerPattern* pattern,
                                            const Rewriter& given) {
  const bool followed = following_ && packet.tag == tag_;
  if (!followed) {
    if (!can_start(packet, given)) {
      if (!packet.newest) return Verdict::kLate;
      return following_ ? Verdict::kOther : Verdict::kAwaitStart;
    }
    start(packet);
    return has_layers(packet.facts.layers, current_.layers) ? Verdict::kStart : Verdict::kAwaitStart;
  }
  if (!packet.newest) return Verdict::kLate;
  const codec::FrameFacts& facts = packet.facts;
  // Padding is of no picture, whatever its timestamp; what is missing before it counts with the next packet.
  if (facts.layers == 0 && !facts.is_unread) return Verdict::kLeaveOut;
  const bool new_picture = packet.view.timestamp() != picture_;
  picture_ = packet.view.timestamp();
  // What is missing is judged by its picture, once it comes: it brings nothing to those who need frames that
  // are not for the layers chosen for that, be it an earlier one or this.
  const bool within = packet.span.gap_is_within_picture;
  const auto lacking = [&] {
    return pattern->lacking(current_.layers, within ? std::optional(facts.temporal_layer) : std::nullopt);
  };
  if (packet.span.after_gap && !(within && new_picture)) lack(lacking());
  auto possible = static_cast<LayerMask>(intact_ | begun_by(facts));
  // Within a picture only a key frame is a place to change: its end has to be marked.
  if (new_picture || facts.is_key_frame) {
    const Layers before = current_.layers;
    choose(possible);
    if (packet.span.after_gap && (within || current_.layers != before)) {
      const LayerMask missed = lacking();
      lack(missed);
      possible = static_cast<LayerMask>(possible & ~missed);
    }
  } else if (facts.is_frame_start && has_layers(facts.layers, current_.layers)) {
    // Or to go up to more temporal layers: those who have them get the same frames of this picture.
    const auto [spatial, temporal] = current_.layers;
    const auto up = static_cast<LayerMask>(possible & codec::temporal_from(spatial, temporal));
    if (has_layers(up, current_.layers)) choose(up);
  }
  if (has_layers(facts.layers, current_.layers)) {
    intact_ = possible;
    return Verdict::kForward;
  }
  lack(facts.layers);
  return Verdict::kLeaveOut;
}

}  // namespace sluice::sfu
