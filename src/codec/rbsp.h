// A parameter set's bytes without its emulation prevention: H.264 §7.3.1, H.265 §7.3.1.1. For the parsers of
// h264.cc and h265.cc, which want sizes only, and those stand within the first bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace sluice::codec {

class Rbsp {
 public:
  /// `nal`: what follows the NAL unit's header. Longer ones are cut: a reader then fails where they end.
  explicit Rbsp(Bytes nal) {
    unsigned zeros = 0;
    for (const std::uint8_t byte : nal) {
      if (size_ == bytes_.size()) break;
      // 00 00 03: the 3 was put there so that no start code appears.
      if (zeros >= 2 && byte == 3) {
        zeros = 0;
        continue;
      }
      zeros = byte == 0 ? zeros + 1 : 0;
      bytes_[size_++] = byte;
    }
  }
  [[nodiscard]] Bytes bytes() const { return Bytes(bytes_).first(size_); }

 private:
  std::array<std::uint8_t, 512> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace sluice::codec
