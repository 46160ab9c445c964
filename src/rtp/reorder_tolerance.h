// How long a gap has to stand before it is a loss: learned from packets that came late by themselves.
//
// Starts with next to no patience, as most links keep the order. Each packet that fills its gap unasked, or
// turns out to have been asked for in vain, raises it; it decays over kMemory. One packet at most doubles it
// (and 10 ms), so that a single stray does not slow down every repair after it. As in RFC 8985 §3.2, newer
// packets are counted only as long as no reordering is known: afterwards time alone decides.
#pragma once

#include <algorithm>

#include "sluice/time.h"

namespace sluice::rtp {

class ReorderTolerance {
 public:
  static constexpr Duration kShortest = 5ms;
  static constexpr Duration kLongest = 250ms;  ///< Later than this is lost for those who watch.
  static constexpr Duration kMemory = 60s;
  static constexpr std::uint32_t kPackets = 3;  ///< RFC 8985's DupThresh.

  /// A packet came by itself so long after a newer one.
  void on_late(Duration lateness, Instant now) {
    decay(now);
    const Duration believed = std::min(lateness, 2 * lateness_ + 10ms);
    lateness_ = std::clamp(believed, lateness_, kLongest);
  }

  /// How long to wait from the moment that the gap shows: half again as long as the latest has taken, as the
  /// latest of all comes rarely.
  [[nodiscard]] Duration patience(Instant now) {
    decay(now);
    return std::min(kShortest + lateness_ * 3 / 2, kLongest);
  }
  /// Without reordering in memory, kPackets newer ones make a gap a loss before its time.
  [[nodiscard]] bool orderly() const { return lateness_ < kNegligible; }

 private:
  static constexpr Duration kNegligible = 500us;
  static constexpr Duration kStep = 1s;

  void decay(Instant now) {
    const Duration elapsed = now - decayed_at_;
    if (elapsed < kStep) return;
    decayed_at_ = now;
    lateness_ -= Duration(lateness_.count() * std::min(elapsed, kMemory).count() / kMemory.count());
  }

  Duration lateness_{};
  Instant decayed_at_{};
};

}  // namespace sluice::rtp
