// The receiving side of transport-wide congestion control: notes arrivals, and says every 50 to 100 ms what
// to report.
//
// One per transport. transport/rtcp turns a report into feedback packets slice by slice, a writer a datagram:
//
//   if (auto report = recorder.advance(now)) {
//     auto [base, rest] = *report;
//     while (!rest.empty()) {
//       const rtcp::TransportFeedback::Head head{ssrc, media, recorder.next_feedback_count()};
//       const std::size_t n = rtcp::TransportFeedback::serialize_to(writer, head, base, rest);
//       base = base.plus(static_cast<int>(n));
//       rest = rest.subspan(n);
//     }
//   }
//
// Memory is bounded by kWindow; nothing is allocated once reports have reached their usual size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "sluice/time.h"

namespace sluice::cc {

class TransportCcRecorder {
 public:
  static constexpr Duration kSlowInterval = 100ms;
  static constexpr Duration kFastInterval = 50ms;  ///< Once kManyPackets wait to be reported.
  static constexpr std::size_t kManyPackets = 64;
  static constexpr std::size_t kWindow = 2048;  ///< Numbers remembered; older ones are not reported any more.
  static constexpr Duration kBackWindow = 500ms;  ///< A late packet reopens reports at most so far back.

  /// A packet arrived with this transport-wide number.
  void note(SequenceNumber number, Instant arrival);

  /// What to report now: the numbers from `base` on, kNever where nothing arrived. Ends with one that did.
  /// The span is valid until the next call of note or advance.
  struct Report {
    SequenceNumber base;
    std::span<const Instant> arrivals;
  };
  [[nodiscard]] std::optional<Report> advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  /// "fb pkt. count" of the next feedback packet.
  std::uint8_t next_feedback_count() { return feedback_count_++; }

 private:
  [[nodiscard]] Instant& at(std::int64_t number) { return ring_[static_cast<std::size_t>(number) % kWindow]; }
  void restart(std::int64_t number);
  [[nodiscard]] bool reopens(std::int64_t number, Instant arrival);

  SequenceUnwrapper unwrapper_;
  std::vector<Instant> ring_;    ///< Arrivals of the kWindow numbers before end_; made with the first packet.
  std::vector<Instant> report_;  ///< What the last report's span shows.
  std::int64_t end_ = 0;         ///< One past the newest number.
  std::int64_t next_ = 0;        ///< Where the next report starts.
  std::size_t pending_ = 0;      ///< Arrivals since the last report.
  Instant first_pending_ = kNever;
  std::uint8_t feedback_count_ = 0;
};

}  // namespace sluice::cc
