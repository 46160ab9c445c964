// Which choices of layers the frames of each layer were seen to be for: what a viewer lacks when frames that
// nobody saw were not for its layers.
//
// One per producer stream. In key pictures frames may be for more than elsewhere: in modes where upper
// spatial layers refer to lower ones in key pictures only (W3C WebRTC-SVC §6, L3T3_KEY).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "codec/codec.h"

namespace sluice::sfu {

class LayerPattern {
 public:
  void note(RtpTimestamp picture, const codec::FrameFacts& facts) {
    if (facts.is_frame_start && (facts.is_key_frame || facts.spatial_layer == 0))
      kinds_[kind_count_++ % kinds_.size()] = {picture, facts.is_key_frame};
    has_spatial_layers_ = has_spatial_layers_ || facts.spatial_layer > 0;
    Masks& masks = masks_[facts.spatial_layer % codec::kMaxSpatialLayers]
                         [facts.temporal_layer % codec::kMaxTemporalLayers];
    // Whether a picture is a key picture tells its first packet, which may come late or never: asked for when
    // the next picture comes.
    if (picture != masks.picture && masks.newest != 0) {
      if (const Kind* kind = kind_of(masks.picture))
        (kind->is_key ? masks.in_key_pictures : masks.elsewhere) = masks.newest;
    }
    masks.newest = facts.layers;
    masks.picture = picture;
  }

  /// The choices that need frames which a viewer of `layers` does not get; of one temporal layer, or of all.
  [[nodiscard]] codec::LayerMask lacking(codec::Layers layers,
                                         std::optional<std::uint8_t> temporal = {}) const {
    codec::LayerMask out = 0;
    const auto add = [&](codec::LayerMask mask) {
      if (!codec::has_layers(mask, layers)) out = static_cast<codec::LayerMask>(out | mask);
    };
    for (std::uint8_t s = 0; s < codec::kMaxSpatialLayers; ++s) {
      for (std::uint8_t t = 0; t < codec::kMaxTemporalLayers; ++t) {
        if (temporal && t != *temporal) continue;
        const Masks& masks = masks_[s][t];
        // What has not been seen may be of either kind of mode.
        add(masks.newest);
        add(masks.in_key_pictures != 0 ? masks.in_key_pictures : codec::layers_from(s, t));
        add(masks.elsewhere != 0 ? masks.elsewhere : codec::layers_from(s, t));
        if (masks.elsewhere == 0 && has_spatial_layers_) add(codec::temporal_from(s, t));
      }
    }
    return out;
  }

 private:
  struct Kind {
    RtpTimestamp picture;
    bool is_key = false;
  };
  /// Null when its first packet has not come.
  [[nodiscard]] const Kind* kind_of(RtpTimestamp picture) const {
    const Kind* const end = kinds_.data() + std::min<std::size_t>(kind_count_, kinds_.size());
    const Kind* const found =
        std::find_if(kinds_.data(), end, [&](const Kind& kind) { return kind.picture == picture; });
    return found == end ? nullptr : found;
  }

  struct Masks {
    codec::LayerMask in_key_pictures = 0;
    codec::LayerMask elsewhere = 0;
    codec::LayerMask newest = 0;  ///< Of `picture`, and not yet among the others.
    RtpTimestamp picture;
  };
  std::array<std::array<Masks, codec::kMaxTemporalLayers>, codec::kMaxSpatialLayers> masks_{};
  std::array<Kind, 8> kinds_{};  ///< Of the last pictures.
  std::uint32_t kind_count_ = 0;
  bool has_spatial_layers_ = false;
};

}  // namespace sluice::sfu
