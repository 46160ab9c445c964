// The 48-bit packet index: the roll-over counter (ROC) that RTP does not carry, guessed from the 16 bits that
// it does.
#pragma once

#include <cstdint>

namespace sluice::srtp {

inline constexpr std::uint64_t kMaxRtpIndex = (std::uint64_t{1} << 48) - 1;
/// SRTCP carries its index: 31 bits (RFC 3711 §3.4).
inline constexpr std::uint32_t kMaxRtcpIndex = 0x7FFFFFFF;

/// Follows the highest index of one SSRC. estimate() changes nothing; advance() is called for packets that
/// count.
class IndexEstimator {
 public:
  /// RFC 3711 §3.3.1 and appendix A. May exceed kMaxRtpIndex when the key is used up. There is no turn before
  /// the first: where the RFC would give ROC -1, it stays 0.
  [[nodiscard]] std::uint64_t estimate(std::uint16_t sequence) const {
    const std::uint64_t roc = highest_ >> 16;
    const int highest_sequence = static_cast<int>(highest_ & 0xFFFF);
    const int difference = int{sequence} - highest_sequence;
    if (highest_sequence < 0x8000) {
      if (difference > 0x8000 && roc > 0) return ((roc - 1) << 16) | sequence;
    } else if (difference < -0x8000) {
      return ((roc + 1) << 16) | sequence;
    }
    return (roc << 16) | sequence;
  }
  void advance(std::uint64_t index) {
    if (!started_ || index > highest_) highest_ = index;
    started_ = true;
  }
  [[nodiscard]] std::uint64_t highest() const { return highest_; }

 private:
  std::uint64_t highest_ = 0;
  bool started_ = false;
};

}  // namespace sluice::srtp
