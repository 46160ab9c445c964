#include "cc/transport_cc_recorder.h"

#include <algorithm>

namespace sluice::cc {

void TransportCcRecorder::note(SequenceNumber number, Instant arrival) {
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
  return first_pending_ + (pending_ >= kManyPackets ? kFastInterval : kSlowInterval);
}

std::optional<TransportCcRecorder::Report> TransportCcRecorder::advance(Instant now) {
  if (now < next_deadline()) return std::nullopt;
  report_.clear();
  for (std::int64_t n = next_; n < end_; ++n) report_.push_back(at(n));
  const SequenceNumber base{static_cast<std::uint16_t>(next_)};
  next_ = end_;
  pending_ = 0;
  first_pending_ = kNever;
  return Report{base, report_};
}

}  // namespace sluice::cc
