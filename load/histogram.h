// Durations by their frequency, at 1.6 % resolution from a microsecond to an hour, in a fixed 20 KiB: what
// latency percentiles are read from.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "sluice/time.h"

namespace sluice::load {

class Histogram {
 public:
  void add(Duration value);
  void merge(const Histogram& other);
  void clear();

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// `share`: 0 to 1. Zero when empty.
  [[nodiscard]] Duration percentile(double share) const;
  [[nodiscard]] Duration max() const { return max_; }
  [[nodiscard]] Duration mean() const;
  /// (value, share of all that is not above it), rising; at most `points`.
  [[nodiscard]] std::vector<std::pair<Duration, double>> distribution(std::size_t points) const;

 private:
  static constexpr int kFineBits = 6;  ///< 64 buckets for each doubling.
  static constexpr std::size_t kBuckets = (32 - kFineBits + 1) << kFineBits;
  static std::size_t bucket_of(std::uint64_t micros);
  static Duration middle_of(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  Duration max_{};
};

}  // namespace sluice::load
