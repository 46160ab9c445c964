// How an encoder's frames refer to each other: one cycle of temporal layers, spatial layers in each picture.
// The truth that payload descriptors and dependency descriptors tell in their own words, and that a synthetic
// encoder (client/layered_source.h) keeps to. Used by packetizers and the descriptors' writers.
#pragma once

#include <cstdint>

namespace sluice::packetize {

/// W3C WebRTC-SVC §6: LsTt, and LsTt_KEY where spatial layers depend on each other in key pictures only.
struct Scalability {
  std::uint8_t spatial = 1;   ///< 1 to 3.
  std::uint8_t temporal = 1;  ///< 1 to 3.
  bool key_only = false;

  /// Pictures after which the temporal layers repeat: T0; T0 T1; T0 T2 T1 T2.
  [[nodiscard]] constexpr std::uint32_t period() const { return 1U << (temporal - 1U); }
  [[nodiscard]] constexpr bool has_layers() const { return spatial > 1 || temporal > 1; }
  [[nodiscard]] constexpr std::uint8_t temporal_at(std::uint32_t position) const {
    if (position == 0) return 0;
    return static_cast<std::uint8_t>(position % 2 == 1 ? temporal - 1 : temporal - 2);
  }
  /// Pictures back to the one that the picture at `position` is predicted from: T0 from T0, T1 from T0, T2
  /// from the picture before it.
  [[nodiscard]] constexpr std::uint32_t distance_at(std::uint32_t position) const {
    if (position == 0) return period();
    return position % 2 == 1 ? 1 : 2;
  }
};

}  // namespace sluice::packetize
