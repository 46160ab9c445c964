// Scalability modes by name (W3C WebRTC-SVC §6): "L3T2_KEY" has 3 spatial and 2 temporal layers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::negotiate {

struct ScalabilityMode {
  std::uint8_t spatial_layers = 1;
  std::uint8_t temporal_layers = 1;
  bool ksvc = false;  ///< Spatial layers depend on each other at key frames only ("_KEY").
  friend bool operator==(const ScalabilityMode&, const ScalabilityMode&) = default;
};

/// Anything that is not a mode, also the empty string, has one layer of each.
ScalabilityMode parse_scalability_mode(std::string_view text);

}  // namespace sluice::negotiate
