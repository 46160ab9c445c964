// Which packet indices were received, as far back as the window reaches (RFC 3711 §3.3.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::srtp {

/// A ring of bits, one an index. check() changes nothing; record() is called once the packet has proved
/// authentic.
template <std::size_t kBits>
class ReplayWindow {
  static_assert(kBits >= 64 && (kBits & (kBits - 1)) == 0);

 public:
  enum class Verdict { kFresh, kSeen, kTooOld };

  [[nodiscard]] Verdict check(std::uint64_t index) const {
    if (!started_ || index > highest_) return Verdict::kFresh;
    if (highest_ - index >= kBits) return Verdict::kTooOld;
    return (word(index) & bit(index)) != 0 ? Verdict::kSeen : Verdict::kFresh;
  }
  void record(std::uint64_t index) {
    if (!started_) {
      started_ = true;
      highest_ = index;
    } else if (index > highest_) {
      forget_up_to(index);
      highest_ = index;
    }
    word(index) |= bit(index);
  }

 private:
  void forget_up_to(std::uint64_t index) {
    if (index - highest_ >= kBits) {
      words_.fill(0);
      return;
    }
    for (std::uint64_t i = highest_ + 1; i <= index; ++i) word(i) &= ~bit(i);
  }
  static std::uint64_t bit(std::uint64_t index) { return std::uint64_t{1} << (index % 64); }
  std::uint64_t& word(std::uint64_t index) { return words_[index / 64 % words_.size()]; }
  [[nodiscard]] const std::uint64_t& word(std::uint64_t index) const {
    return words_[index / 64 % words_.size()];
  }

  std::uint64_t highest_ = 0;
  bool started_ = false;
  std::array<std::uint64_t, kBits / 64> words_{};
};

}  // namespace sluice::srtp
