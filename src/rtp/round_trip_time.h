// Round-trip time and how much it varies, from measurements (RFC 6298 §2): tells when an answer that has not
// come will not come any more.
#pragma once

#include <algorithm>

#include "sluice/time.h"

namespace sluice::rtp {

class RoundTripTime {
 public:
  static constexpr Duration kUnknown = 100ms;  ///< Assumed before the first measurement.

  void on_sample(Duration sample) {
    sample = std::clamp<Duration>(sample, Duration::zero(), kLongest);
    if (!known_) {
      known_ = true;
      smoothed_ = sample;
      // RFC 6298 has half of it. A picture that waits for a repair cannot wait three round trips to ask
      // again.
      variation_ = sample / 16;
      return;
    }
    const Duration error = sample > smoothed_ ? sample - smoothed_ : smoothed_ - sample;
    variation_ += (error - variation_) / 4;
    smoothed_ += (sample - smoothed_) / 8;
  }

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] Duration smoothed() const { return smoothed_; }
  /// SRTT + 4 RTTVAR, and a quarter of the round trip on top at least.
  [[nodiscard]] Duration timeout() const { return smoothed_ + std::max(4 * variation_, smoothed_ / 4); }

 private:
  static constexpr Duration kLongest = 10s;  ///< What claims more is nonsense.

  Duration smoothed_ = kUnknown;
  Duration variation_{};
  bool known_ = false;
};

}  // namespace sluice::rtp
