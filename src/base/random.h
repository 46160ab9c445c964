// Randomness as an injected value: a cryptographic generator that a test seeds with a number and the worker
// with entropy.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/crypto.h"

namespace sluice {

class Random {
 public:
  using Seed = std::array<std::uint8_t, 32>;

  explicit Random(const Seed& seed) : stream_(seed) {}
  /// For tests: the same number gives the same run.
  explicit Random(std::uint64_t seed) : Random(expand(seed)) {}
  static Seed expand(std::uint64_t seed);

  std::uint32_t u32();
  std::uint64_t u64();
  /// Uniform in [0, bound); bound > 0.
  std::uint32_t below(std::uint32_t bound);
  /// Uniform in [0, 1).
  double unit();
  bool chance(double probability) { return unit() < probability; }
  void fill(MutableBytes out) { stream_.fill(out); }
  /// `length` characters of ice-char (RFC 8839 §5.4: letters, digits, + and /), 6 bits of entropy each.
  std::string ice_chars(std::size_t length);

 private:
  void refill();

  crypto::KeyStream stream_;
  std::array<std::uint8_t, 256> buffer_{};
  std::size_t used_ = 256;
};

}  // namespace sluice
