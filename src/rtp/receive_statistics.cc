#include "rtp/receive_statistics.h"

#include <algorithm>
#include <utility>

namespace sluice::rtp {

Arrival ReceiveStatistics::on_packet(SequenceNumber number, RtpTimestamp timestamp, std::size_t size,
                                     Instant arrival) {
  const Arrival placed = place(number);
  if (placed == Arrival::kDuplicate) ++duplicates_;
  if (placed == Arrival::kReordered) ++reordered_;
  ++packets_;
  bytes_ += size;
  if (placed != Arrival::kTooOld) {
    ++received_;
    if (placed != Arrival::kDuplicate) update_jitter(timestamp, arrival);
  }
  return placed;
}

// RFC 3550 A.1, without probation: signaling or authentication has vouched for the source already.
Arrival ReceiveStatistics::place(SequenceNumber number) {
  if (!started_) {
    restart(number);
    return window_.insert(number);
  }
  const int ahead = number.minus({static_cast<std::uint16_t>(highest_)});
  if (ahead >= kMaxDropout || ahead <= -kMaxMisorder) {
    // Two packets in a row after a jump: the other side restarted without telling.
    if (expected_after_jump_ != number) {
      expected_after_jump_ = number.plus(1);
      return Arrival::kTooOld;
    }
    restart(number);
    return window_.insert(number);
  }
  if (ahead > 0) highest_ += ahead;
  expected_after_jump_.reset();
  return window_.insert(number);
}

void ReceiveStatistics::restart(SequenceNumber number) {
  started_ = true;
  base_ = highest_ = number.value;
  received_ = expected_prior_ = received_prior_ = 0;
  expected_after_jump_.reset();
  window_.clear();
  last_transit_.reset();
}

// RFC 3550 A.8: J += (|D| - J) / 16, kept at sixteen times its value.
void ReceiveStatistics::update_jitter(RtpTimestamp timestamp, Instant arrival) {
  const std::int64_t micros = arrival.time_since_epoch().count();
  const std::int64_t rate = clock_rate_;
  const std::int64_t ticks = micros / 1'000'000 * rate + micros % 1'000'000 * rate / 1'000'000;
  const auto transit = static_cast<std::uint32_t>(ticks) - timestamp.value;
  const std::optional<std::uint32_t> before = std::exchange(last_transit_, transit);
  if (!before) return;
  const auto difference = static_cast<std::int32_t>(transit - *before);
  const std::int64_t distance = difference < 0 ? -std::int64_t{difference} : difference;
  // A source that resets its timestamps is not jitter: the next packet compares with this one.
  if (distance > kMaxTransitSeconds * rate) return;
  const std::int64_t scaled = jitter_scaled_;
  jitter_scaled_ = static_cast<std::uint32_t>(scaled + distance - ((scaled + 8) >> 4));
}

void ReceiveStatistics::on_sender_report(std::uint64_t ntp, RtpTimestamp timestamp, Instant arrival) {
  sender_report_ = SenderReportTimes{ntp, timestamp, arrival};
}

// RFC 3550 A.3.
Reception ReceiveStatistics::peek(Instant now) const {
  Reception reception;
  if (started_) {
    const std::int64_t lost = expected() - received_;
    reception.cumulative_lost =
        static_cast<std::int32_t>(std::clamp<std::int64_t>(lost, -0x800000, 0x7FFFFF));
    reception.extended_highest = static_cast<std::uint32_t>(highest_);
    reception.jitter = jitter_scaled_ >> 4;
    const std::int64_t expected_now = expected() - expected_prior_;
    const std::int64_t lost_now = expected_now - (received_ - received_prior_);
    reception.expected_since = static_cast<std::uint32_t>(std::max<std::int64_t>(expected_now, 0));
    reception.lost_since = static_cast<std::uint32_t>(std::max<std::int64_t>(lost_now, 0));
    if (expected_now > 0 && lost_now > 0) {
      reception.fraction_lost =
          static_cast<std::uint8_t>(std::min<std::int64_t>(lost_now * 256 / expected_now, 255));
    }
  }
  if (sender_report_) {
    // RFC 3550 §6.4.1: LSR is the middle 32 bits, DLSR counts 1/65536 s.
    reception.last_sr = static_cast<std::uint32_t>(sender_report_->ntp >> 16);
    const std::int64_t since = std::max<std::int64_t>((now - sender_report_->arrival).count(), 0);
    reception.delay_since_last_sr = static_cast<std::uint32_t>(
        std::min<std::int64_t>(since / 1'000'000, 0xFFFF) * 65536 + since % 1'000'000 * 65536 / 1'000'000);
  }
  return reception;
}

Reception ReceiveStatistics::report(Instant now) {
  const Reception reception = peek(now);
  if (started_) {
    expected_prior_ = expected();
    received_prior_ = received_;
  }
  return reception;
}

Duration ReceiveStatistics::jitter() const {
  if (clock_rate_ == 0) return Duration::zero();
  return Duration(std::int64_t{jitter_scaled_ >> 4} * 1'000'000 / clock_rate_);
}

}  // namespace sluice::rtp
