#include "rtp/retransmission_budget.h"

#include <algorithm>

namespace sluice::rtp {
namespace {

/// Bitrate times microseconds: what the buckets count in, so that nothing is rounded away.
constexpr std::int64_t kPerByte = 8'000'000;
/// What may be saved up, in time and in bytes at least; and how far media may overdraw, so that a key frame
/// does not keep repairs off for long.
constexpr Duration kBurst = 100ms;
constexpr std::int64_t kMinBurst = 8'000 * kPerByte;
/// Repairs' own share of the bitrate, at least a voice with every packet repaired.
constexpr std::int64_t kShare = 10;
constexpr std::int64_t kMinShare = 48'000;
constexpr Duration kOwnBurst = 200ms;
constexpr std::int64_t kMinOwnBurst = 4'000 * kPerByte;
/// Of requests closer than this the second is of the same loss, whatever the round trip.
constexpr Duration kMinDistance = 10ms;
constexpr Duration kMaxDistance = 500ms;
constexpr Duration kAssumedRoundTrip = 20ms;

std::int64_t own_rate(std::int64_t bitrate) {
  return std::max(bitrate / kShare, kMinShare);
}
std::int64_t shared_room(std::int64_t bitrate) {
  return std::max(bitrate * kBurst.count(), kMinBurst);
}
std::int64_t own_room(std::int64_t bitrate) {
  return std::max(own_rate(bitrate) * kOwnBurst.count(), kMinOwnBurst);
}
std::uint16_t milliseconds(Instant at) {
  return static_cast<std::uint16_t>(duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count());
}

}  // namespace

void RetransmissionBudget::set_available_bitrate(std::optional<std::uint32_t> bps, Instant now) {
  if (bps && !bitrate_) {
    shared_ = shared_room(*bps);
    own_ = own_room(*bps);
    filled_at_ = now;
  }
  fill(now);
  bitrate_ = bps;
  fill(now);  // what was saved up fits the new bitrate
}

void RetransmissionBudget::fill(Instant now) {
  if (!bitrate_) return;
  const std::int64_t bitrate = *bitrate_;
  // Longer than it takes to fill any bucket is as good as ten seconds.
  const std::int64_t elapsed = std::clamp<std::int64_t>((now - filled_at_).count(), 0, 10'000'000);
  filled_at_ = std::max(filled_at_, now);
  shared_ = std::min(shared_ + bitrate * elapsed, shared_room(bitrate));
  own_ = std::min(own_ + own_rate(bitrate) * elapsed, own_room(bitrate));
}

void RetransmissionBudget::on_media_sent(std::size_t bytes, Instant now) {
  if (!bitrate_) return;
  fill(now);
  shared_ = std::max(shared_ - static_cast<std::int64_t>(bytes) * kPerByte, -shared_room(*bitrate_));
}

bool RetransmissionBudget::spend(std::size_t bytes, Instant now) {
  if (!bitrate_) return true;
  fill(now);
  const std::int64_t cost = static_cast<std::int64_t>(bytes) * kPerByte;
  if (shared_ >= cost) {
    shared_ -= cost;
    return true;
  }
  if (own_ < cost) return false;
  own_ -= cost;
  return true;
}

bool RetransmissionBudget::sent_lately(SequenceNumber number, std::uint16_t now_ms, Duration rtt) const {
  const std::size_t place = number.value % kNumbers;
  if ((used_ >> place & 1) == 0 || numbers_[place] != number.value) return false;
  // An eighth less, as the viewer measures its round trip itself, and asks again by that.
  const Duration distance = rtt.count() == 0 ? kAssumedRoundTrip : rtt - rtt / 8;
  const auto since = static_cast<std::uint16_t>(now_ms - sent_ms_[place]);
  return std::chrono::milliseconds(since) < std::clamp(distance, kMinDistance, kMaxDistance);
}

bool RetransmissionBudget::may_send(SequenceNumber number, std::size_t bytes, Instant now, Duration rtt,
                                    Duration age) {
  const std::uint16_t now_ms = milliseconds(now);
  if (sent_lately(number, now_ms, rtt)) {
    ++refused_.repeated;
    return false;
  }
  if (max_age_ != kNoLimit && age + rtt / 2 > max_age_) {
    ++refused_.too_old;
    return false;
  }
  if (!spend(bytes, now)) {
    ++refused_.budget;
    return false;
  }
  note_sent(number, now);
  return true;
}

void RetransmissionBudget::note_sent(SequenceNumber number, Instant now) {
  const std::size_t place = number.value % kNumbers;
  numbers_[place] = number.value;
  sent_ms_[place] = milliseconds(now);
  used_ |= std::uint64_t{1} << place;
}

}  // namespace sluice::rtp
