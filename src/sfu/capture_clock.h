// Maps a publisher's NTP clock to ours with one constant offset for all its streams, so that what was
// captured together keeps together in our sender reports (RFC 3550 §6.4.1), while round-trip times are still
// measured on our own clock.
#pragma once

#include <cstdint>
#include <optional>

namespace sluice::sfu {

class CaptureClock {
 public:
  /// A sender report of the publisher, with our NTP time at its arrival.
  void on_sender_report(std::uint64_t publisher_ntp, std::uint64_t our_ntp) {
    // Unsigned, as a report may claim any time at all.
    const std::uint64_t offset = our_ntp - publisher_ntp;
    // Kept unless the publisher's clock was set anew: a jump shows as lost lip sync, a drift does not matter.
    const auto moved = static_cast<std::int64_t>(offset - offset_.value_or(offset));
    if (!offset_ || moved > kJump || moved < -kJump) offset_ = offset;
  }
  /// The publisher's NTP time at our `ntp`; nothing before the first report.
  [[nodiscard]] std::optional<std::uint64_t> publisher_time(std::uint64_t ntp) const {
    if (!offset_) return std::nullopt;
    return ntp - *offset_;
  }

 private:
  static constexpr std::int64_t kJump = std::int64_t{2} << 32;  // 2 s in 32.32
  std::optional<std::uint64_t> offset_;
};

}  // namespace sluice::sfu
