// Which choices of layers the frames of each layer were seen to be for: what a viewer lacks when frames that
// nobody saw were not for its layers.
//
// One per producer stream. Within a spatial layer frames may differ: where upper layers refer to lower ones
// in key pictures only, key frames are for all and other frames for their own layer.
#pragma once

#include <array>
#include <cstdint>

#include "codec/codec.h"

namespace sluice::sfu {

class LayerPattern {
 public:
  LayerPattern() {
    // Until one is seen: as most scalability modes have it.
    for (std::uint8_t s = 0; s < codec::kMaxSpatialLayers; ++s) {
      for (std::uint8_t t = 0; t < codec::kMaxTemporalLayers; ++t) at(s, t).newest = codec::layers_from(s, t);
    }
  }

  void note(const codec::FrameFacts& facts) {
    Masks& masks = at(facts.spatial_layer, facts.temporal_layer);
    if (facts.layers == masks.newest) return;
    masks.other = masks.newest;
    masks.newest = facts.layers;
  }

  /// The choices that need frames which a viewer of `layers` does not get.
  [[nodiscard]] codec::LayerMask lacking(codec::Layers layers) const {
    codec::LayerMask out = 0;
    for (const Masks& masks : masks_) {
      for (const codec::LayerMask mask : {masks.newest, masks.other}) {
        if (!codec::has_layers(mask, layers)) out = static_cast<codec::LayerMask>(out | mask);
      }
    }
    return out;
  }

 private:
  struct Masks {
    codec::LayerMask newest = 0;
    codec::LayerMask other = 0;
  };
  Masks& at(std::uint8_t spatial, std::uint8_t temporal) {
    return masks_[spatial % codec::kMaxSpatialLayers * codec::kMaxTemporalLayers +
                  temporal % codec::kMaxTemporalLayers];
  }

  std::array<Masks, std::size_t{codec::kMaxSpatialLayers} * codec::kMaxTemporalLayers> masks_{};
};

}  // namespace sluice::sfu
