#include "sfu/frame_tracker.h"

namespace sluice::sfu {
namespace {

constexpr std::uint8_t kDescriptorBits = 16;
constexpr std::uint8_t kNoLayer = 0xFF;  ///< Of a packet that could not be read: its frame is unknown.

std::uint16_t mask_of(std::uint8_t bits) {
  return static_cast<std::uint16_t>((1U << bits) - 1);
}

}  // namespace

std::uint16_t FrameTracker::step_to(const codec::FrameFacts& facts) const {
  return static_cast<std::uint16_t>((facts.number - last_.frame_number) & mask_of(facts.number_bits));
}

/// The frame right after the last one: nothing was lost in between but packets of the two.
bool FrameTracker::is_next(RtpTimestamp timestamp, const codec::FrameFacts& facts) const {
  if (facts.number_bits == 0) return false;
  const std::uint16_t step = step_to(facts);
  // The dependency descriptor counts every frame, VP8 and VP9 count pictures.
  if (step == 1) return facts.number_bits == kDescriptorBits || facts.spatial_layer == 0;
  return step == 0 && timestamp == last_.timestamp && facts.spatial_layer == last_.spatial_layer + 1;
}

/// Between the last packet and one of `picture` nothing is missing but packets of `picture`.
bool FrameTracker::is_gap_within(RtpTimestamp picture, const codec::FrameFacts& facts) const {
  if (picture == last_.timestamp) return true;
  if (facts.number_bits == 0 || !last_.picture_ended) return false;
  // Where frames are counted, those of the lower spatial layers may be missing as a whole.
  const int frames = facts.number_bits == kDescriptorBits ? facts.spatial_layer : 0;
  return step_to(facts) >= 1 && step_to(facts) <= frames + 1;
}

FrameSpan FrameTracker::note(SequenceNumber number, RtpTimestamp timestamp, bool marker,
                             const codec::FrameFacts& facts) {
  FrameSpan span{number, number.plus(-1)};
  if (facts.is_unread) {
    span = pass_over(number);
    last_ = {number, number, timestamp, 0, kNoLayer, true, false};
    started_ = true;
    return span;
  }
  if (started_) {
    const bool same = timestamp == last_.timestamp && facts.spatial_layer == last_.spatial_layer &&
                      (facts.number_bits == 0 || facts.number == last_.frame_number) && !facts.is_frame_start;
    span.previous_last = last_.number;
    const int gap = number.minus(last_.number) - 1;
    span.after_gap = gap > 0;
    span.gap_is_within_picture = gap > 0 && is_gap_within(timestamp, facts);
    if (same) {
      span.first = last_.first;
      span.previous_last = last_.first.plus(-1);
    } else if (gap > 0) {
      // A frame that has not ended has at least one packet more, one that did not start here at least one
      // less.
      const bool open = !last_.ended;
      const bool cut = !facts.is_frame_start;
      if (is_next(timestamp, facts) && open != cut) {
        if (open) {
          span.previous_last = number.plus(-1);
        } else {
          span.first = last_.number.plus(1);
        }
      } else if (gap > 1 || open != cut) {
        if (open) span.previous_last = last_.number.plus(1);
        if (cut) span.first = number.plus(-1);
      }
    }
  }
  last_ = {number, span.first, timestamp, facts.number, facts.spatial_layer, marker || facts.is_frame_end,
           marker};
  started_ = true;
  return span;
}

FrameSpan FrameTracker::pass_over(SequenceNumber number) {
  if (!started_) return {number, number.plus(-1)};
  const FrameSpan span{number, last_.number, number.minus(last_.number) > 1, false};
  if (!span.after_gap) last_.number = number;
  return span;
}

std::uint16_t FrameTracker::widen(const codec::PictureFields& picture) {
  if (!picture.has_picture_id()) return 0;
  const std::uint16_t mask = mask_of(picture.long_picture_id ? 15 : 7);
  if (!counting_) {
    counting_ = true;
    newest_picture_ = picture.picture_id;
    return newest_picture_;
  }
  // The short way round, from the newest.
  int step = (picture.picture_id - newest_picture_) & mask;
  if (step > mask / 2) step -= mask + 1;
  const auto wide = static_cast<std::uint16_t>(newest_picture_ + step);
  if (step > 0) newest_picture_ = wide;
  return wide;
}

}  // namespace sluice::sfu
