// Which of the newest sequence numbers of a stream have been seen: tells a duplicate from a late arrival.
#pragma once

#include <array>
#include <cstdint>

#include "base/ids.h"

namespace sluice::rtp {

/// Only kDuplicate says that the packet had been seen before.
enum class Arrival : std::uint8_t {
  kNewest,     ///< Ahead of everything before it.
  kReordered,  ///< Behind the newest and not seen before.
  kDuplicate,
  kTooOld,  ///< Behind the window, or a jump that nothing has confirmed yet: cannot be placed.
};

/// 1,024 numbers in 128 bytes.
class SequenceWindow {
 public:
  Arrival insert(SequenceNumber number);
  void clear() { *this = {}; }

 private:
  static constexpr int kSize = 1024;
  [[nodiscard]] bool test(std::uint16_t n) const { return ((bits_[n % kSize / 64] >> (n % 64)) & 1) != 0; }
  void set(std::uint16_t n) { bits_[n % kSize / 64] |= std::uint64_t{1} << (n % 64); }
  void reset(std::uint16_t n) { bits_[n % kSize / 64] &= ~(std::uint64_t{1} << (n % 64)); }

  std::array<std::uint64_t, kSize / 64> bits_{};
  SequenceNumber newest_;
  bool started_ = false;
};

}  // namespace sluice::rtp
