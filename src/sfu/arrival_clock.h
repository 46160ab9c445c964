// When a picture of a stream would have come, had the network delayed it as little as any packet of the last
// second or two: a clock for streams whose publisher has not told its own yet.
//
// A single packet says little: it may be the repair of one that was lost. One per producer stream; looks at
// packets that are ahead of all before.
#pragma once

#include <chrono>
#include <optional>

#include "base/ids.h"
#include "sluice/time.h"

namespace sluice::sfu {

class ArrivalClock {
 public:
  explicit ArrivalClock(std::uint32_t clock_rate) : clock_rate_(clock_rate) {}

  void note(RtpTimestamp timestamp, Instant arrival) {
    const Sample sample{timestamp, arrival};
    if (!started_ || arrival - since_ > kWindow) {
      before_ = started_ ? least_ : sample;
      least_ = sample;
      since_ = arrival;
      started_ = true;
    } else if (is_less_delayed(sample, least_)) {
      least_ = sample;
    }
  }
  /// Nothing before the first packet.
  [[nodiscard]] std::optional<Instant> at(RtpTimestamp timestamp) const {
    if (!started_) return std::nullopt;
    const Sample& by = is_less_delayed(before_, least_) ? before_ : least_;
    return by.arrival + Duration(std::int64_t{timestamp.minus(by.timestamp)} * kSecond / clock_rate_);
  }

 private:
  struct Sample {
    RtpTimestamp timestamp;
    Instant arrival{};
  };
  static constexpr std::int64_t kSecond = std::chrono::microseconds(1s).count();
  static constexpr Duration kWindow = 1s;

  [[nodiscard]] bool is_less_delayed(const Sample& a, const Sample& b) const {
    return (a.arrival - b.arrival).count() * clock_rate_ < a.timestamp.minus(b.timestamp) * kSecond;
  }

  std::uint32_t clock_rate_;
  bool started_ = false;
  Instant since_{};
  Sample least_;   ///< Since `since_`...
  Sample before_;  ///< ...and in the window before.
};

}  // namespace sluice::sfu
