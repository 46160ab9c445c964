// Writes fields that do not end at byte borders, most significant bit first: descriptors of AV1 and VP9.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice::client {

class BitWriter {
 public:
  void bits(std::uint32_t value, int count) {
    for (int i = count - 1; i >= 0; --i) {
      if (used_ % 8 == 0) bytes_.push_back(0);
      bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | ((value >> i & 1) << (7 - used_ % 8)));
      ++used_;
    }
  }
  /// One of `n` values in as few bits as possible (AV1 RTP, appendix A.8.1: ns(n)).
  void non_symmetric(std::uint32_t value, std::uint32_t n) {
    int w = 0;
    for (std::uint32_t x = n; x != 0; x >>= 1) ++w;
    const std::uint32_t short_ones = (1U << w) - n;
    if (value < short_ones) {
      bits(value, w - 1);
    } else {
      bits(value + short_ones, w);
    }
  }
  /// What was written, zero bits up to the next byte.
  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
  int used_ = 0;
};

}  // namespace sluice::client
