// Receiver reference times that wait to be echoed (RFC 3611 §4.4, §4.5): by the echo those who only receive
// learn the round-trip time. Each is echoed once, with the next report. Held by whoever sends reports.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "rtcp/extended_report.h"
#include "rtcp/report_block.h"
#include "sluice/time.h"

namespace sluice::rtcp {

class ReferenceTimes {
 public:
  /// What a peer connection needs; of more, the first ones are echoed.
  static constexpr std::size_t kMax = 8;

  void note(const ExtendedReport& report, Instant now) {
    if (!report.receiver_reference_time) return;
    const Waiting waiting{report.sender, compact_ntp(*report.receiver_reference_time), now};
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(size_);
    const auto known =
        std::find_if(waiting_.begin(), end, [&](const Waiting& w) { return w.ssrc == report.sender; });
    if (known == end && size_ == kMax) return;
    if (known == end) ++size_;
    *known = waiting;
  }

  /// Moves what waits into `report`.
  void echo(ExtendedReport& report, Instant now) {
    for (std::size_t i = 0; i < size_; ++i) {
      const std::int64_t delay = std::clamp<std::int64_t>((now - waiting_[i].at).count(), 0, 60'000'000);
      report.dlrr.push_back(
          {waiting_[i].ssrc, waiting_[i].last_rr, static_cast<std::uint32_t>(delay * 65536 / 1'000'000)});
    }
    size_ = 0;
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  struct Waiting {
    Ssrc ssrc;
    std::uint32_t last_rr = 0;
    Instant at{};
  };
  std::array<Waiting, kMax> waiting_{};
  std::size_t size_ = 0;
};

}  // namespace sluice::rtcp
