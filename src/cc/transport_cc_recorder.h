// The receiving side of transport-wide congestion control: notes arrivals, and says every 50 to 250 ms what
// to report.
//
// How often is a matter of what it costs: feedback takes about a twentieth of the bitrate that it is on, as
// libwebrtc's receivers do, whose senders are tuned to it. So a call of audio alone reports four times a
// second, any video twenty times.
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
  static constexpr Duration kLongestInterval = 250ms;
  static constexpr Duration kShortestInterval = 50ms;
  static constexpr Duration kFirstInterval = 100ms;  ///< While the bitrate is not known.
  /// Of a report on the wire: IPv4, UDP and SRTCP around some 30 bytes.
  static constexpr std::int64_t kReportBits = 8 * (20 + 8 + 30 + 10);
  static constexpr std::size_t kWindow = 2048;  ///< Numbers remembered; older ones are not reported any more.
  static constexpr Duration kBackWindow = 500ms;  ///< A late packet reopens reports at most so far back.

  /// A packet of `size` bytes arrived with this transport-wide number.
  void note(SequenceNumber number, std::size_t size, Instant arrival);

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
  void adapt_interval(Instant now);

  SequenceUnwrapper unwrapper_;
  std::vector<Instant> ring_;    ///< Arrivals of the kWindow numbers before end_; made with the first packet.
  std::vector<Instant> report_;  ///< What the last report's span shows.
  std::int64_t end_ = 0;         ///< One past the newest number.
  std::int64_t next_ = 0;        ///< Where the next report starts.
  std::size_t pending_ = 0;      ///< Arrivals since the last report.
  Instant first_pending_ = kNever;
  std::size_t bytes_ = 0;  ///< Received since the last report.
  std::int64_t bitrate_ = 0;
  Instant last_report_ = kNever;  ///< kNever: none yet.
  Duration interval_ = kFirstInterval;
  std::uint8_t feedback_count_ = 0;
};

}  // namespace sluice::cc
