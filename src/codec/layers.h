// Which spatial and temporal layers a receiver gets, and sets of such choices as bits.
#pragma once

#include <cstdint>

namespace sluice::codec {

inline constexpr std::uint8_t kMaxSpatialLayers =
    4;  ///< Scalability modes have 3 at most (W3C WebRTC-SVC §6).
inline constexpr std::uint8_t kMaxTemporalLayers = 4;  ///< The same.

/// Everything up to and including these; in modes without inter-layer prediction the one spatial layer alone.
struct Layers {
  std::uint8_t spatial = 0;
  std::uint8_t temporal = 0;
  friend constexpr bool operator==(Layers, Layers) = default;
};

/// A set of choices: bit (spatial * kMaxTemporalLayers + temporal).
using LayerMask = std::uint16_t;
inline constexpr LayerMask kAllLayers = 0xFFFF;

constexpr LayerMask layer_bit(Layers layers) {
  return static_cast<LayerMask>(1U << (layers.spatial * kMaxTemporalLayers + layers.temporal));
}
constexpr bool has_layers(LayerMask mask, Layers layers) {
  return (mask & layer_bit(layers)) != 0;
}

/// Of one spatial layer: the choices with temporal layer `temporal` or more.
constexpr LayerMask temporal_from(std::uint8_t spatial, std::uint8_t temporal) {
  constexpr unsigned kRow = (1U << kMaxTemporalLayers) - 1;
  return static_cast<LayerMask>(((kRow << temporal) & kRow) << (spatial * kMaxTemporalLayers));
}
/// Exactly temporal layer `temporal`, of every spatial layer: of a stream with one, all mean the same.
constexpr LayerMask temporal_only(std::uint8_t temporal) {
  LayerMask mask = 0;
  for (std::uint8_t s = 0; s < kMaxSpatialLayers; ++s)
    mask = static_cast<LayerMask>(mask | layer_bit({s, temporal}));
  return mask;
}
/// Of spatial layer `spatial` and all above it: the same.
constexpr LayerMask layers_from(std::uint8_t spatial, std::uint8_t temporal) {
  LayerMask mask = 0;
  for (std::uint8_t s = spatial; s < kMaxSpatialLayers; ++s) mask |= temporal_from(s, temporal);
  return mask;
}

}  // namespace sluice::codec
