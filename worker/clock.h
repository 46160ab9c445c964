// The worker's only readings of the clock: both clocks together, once a wake-up of the loop.
#pragma once

#include <cstdint>
#include <ctime>

#include "sluice/time.h"

namespace sluice::worker {

/// One moment on both time lines: the kernel stamps packets with the wall clock, everything else is
/// monotonic.
struct Moment {
  Instant now{};
  std::int64_t unix_nanos = 0;
};

inline Moment read_clocks() {
  timespec monotonic{};
  timespec wall{};
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  clock_gettime(CLOCK_REALTIME, &wall);
  return {Instant(Duration(monotonic.tv_sec * 1'000'000LL + monotonic.tv_nsec / 1000)),
          wall.tv_sec * 1'000'000'000LL + wall.tv_nsec};
}

/// The instant of a kernel timestamp. One from the future or older than a second (the wall clock was stepped)
/// counts as now.
inline Instant to_instant(const Moment& moment, const timespec& stamp) {
  const std::int64_t age = moment.unix_nanos - (stamp.tv_sec * 1'000'000'000LL + stamp.tv_nsec);
  if (age < 0 || age > 1'000'000'000LL) return moment.now;
  return moment.now - Duration(age / 1000);
}

}  // namespace sluice::worker
