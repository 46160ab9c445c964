// Strong types for the numbers of RTP, so that an SSRC is never taken for a sequence number.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace sluice {

/// A number with a name: equal and ordered among its own kind only.
template <typename Tag, typename Int>
struct StrongId {
  Int value{};
  friend bool operator==(StrongId, StrongId) = default;
  friend auto operator<=>(StrongId, StrongId) = default;
};

using Ssrc = StrongId<struct SsrcTag, std::uint32_t>;
using PayloadType = StrongId<struct PayloadTypeTag, std::uint8_t>;

/// A counter that wraps (RFC 1982): `a.newer_than(b)` holds when a is less than half the range ahead of b.
template <typename Tag, typename Int, typename Signed>
struct WrappingNumber {
  Int value{};
  friend bool operator==(WrappingNumber, WrappingNumber) = default;
  /// Signed distance from `other` to this, the short way round.
  [[nodiscard]] constexpr Signed minus(WrappingNumber other) const {
    return static_cast<Signed>(static_cast<Int>(value - other.value));
  }
  [[nodiscard]] constexpr bool newer_than(WrappingNumber other) const { return minus(other) > 0; }
  [[nodiscard]] constexpr WrappingNumber plus(int n) const {
    return {static_cast<Int>(value + static_cast<Int>(n))};
  }
};

using SequenceNumber = WrappingNumber<struct SequenceNumberTag, std::uint16_t, std::int16_t>;
using RtpTimestamp = WrappingNumber<struct RtpTimestampTag, std::uint32_t, std::int32_t>;

/// Widens a wrapping 16-bit sequence number to 64 bits that never wrap, following the newest seen.
class SequenceUnwrapper {
 public:
  std::int64_t unwrap(SequenceNumber number) {
    const std::int64_t wide = peek(number);
    if (!started_ || wide > newest_) newest_ = wide;
    started_ = true;
    return wide;
  }
  /// The same without moving the reference point.
  [[nodiscard]] std::int64_t peek(SequenceNumber number) const {
    if (!started_)
      return std::int64_t{number.value} + 0x10000;  // room below, so that older ones stay positive
    return newest_ + number.minus({static_cast<std::uint16_t>(newest_)});
  }

 private:
  std::int64_t newest_ = 0;
  bool started_ = false;
};

}  // namespace sluice

template <typename Tag, typename Int>
struct std::hash<sluice::StrongId<Tag, Int>> {
  std::size_t operator()(sluice::StrongId<Tag, Int> id) const noexcept {
    return std::hash<std::uint64_t>{}(std::uint64_t{id.value} * 0x9E3779B97F4A7C15ULL);
  }
};
