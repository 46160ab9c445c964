#include "packetize/frame_receiver.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::packetize {

FrameReceiver::FrameReceiver(const Options& options)
    : options_(options), depacketizer_(options.format), needs_key_frame_(!is_audio(options.format)) {
  SLUICE_CHECK(options.max_packets >= 16 && options.max_packets <= 16'384);
}

/// The number unwrapped, or nothing for one too far from the others: two in a row are a sender that began
/// anew.
std::optional<std::int64_t> FrameReceiver::place(SequenceNumber number) {
  if (!started_) {
    started_ = true;
    next_ = scan_ = number.value;
    newest_ = next_ - 1;
    return next_;
  }
  const std::int64_t step = number.minus({static_cast<std::uint16_t>(newest_)});
  if (step > -kMaxStep && step < kMaxStep) {
    suspect_.reset();
    return newest_ + step;
  }
  const bool is_confirmed = suspect_ && number == suspect_->plus(1);
  suspect_ = number;
  if (!is_confirmed) return std::nullopt;
  suspect_.reset();
  ++counters_.restarts;
  window_.clear();
  lose();
  next_ = scan_ = newest_ + step;
  newest_ = next_ - 1;
  end_.reset();
  frame_of_.reset();
  delivered_ = false;
  return next_;
}

void FrameReceiver::receive(const Packet& packet, Instant now) {
  ++counters_.packets;
  const auto number = place(packet.number);
  if (!number) return;
  if (*number < next_) {
    if (delivered_ || next_ - *number > kMaxStartReordering) {
      ++counters_.late;
      return;
    }
    // Nothing has been decided yet: the first packet that came was not the first one.
    window_.reserve(next_, static_cast<std::size_t>(newest_ - *number + 1));
    next_ = scan_ = *number;
    end_.reset();
    frame_of_.reset();
  }
  if (*number <= newest_ && window_.find(*number) != nullptr) {
    ++counters_.duplicates;
    return;
  }
  if (!make_room(*number, packet.payload.size())) return;
  PacketWindow::Slot& slot = window_.insert(*number, packet.payload);
  const Start start = packet.payload.empty() ? Start{} : depacketizer_.start_of(packet.payload);
  slot.arrival = now;
  slot.timestamp = packet.timestamp;
  slot.marker = packet.marker;
  slot.starts_frame = start.of_frame;
  slot.starts_key_frame = start.of_key_frame;
  newest_ = std::max(newest_, *number);
  look();
  // Nothing before a key frame is of use when only that helps.
  const bool is_of_another = !frame_of_ || packet.timestamp != *frame_of_;
  const bool is_stuck = (has_gap() && *number > scan_) || (misses_start() && *number > next_);
  if (start.of_key_frame && is_of_another && holds_back() && is_stuck) skip_to(*number);
  note_gap();
}

/// Gives up the oldest until a payload of `size` bytes with this number fits. False when it never does.
bool FrameReceiver::make_room(std::int64_t number, std::size_t size) {
  if (size > options_.max_bytes) return false;
  const auto max_span = static_cast<std::int64_t>(options_.max_packets);
  while (window_.bytes() + size > options_.max_bytes || number - next_ >= max_span) {
    if (next_ > newest_) {
      lose();
      next_ = scan_ = number;
      break;
    }
    drop_front();
    if (number < next_) {
      ++counters_.late;
      return false;
    }
  }
  window_.reserve(next_, static_cast<std::size_t>(std::max(number, newest_) - next_ + 1));
  return true;
}

/// Finds where the frame at next_ ends, as far as its packets are here.
void FrameReceiver::look() {
  while (!end_ && scan_ <= newest_) {
    const PacketWindow::Slot* slot = window_.find(scan_);
    if (slot == nullptr) return;
    if (slot->payload.empty()) {  // padding, which is in a row with the rest
      if (scan_ == next_) {
        window_.release(next_++);
        delivered_ = true;
      }
      ++scan_;
      continue;
    }
    // A frame also ends where another begins: not every sender sets the marker.
    if (frame_of_ && slot->timestamp != *frame_of_) {
      end_ = scan_;
      return;
    }
    frame_of_ = slot->timestamp;
    ++scan_;
    if (slot->marker || !is_video()) end_ = scan_;
  }
}

/// Whether what is here may be the rest of a frame whose first packets come late: only before anything was
/// decided.
bool FrameReceiver::misses_start() const {
  if (delivered_ || next_ > newest_) return false;
  const PacketWindow::Slot* first = window_.find(next_);
  return first != nullptr && !(holds_back() ? first->starts_key_frame : first->starts_frame);
}

void FrameReceiver::note_gap() {
  deadline_ = kNever;
  if (misses_start()) {
    deadline_ = window_.find(next_)->arrival + std::min(options_.patience, kStartPatience);
  } else if (has_gap()) {
    std::int64_t behind = scan_;
    while (window_.find(behind) == nullptr) ++behind;  // ends at newest_ at the latest
    deadline_ = window_.find(behind)->arrival + options_.patience;
  }
}

void FrameReceiver::advance(Instant now) {
  while (deadline_ <= now) give_up();
}

void FrameReceiver::give_up() {
  if (!misses_start()) return give_up_gap();
  ++counters_.incomplete;
  const bool ends = end_.has_value();
  release_to(ends ? *end_ : scan_);
  lose();
  is_continuous_ = ends;
  look();
  note_gap();
}

/// The numbers missing at scan_ are lost, and with them what is here of the frame before and behind them.
void FrameReceiver::give_up_gap() {
  if (scan_ > next_) ++counters_.incomplete;
  std::int64_t behind = scan_;
  while (window_.find(behind) == nullptr) ++behind;
  counters_.lost += static_cast<std::uint64_t>(behind - scan_);
  release_to(behind);
  lose();
  look();
  note_gap();
}

/// Makes room, whatever stands at the front.
void FrameReceiver::drop_front() {
  if (has_gap() && !misses_start()) return give_up_gap();
  ++counters_.overflowed;
  release_to(end_ ? *end_ : scan_);
  lose();
  look();
  note_gap();
}

void FrameReceiver::skip_to(std::int64_t number) {
  for (std::int64_t n = scan_; n < number; ++n) {
    if (window_.find(n) == nullptr) ++counters_.lost;
  }
  release_to(number);
  lose();
  look();
}

void FrameReceiver::release_to(std::int64_t number) {
  for (; next_ < number; ++next_) window_.release(next_);
  scan_ = next_;
  end_.reset();
  frame_of_.reset();
  delivered_ = true;
}

void FrameReceiver::lose() {
  is_continuous_ = false;
  lost_ = true;
  needs_key_frame_ = is_video();
}

bool FrameReceiver::take(EncodedFrame& out) {
  while (end_ && !misses_start()) {
    payloads_.clear();
    for (std::int64_t n = next_; n < *end_; ++n) {
      if (const Bytes payload = window_.find(n)->payload; !payload.empty()) payloads_.push_back(payload);
    }
    const bool has_start = is_continuous_ || window_.find(next_)->starts_frame;
    out.metadata.rtp_timestamp = frame_of_->value;
    const bool is_whole = has_start && depacketizer_.depacketize(payloads_, out);
    release_to(*end_);
    look();
    note_gap();
    if (!is_whole) {
      ++(has_start ? counters_.malformed : counters_.incomplete);
      lose();
      // Its packets were in a row, so the next one begins a frame.
      is_continuous_ = true;
      continue;
    }
    is_continuous_ = true;
    if (out.metadata.key_frame) needs_key_frame_ = false;
    if (holds_back()) {
      ++counters_.skipped;
      lost_ = true;
      continue;
    }
    out.metadata.after_loss = lost_;
    lost_ = false;
    ++counters_.frames;
    if (out.metadata.key_frame) ++counters_.key_frames;
    return true;
  }
  return false;
}

void FrameReceiver::missing(std::vector<SequenceNumber>& out, std::size_t max) const {
  out.clear();
  for (std::int64_t n = scan_; n < newest_ && out.size() < max; ++n) {
    if (window_.find(n) == nullptr) out.push_back({static_cast<std::uint16_t>(n)});
  }
}

}  // namespace sluice::packetize
