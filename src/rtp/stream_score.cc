#include "rtp/stream_score.h"

#include <algorithm>
#include <cmath>

namespace sluice::rtp {
namespace {

constexpr double kFall = 0.5;
constexpr double kRise = 0.25;
constexpr double kRepairCost = 0.25;
constexpr double kSlope = 5;
constexpr double kHysteresis = 0.65;  ///< From the middle of an integer: 0.5 would be none.

double exact_score(const StreamScore::Interval& interval) {
  const auto expected = static_cast<double>(interval.expected);
  // A repair may belong to a loss of the interval before.
  const double repaired = static_cast<double>(std::min(interval.repaired, interval.expected));
  const double unrepaired = static_cast<double>(interval.lost) - repaired;
  const double missing = std::max(unrepaired, 0.0) + static_cast<double>(interval.discarded);
  const double quality = 1 - (missing + repaired * kRepairCost) / expected;
  return std::clamp(10 * (1 - kSlope * (1 - quality)), 1.0, 10.0);
}

}  // namespace

StreamScore::Interval StreamScore::of_report(std::uint8_t fraction_lost, std::uint64_t sent,
                                             std::uint64_t retransmitted) {
  Interval interval;
  interval.expected = sent;
  interval.lost = sent * fraction_lost / 256;
  interval.repaired = std::min(retransmitted * (256U - fraction_lost) / 256, interval.lost);
  return interval;
}

bool StreamScore::update(const Interval& interval) {
  if (interval.expected == 0 || interval.lost >= interval.expected + interval.repaired) return on_silence();
  const double now = exact_score(interval);
  if (value_ == 0) {
    exact_ = now;
    return set(static_cast<std::uint8_t>(std::lround(exact_)));
  }
  exact_ += (now - exact_) * (now < exact_ ? kFall : kRise);
  if (std::abs(exact_ - value_) < kHysteresis) return false;
  return set(static_cast<std::uint8_t>(std::lround(exact_)));
}

bool StreamScore::on_silence() {
  exact_ = 0;
  return set(0);
}

bool StreamScore::set(std::uint8_t value) {
  if (value == value_) return false;
  value_ = value;
  return true;
}

}  // namespace sluice::rtp
