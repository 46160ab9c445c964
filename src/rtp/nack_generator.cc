#include "rtp/nack_generator.h"

#include <algorithm>
#include <utility>

namespace sluice::rtp {

NackGenerator::NackGenerator() {
  missing_.reserve(64);
  due_.reserve(64);
}

NackGenerator::Outcome NackGenerator::on_packet(SequenceNumber number, Instant now) {
  const std::int64_t wide = unwrapper_.unwrap(number);
  if (!started_) {
    started_ = true;
    newest_ = wide;
    return Outcome::kInOrder;
  }
  if (wide > newest_) {
    note_gap(newest_ + 1, wide, now);
    newest_ = wide;
    ++newer_packets_;
    // The newest gaps stand last; enough packets behind one of them make it due before its grace is over.
    for (auto gap = missing_.rbegin(); gap != missing_.rend() && gap->requests == 0; ++gap) {
      if (!is_due(*gap, now)) continue;
      next_deadline_ = std::min(next_deadline_, now);
      break;
    }
    return Outcome::kInOrder;
  }
  const auto found =
      std::lower_bound(missing_.begin(), missing_.end(), wide,
                       [](const Missing& missing, std::int64_t n) { return missing.number < n; });
  if (found == missing_.end() || found->number != wide) return Outcome::kOld;
  const bool asked = found->requests > 0;
  missing_.erase(found);
  if (missing_.empty()) next_deadline_ = kNever;
  if (!asked) return Outcome::kLate;
  ++recovered_;
  return Outcome::kRecovered;
}

void NackGenerator::note_gap(std::int64_t first, std::int64_t end, Instant now) {
  if (first == end) return;
  const auto gap = static_cast<std::uint64_t>(end - first);
  if (missing_.size() + gap > kMaxMissing) {
    given_up_ += gap;
    give_up_all();
    return;
  }
  for (std::int64_t n = first; n < end; ++n) missing_.push_back({n, now + kGrace, newer_packets_, 0});
  next_deadline_ = std::min(next_deadline_, now + kGrace);
}

void NackGenerator::give_up_all() {
  given_up_ += missing_.size();
  missing_.clear();
  next_deadline_ = kNever;
  key_frame_needed_ = true;
}

void NackGenerator::on_key_frame(SequenceNumber number) {
  const std::int64_t wide = unwrapper_.peek(number);
  const auto first =
      std::lower_bound(missing_.begin(), missing_.end(), wide,
                       [](const Missing& missing, std::int64_t n) { return missing.number < n; });
  missing_.erase(missing_.begin(), first);
  if (missing_.empty()) next_deadline_ = kNever;
  key_frame_needed_ = false;
}

bool NackGenerator::is_due(const Missing& missing, Instant now) const {
  return now >= missing.due ||
         (missing.requests == 0 && newer_packets_ - missing.noticed_at >= kReorderPackets);
}

std::span<const SequenceNumber> NackGenerator::advance(Instant now) {
  due_.clear();
  if (now < next_deadline_) return due_;
  // A quarter of the round trip on top for jitter, so that an answer under way is not asked for again.
  const Instant again = now + std::max(rtt_ + rtt_ / 4, kMinRetryInterval);
  next_deadline_ = kNever;
  auto keep = missing_.begin();
  for (Missing missing : missing_) {
    if (is_due(missing, now)) {
      if (missing.requests == kMaxRetries) {
        ++given_up_;
        key_frame_needed_ = true;
        continue;
      }
      ++missing.requests;
      missing.due = again;
      due_.push_back({static_cast<std::uint16_t>(missing.number)});
    }
    next_deadline_ = std::min(next_deadline_, missing.due);
    *keep++ = missing;
  }
  missing_.erase(keep, missing_.end());
  requested_ += due_.size();
  return due_;
}

bool NackGenerator::take_key_frame_needed() {
  return std::exchange(key_frame_needed_, false);
}

}  // namespace sluice::rtp
