#include "client/continuity.h"

#include <algorithm>

namespace sluice::client {

Continuity::Continuity(MediaKind kind)
    : video_(kind == MediaKind::kVideo),
      slots_(video_ ? kVideoWindow : kAudioWindow),
      decoding_(!video_),
      first_is_key_(!video_) {}

std::int64_t Continuity::oldest() const {
  return std::max(first_, newest_ - static_cast<std::int64_t>(slots_.size()) + 1);
}

/// Whose packet it is, and from which of its layers. False when it does not belong here.
bool Continuity::take_marker(const Arrival& arrival, std::int64_t number) {
  if (!arrival.marker) {
    if (!arrival.unmarked) ++counts_.bad_markers;
    return arrival.unmarked;
  }
  const Marker& marker = *arrival.marker;
  if (!stream_) {
    stream_ = marker.stream;
    // Those before it may have had none.
    const auto before =
        started_ ? static_cast<std::uint32_t>(std::max<std::int64_t>(number - first_, 0)) : 0U;
    newest_counter_ = marker.counter;
    first_counter_ = marker.counter - before;
    layer_ = marker.layer;
    newest_marked_ = number;
  }
  if (*stream_ != marker.stream) {
    ++counts_.bad_markers;
    return false;
  }
  if (number > newest_marked_) {
    newest_marked_ = number;
    newest_counter_ = marker.counter;
    if (marker.layer != layer_) ++counts_.layer_switches;
    layer_ = marker.layer;
  }
  return true;
}

void Continuity::on_packet(const Arrival& arrival, Instant now) {
  const std::int64_t number = unwrapper_.peek(arrival.number);
  if (!take_marker(arrival, number)) return;
  unwrapper_.unwrap(arrival.number);
  if (!started_) {
    started_ = true;
    first_ = newest_ = number;
    rendered_ = number - 1;
    first_at_ = now;
  }
  // Started in the middle of reordered packets: the stream begins a little earlier than was thought.
  if (number < first_ && first_ - number < 64 &&
      newest_ - number < static_cast<std::int64_t>(slots_.size())) {
    for (std::int64_t n = number; n < first_; ++n) slot(n) = {};
    first_ = number;
    if (!decoding_ && counts_.frames == 0) rendered_ = number - 1;
  }
  if (number < oldest()) {
    ++counts_.stragglers;
    return;
  }
  if (number > newest_) move_on(number);
  Slot& place = slot(number);
  if (place.received) {
    ++(arrival.repair || place.repair ? counts_.repeated : counts_.duplicates);
    return;
  }
  place = {0, arrival.timestamp.value, true, arrival.frame_end, arrival.key_frame, arrival.repair, false, 0};
  ++counts_.packets;
  if (arrival.repair) ++counts_.repaired;
  if (arrival.marker) {
    place.marked = true;
    place.counter = arrival.marker->counter;
    place.layer = arrival.marker->layer;
    if (!arrival.repair) longest_delay_ = std::max(longest_delay_, now - arrival.marker->sent_at);
    if (number == first_) first_counter_ = arrival.marker->counter;
  } else {
    ++counts_.unmarked;
  }
  if (number == first_) first_is_key_ = !video_ || arrival.key_frame;
  if (arrival.key_frame) last_key_ = std::max(last_key_, number);
  check_order(number, place);
  render(now);
}

/// Makes room for numbers up to `newest`; what falls out of the window unseen is lost.
void Continuity::move_on(std::int64_t newest) {
  const auto size = static_cast<std::int64_t>(slots_.size());
  const std::int64_t leaving_end = std::min(newest - size + 1, newest_ + 1);
  for (std::int64_t n = oldest(); n < leaving_end; ++n) {
    if (!slot(n).received) ++(n < last_key_ ? counts_.superseded : counts_.lost);
  }
  for (std::int64_t n = std::max(newest_ + 1, newest - size + 1); n <= newest; ++n) slot(n) = {};
  if (newest - size > newest_) counts_.lost += static_cast<std::uint64_t>(newest - size - newest_);
  newest_ = newest;
}

void Continuity::check_order(std::int64_t number, const Slot& added) {
  if (number - 1 >= oldest() && slot(number - 1).received) check_pair(slot(number - 1), added);
  if (number + 1 <= newest_ && slot(number + 1).received) check_pair(added, slot(number + 1));
}

/// Neighbours in number must be neighbours in the publisher's order; equal steps unless packets were left out
/// on purpose. Another layer counts for itself, and begins with a key frame.
void Continuity::check_pair(const Slot& before, const Slot& after) {
  const auto time = static_cast<std::int32_t>(after.timestamp - before.timestamp);
  if (time < 0) ++counts_.timestamp_errors;
  if (!before.marked || !after.marked) return;
  if (before.layer != after.layer) {
    if (!after.key_frame) ++counts_.bad_starts;
    return;
  }
  const auto made = static_cast<std::int64_t>(after.counter) - static_cast<std::int64_t>(before.counter);
  if (made < 1) {
    ++counts_.order_errors;
  } else {
    counts_.left_out += static_cast<std::uint64_t>(made - 1);
    if (video_ && made > 1 && !after.key_frame) ++counts_.bad_starts;
    if (time != 0 && made == 1 && !before.frame_end) ++counts_.timestamp_errors;
  }
}

void Continuity::render(Instant now) {
  // What has left the window can no longer be played.
  if (rendered_ < oldest() - 1) {
    rendered_ = oldest() - 1;
    decoding_ = !video_;
  }
  if (!video_ && newest_ - rendered_ > kAudioPatience && !slot(rendered_ + 1).received) ++rendered_;
  // A decoder that waits for a hole starts again at a key frame.
  if (last_key_ > rendered_ + 1 && slot(last_key_).received &&
      (!decoding_ || !slot(rendered_ + 1).received)) {
    rendered_ = last_key_ - 1;
    decoding_ = true;
  }
  for (; rendered_ < newest_ && slot(rendered_ + 1).received; ++rendered_) {
    const Slot& next = slot(rendered_ + 1);
    if (next.key_frame) {
      decoding_ = true;
      ++counts_.key_frames;
    }
    if (!decoding_ || !next.frame_end) continue;
    ++counts_.frames;
    ++counts_.frames_by_layer[next.layer % counts_.frames_by_layer.size()];
    if (first_frame_at_ == kNever) first_frame_at_ = now;
    if (last_frame_at_ != kNever) {
      longest_gap_ = std::max(longest_gap_, now - last_frame_at_);
      if (now - last_frame_at_ > kFreeze) ++freezes_;
    }
    last_frame_at_ = now;
  }
}

std::size_t Continuity::unseen(std::int64_t from, std::int64_t to) const {
  std::size_t out = 0;
  for (std::int64_t n = std::max(oldest(), from); n <= std::min(newest_, to); ++n)
    out += slot(n).received ? 0 : 1;
  return started_ ? out : 0;
}

void Continuity::reset_freeze() {
  last_frame_at_ = kNever;
  longest_gap_ = {};
  freezes_ = 0;
}

}  // namespace sluice::client
