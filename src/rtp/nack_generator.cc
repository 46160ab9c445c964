#include "rtp/nack_generator.h"

#include <algorithm>
#include <utility>

namespace sluice::rtp {

NackGenerator::NackGenerator(NackPolicy policy) : policy_(policy) {
  missing_.reserve(64);
  due_.reserve(64);
}

NackGenerator::Outcome NackGenerator::on_packet(SequenceNumber number, Instant now, Came came) {
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
    notice_losses(now);
    return Outcome::kInOrder;
  }
  const auto found = find(wide);
  if (found == missing_.end() || found->number != wide) {
    if (came == Came::kOriginal) note_original_after_repair(wide, now);
    return Outcome::kOld;
  }
  const Missing missing = *found;
  missing_.erase(found);
  if (missing_.empty()) next_deadline_ = kNever;
  return fill(missing, now, came);
}

NackGenerator::Outcome NackGenerator::fill(const Missing& missing, Instant now, Came came) {
  if (is_late_original(missing, now, came)) {
    if (missing.requests > 0) ++spurious_;
    tolerance_.on_late(now - missing.noticed, now);
    return Outcome::kLate;
  }
  if (came == Came::kRepair) {
    // Of the answer to a repeated request nobody knows which it answers (RFC 6298 §3).
    if (missing.requests == 1) rtt_.on_sample(now - missing.asked);
    repaired_[static_cast<std::size_t>(missing.number) % repaired_.size()] = {missing.number,
                                                                              missing.noticed};
  }
  ++recovered_;
  return Outcome::kRecovered;
}

bool NackGenerator::is_late_original(const Missing& missing, Instant now, Came came) const {
  if (came != Came::kEither) return came == Came::kOriginal;
  if (missing.requests == 0) return true;
  // No answer is there much before a round trip is over.
  return missing.requests == 1 && rtt_.known() && now - missing.asked < rtt_.smoothed() * 3 / 4;
}

void NackGenerator::note_original_after_repair(std::int64_t number, Instant now) {
  Repaired& repaired = repaired_[static_cast<std::size_t>(number) % repaired_.size()];
  if (repaired.number != number) return;
  ++spurious_;
  tolerance_.on_late(now - repaired.noticed, now);
  repaired = {};
}

void NackGenerator::note_gap(std::int64_t first, std::int64_t end, Instant now) {
  if (first == end) return;
  const auto gap = static_cast<std::uint64_t>(end - first);
  if (missing_.size() + gap > kMaxMissing) {
    given_up_ += gap;
    give_up_all();
    return;
  }
  const Instant due = now + tolerance_.patience(now);
  for (std::int64_t n = first; n < end; ++n) missing_.push_back({n, now, {}, due, newer_packets_, 0, false});
  next_deadline_ = std::min(next_deadline_, due);
}

/// The newest gaps stand last; enough packets behind one of them make it due before its time.
void NackGenerator::notice_losses(Instant now) {
  if (!tolerance_.orderly()) return;
  for (auto gap = missing_.rbegin(); gap != missing_.rend() && gap->requests == 0; ++gap) {
    if (!is_loss_by_count(*gap)) continue;
    next_deadline_ = std::min(next_deadline_, now);
    return;
  }
}

bool NackGenerator::is_loss_by_count(const Missing& missing) const {
  return tolerance_.orderly() && newer_packets_ - missing.noticed_at >= ReorderTolerance::kPackets;
}

void NackGenerator::give_up_all() {
  given_up_ += missing_.size();
  missing_.clear();
  next_deadline_ = kNever;
  key_frame_needed_ = policy_.key_frame;
}

std::vector<NackGenerator::Missing>::iterator NackGenerator::find(std::int64_t number) {
  return std::lower_bound(missing_.begin(), missing_.end(), number,
                          [](const Missing& missing, std::int64_t n) { return missing.number < n; });
}

void NackGenerator::on_key_frame(SequenceNumber number) {
  missing_.erase(missing_.begin(), find(unwrapper_.peek(number)));
  if (missing_.empty()) next_deadline_ = kNever;
  key_frame_needed_ = false;
}

void NackGenerator::on_discardable(SequenceNumber first, SequenceNumber last) {
  const std::int64_t end = unwrapper_.peek(last);
  for (auto it = find(unwrapper_.peek(first)); it != missing_.end() && it->number <= end; ++it)
    it->discardable = true;
}

void NackGenerator::restart() {
  missing_.clear();
  repaired_ = {};
  unwrapper_ = {};
  started_ = key_frame_needed_ = false;
  next_deadline_ = kNever;
}

/// Asked only once an answer to the last request is overdue. What cannot be a key frame's cause is not asked
/// for again when the answer would be too late to play.
bool NackGenerator::is_of_no_use(const Missing& missing, Instant now) const {
  if (missing.requests == 0) return false;
  if (missing.requests >= policy_.max_requests) return true;
  const Duration age = now - missing.noticed;
  return (policy_.key_frame ? age : age + rtt_.smoothed()) >= policy_.max_age;
}

std::span<const SequenceNumber> NackGenerator::advance(Instant now) {
  due_.clear();
  if (now < next_deadline_) return due_;
  const Duration patience = tolerance_.patience(now);  // may have grown since the gap showed
  const Instant again = now + std::max(rtt_.timeout(), kMinRetryInterval);
  next_deadline_ = kNever;
  auto keep = missing_.begin();
  for (Missing missing : missing_) {
    if (missing.requests == 0) missing.due = is_loss_by_count(missing) ? now : missing.noticed + patience;
    if (now >= missing.due) {
      if (is_of_no_use(missing, now)) {
        ++given_up_;
        if (!missing.discardable) key_frame_needed_ = policy_.key_frame;
        continue;
      }
      ++missing.requests;
      missing.asked = now;
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
