// Bits per second over the last second, in ten buckets: no allocation, constant time.
#pragma once

#include <array>
#include <cstdint>

#include "sluice/time.h"

namespace sluice::rtp {

class RateMeter {
 public:
  void add(std::size_t bytes, Instant now) {
    turn(now);
    buckets_[static_cast<std::size_t>(current_ % kBuckets)] += static_cast<std::uint32_t>(bytes);
    sum_ += static_cast<std::uint32_t>(bytes);
  }
  /// bps.
  [[nodiscard]] std::uint32_t bitrate(Instant now) {
    turn(now);
    return sum_ * 8;
  }

 private:
  static constexpr std::int64_t kBuckets = 10;
  static constexpr Duration kWidth = 100ms;

  void turn(Instant now) {
    const std::int64_t slot = now.time_since_epoch() / kWidth;
    if (slot <= current_) return;
    for (std::int64_t i = slot - current_ >= kBuckets ? slot - kBuckets : current_; i < slot; ++i) {
      std::uint32_t& bucket = buckets_[static_cast<std::size_t>((i + 1) % kBuckets)];
      sum_ -= bucket;
      bucket = 0;
    }
    current_ = slot;
  }

  std::array<std::uint32_t, kBuckets> buckets_{};
  std::uint32_t sum_ = 0;
  std::int64_t current_ = 0;
};

}  // namespace sluice::rtp
