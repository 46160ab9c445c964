// Time as every core sees it: an argument, never a clock. The worker reads the clock once per wake-up and
// passes it down.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

/// Microseconds: fine enough for packet arrival, wide enough for 292,000 years.
using Duration = std::chrono::microseconds;

/// Tag clock of `Instant`. It has no now(): only the owner of the loop knows the time.
struct MonotonicClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClock, Duration>;
  static constexpr bool is_steady = true;
};

/// A point on the monotonic time line. `Instant::max()` means never.
using Instant = MonotonicClock::time_point;
inline constexpr Instant kNever = Instant::max();

using std::chrono::duration_cast;
using namespace std::chrono_literals;

/// Ties the monotonic time line to the wall clock, for NTP timestamps (RFC 3550 §4).
struct WallClock {
  Instant at{};                  ///< A monotonic instant...
  std::int64_t unix_micros = 0;  ///< ...and the UNIX time (µs) at that instant.

  /// 64-bit NTP timestamp: seconds since 1900 in the upper half, fraction in the lower.
  [[nodiscard]] std::uint64_t ntp(Instant now) const {
    constexpr std::int64_t kNtpEpochOffset = 2'208'988'800;  // seconds from 1900 to 1970
    const std::int64_t micros = unix_micros + (now - at).count() + kNtpEpochOffset * 1'000'000;
    const auto seconds = static_cast<std::uint64_t>(micros / 1'000'000);
    const auto rest = static_cast<std::uint64_t>(micros % 1'000'000);
    return (seconds << 32) | ((rest << 32) / 1'000'000);
  }
};

}  // namespace sluice
