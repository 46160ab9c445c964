// Bounded reading of bits, most significant first: for what codecs write bit by bit (VP9's and AV1's headers,
// H.264's and H.265's parameter sets, the dependency descriptor).
//
// As with ByteReader, a read past the end gives zero and stays failed, so a parser asks ok() once at its end.
// A loop over a count that was read is bounded by the caller's own limit, never by the count alone.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace sluice::codec {

class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  /// Bits read so far.
  [[nodiscard]] std::size_t position() const { return at_; }

  /// `count` <= 32.
  std::uint32_t bits(unsigned count) {
    if (!ok_ || count > bytes_.size() * 8 - at_) {
      ok_ = false;
      return 0;
    }
    std::uint32_t value = 0;
    while (count > 0) {
      const unsigned left_in_byte = 8 - static_cast<unsigned>(at_ % 8);
      const unsigned take = count < left_in_byte ? count : left_in_byte;
      const unsigned chunk = (bytes_[at_ / 8] >> (left_in_byte - take)) & ((1U << take) - 1);
      value = (value << take) | chunk;
      at_ += take;
      count -= take;
    }
    return value;
  }
  bool flag() { return bits(1) != 0; }
  void skip(std::size_t count) {
    if (!ok_ || count > bytes_.size() * 8 - at_) {
      ok_ = false;
      return;
    }
    at_ += count;
  }

  /// ue(v): H.264 §9.1, H.265 §9.2. More than 31 leading zeros are no number anybody means.
  std::uint32_t exp_golomb() {
    const unsigned zeros = leading_zeros(31);
    return ok_ ? ((1U << zeros) - 1) + bits(zeros) : 0;
  }
  /// se(v): H.264 §9.1.1.
  std::int32_t signed_exp_golomb() {
    const std::uint32_t code = exp_golomb();
    const auto magnitude = static_cast<std::int32_t>((code + 1) / 2);
    return code % 2 != 0 ? magnitude : -magnitude;
  }
  /// uvlc(): AV1 §4.10.3. The value itself is never needed here, so 32 zeros and more fail.
  std::uint32_t uvlc() { return exp_golomb(); }
  /// ns(n): a number below `count`, in the fewest bits (AV1 §4.10.7, AV1 RTP §A.8.2). `count` > 0.
  std::uint32_t non_symmetric(std::uint32_t count) {
    const auto width = static_cast<unsigned>(std::bit_width(count));
    const std::uint32_t short_ones = (1U << width) - count;
    const std::uint32_t value = bits(width - 1);
    if (value < short_ones) return value;
    return (value << 1) - short_ones + bits(1);
  }

 private:
  unsigned leading_zeros(unsigned limit) {
    unsigned zeros = 0;
    while (ok_ && !flag()) {
      if (++zeros > limit) ok_ = false;
    }
    return zeros;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

/// The other direction. After a write past the end nothing more is written and ok() is false.
class BitWriter {
 public:
  explicit BitWriter(MutableBytes out) : out_(out) {}

  [[nodiscard]] bool ok() const { return ok_; }
  /// Bytes begun; the rest of the last one is zero.
  [[nodiscard]] std::size_t size() const { return (at_ + 7) / 8; }

  /// The low `count` <= 32 bits of `value`.
  void bits(std::uint32_t value, unsigned count) {
    if (!ok_ || count > out_.size() * 8 - at_) {
      ok_ = false;
      return;
    }
    while (count > 0) {
      --count;
      const unsigned shift = 7 - static_cast<unsigned>(at_ % 8);
      std::uint8_t& byte = out_[at_ / 8];
      if (shift == 7) byte = 0;
      byte = static_cast<std::uint8_t>(byte | (((value >> count) & 1U) << shift));
      ++at_;
    }
  }
  void flag(bool value) { bits(value ? 1 : 0, 1); }
  /// `value` < `count`.
  void non_symmetric(std::uint32_t value, std::uint32_t count) {
    const auto width = static_cast<unsigned>(std::bit_width(count));
    const std::uint32_t short_ones = (1U << width) - count;
    if (value < short_ones) {
      bits(value, width - 1);
    } else {
      bits(value + short_ones, width);
    }
  }

 private:
  MutableBytes out_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace sluice::codec
