// How well a stream arrives, 0 to 10: what `score` events, statistics and the choice between a producer's
// streams go by. Held per stream, given one interval of facts with each report (about a second).
//
//   missing = max(0, lost - repaired) + discarded, of expected        what nobody could play
//   quality = 1 - missing / expected - repaired / expected / 4        a repair costs a quarter: it came late
//   score   = 10 * (1 - 5 * (1 - quality)), 1 at least                2 % missing costs a point, 20 % all
//
// Smoothed: falls by half of the difference with each interval, rises by a quarter, and the integer told
// changes only when the exact value is clearly past it, so that a score between two numbers does not flicker.
// A stream of which nothing comes has 0 at once, and starts anew from its first interval with packets.
#pragma once

#include <cstdint>

namespace sluice::rtp {

class StreamScore {
 public:
  /// What happened since the interval before, in packets.
  struct Interval {
    std::uint64_t expected = 0;
    std::uint64_t lost = 0;  ///< Before repair.
    std::uint64_t repaired = 0;
    std::uint64_t discarded = 0;  ///< Came, but too late or not decodable.
  };
  /// Of a viewer, which reports its loss: `sent` packets, of them again `retransmitted` ones. Repairs are
  /// lost as the rest is; of what was not asked for again nobody knows more.
  static Interval of_report(std::uint8_t fraction_lost, std::uint64_t sent, std::uint64_t retransmitted);

  /// True when value() has changed.
  bool update(const Interval& interval);
  /// Nothing comes, or the stream has ended.
  bool on_silence();
  [[nodiscard]] std::uint8_t value() const { return value_; }

 private:
  bool set(std::uint8_t value);

  double exact_ = 0;
  std::uint8_t value_ = 0;
};

}  // namespace sluice::rtp
