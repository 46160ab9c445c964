#include "cc/transport_cc_recorder.h"

#include <algorithm>

namespace sluice::cc {

void TransportCcRecorder::note(SequenceNumber number, std::size_t size, Instant arrival) {
  constexpr auto kSize = static_cast<std::int64_t>(kWindow);
  const std::int64_t wide = unwrapper_.unwrap(number);
  if (ring_.empty()) {
    ring_.resize(kWindow, kNever);
    next_ = end_ = wide;
  }
  if (wide >= end_) {
    if (wide - end_ >= kSize) restart(wide);
    while (end_ <= wide) at(end_++) = kNever;
    next_ = std::max(next_, end_ - kSize);
  } else if (wide < end_ - kSize || at(wide) != kNever) {
    return;  // Forgotten, or a duplicate: the first arrival counts.
  } else if (wide < next_) {
    // Late: it was told as missing, and is told again as received with all that follows it.
    if (!reopens(wide, arrival)) return;
    next_ = wide;
  }
  at(wide) = arrival;
  bytes_ += size;
  ++pending_;
  first_pending_ = std::min(first_pending_, arrival);
}

/// Leaves a jump over the whole window (a sender that restarted) out of the reports.
void TransportCcRecorder::restart(std::int64_t number) {
  std::fill(ring_.begin(), ring_.end(), kNever);
  next_ = end_ = number;
  pending_ = 0;
  first_pending_ = kNever;
}

bool TransportCcRecorder::reopens(std::int64_t number, Instant arrival) {
  for (std::int64_t n = number + 1; n < end_; ++n) {
    if (at(n) != kNever) return arrival - at(n) <= kBackWindow;
  }
  return false;
}

Instant TransportCcRecorder::next_deadline() const {
  if (pending_ == 0) return kNever;
  // Counted from the last report, so that packets that are far apart do not stretch the interval; after a
  // silence from the first packet, so that it is not told of alone.
  if (last_report_ == kNever || first_pending_ - last_report_ > interval_) return first_pending_ + interval_;
  return last_report_ + interval_;
}

void TransportCcRecorder::adapt_interval(Instant now) {
  // Over a silence there is no bitrate to speak of.
  const bool measured = last_report_ != kNever && now - last_report_ <= 4 * kLongestInterval;
  if (measured && now > last_report_) {
    const std::int64_t bitrate = static_cast<std::int64_t>(bytes_) * 8'000'000 / (now - last_report_).count();
    bitrate_ = bitrate_ == 0 ? bitrate : (3 * bitrate_ + bitrate) / 4;
    const std::int64_t twentieth = std::max<std::int64_t>(bitrate_ / 20, 1);
    interval_ =
        std::clamp(Duration(kReportBits * 1'000'000 / twentieth), kShortestInterval, kLongestInterval);
  }
  bytes_ = 0;
  last_report_ = now;
}

std::optional<TransportCcRecorder::Report> TransportCcRecorder::advance(Instant now) {
  if (now < next_deadline()) return std::nullopt;
  report_.clear();
  for (std::int64_t n = next_; n < end_; ++n) report_.push_back(at(n));
  const SequenceNumber base{static_cast<std::uint16_t>(next_)};
  adapt_interval(now);
  next_ = end_;
  pending_ = 0;
  first_pending_ = kNever;
  return Report{base, report_};
}

}  // namespace sluice::cc
