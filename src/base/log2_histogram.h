// How often values of each order of magnitude came: buckets whose upper bounds double. A value costs a few
// instructions; nothing is allocated.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "sluice/worker_stats.h"

namespace sluice {

/// The bounds are 2^i - 1 + kFrom: 0, 1, 3, 7, … for values that may be 0; 1, 2, 4, 8, … with kFrom = 1. The
/// last bucket takes all above.
template <std::size_t kBuckets, std::uint64_t kFrom = 0>
class Log2Histogram {
 public:
  void add(std::uint64_t value) {
    const auto magnitude = static_cast<std::size_t>(std::bit_width(value - std::min(value, kFrom)));
    ++counts_[std::min(magnitude, kBuckets - 1)];
    sum_ += value;
  }
  Log2Histogram& operator+=(const Log2Histogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
    sum_ += other.sum_;
    return *this;
  }
  /// `unit`: what a value of 1 stands for.
  [[nodiscard]] Histogram in_units_of(double unit) const {
    Histogram out;
    for (std::size_t i = 0; i + 1 < kBuckets; ++i)
      out.bounds.push_back(static_cast<double>((std::uint64_t{1} << i) - 1 + kFrom) * unit);
    out.counts.assign(counts_.begin(), counts_.end());
    out.sum = static_cast<double>(sum_) * unit;
    return out;
  }

 private:
  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t sum_ = 0;
};

}  // namespace sluice
