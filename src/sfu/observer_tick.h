// When an observer looks next: on a grid, so that the observers of many rooms are served in one wake-up.
#pragma once

#include "sluice/time.h"

namespace sluice::sfu {

/// The first tick at or after `at`.
constexpr Instant next_tick(Instant at) {
  constexpr Duration kTick = 20ms;
  return Instant((at.time_since_epoch() + kTick - Duration(1)) / kTick * kTick);
}

}  // namespace sluice::sfu
