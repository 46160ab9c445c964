#include "load/histogram.h"

#include <algorithm>
#include <bit>

namespace sluice::load {

/// The first 64 buckets hold one microsecond each; later ones hold the six bits below the highest.
std::size_t Histogram::bucket_of(std::uint64_t micros) {
  if (micros < (1U << kFineBits)) return micros;
  const int shift = static_cast<int>(std::bit_width(micros)) - 1 - kFineBits;
  const std::size_t bucket =
      (static_cast<std::size_t>(shift + 1) << kFineBits) + ((micros >> shift) & ((1U << kFineBits) - 1));
  return std::min(bucket, kBuckets - 1);
}

Duration Histogram::middle_of(std::size_t bucket) {
  const std::size_t group = bucket >> kFineBits;
  if (group == 0) return Duration(static_cast<std::int64_t>(bucket));
  const std::uint64_t fine = (1U << kFineBits) | (bucket & ((1U << kFineBits) - 1));
  const std::uint64_t low = fine << (group - 1);
  return Duration(static_cast<std::int64_t>(low + ((std::uint64_t{1} << (group - 1)) >> 1)));
}

void Histogram::add(Duration value) {
  const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
  ++buckets_[bucket_of(micros)];
  ++count_;
  sum_ += micros;
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
  *this = {};
}

Duration Histogram::percentile(double share) const {
  if (count_ == 0) return {};
  if (share >= 1) return max_;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(share * static_cast<double>(count_) + 0.5));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(middle_of(i), max_);
  }
  return max_;
}

Duration Histogram::mean() const {
  return Duration(count_ == 0 ? 0 : static_cast<std::int64_t>(sum_ / count_));
}

std::vector<std::pair<Duration, double>> Histogram::distribution(std::size_t points) const {
  std::vector<std::pair<Duration, double>> out;
  std::uint64_t seen = 0;
  double told = 0;
  for (std::size_t i = 0; i < kBuckets && count_ > 0; ++i) {
    if (buckets_[i] == 0) continue;
    seen += buckets_[i];
    const double share = static_cast<double>(seen) / static_cast<double>(count_);
    // The tail is what a distribution is looked at for: it keeps its points.
    const double step = (share > 0.98 ? 0.1 : 1.0) / static_cast<double>(points);
    if (!out.empty() && share - told < step && seen != count_) continue;
    out.emplace_back(std::min(middle_of(i), max_), share);
    told = share;
  }
  return out;
}

}  // namespace sluice::load
