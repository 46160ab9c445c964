// Which numbers of a stream belong to which frame, as far as can be told: so that a consumer that leaves a
// frame out also closes up the packets of it that are lost or late.
//
// One per producer stream; looks at packets that are ahead of all before.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "codec/codec.h"

namespace sluice::sfu {

/// Of a packet ahead of all before it: certainly of its frame are the numbers from `first` to its own,
/// certainly of the frame before are those up to `previous_last`. What lies between may be of either, or of a
/// frame in between.
struct FrameSpan {
  SequenceNumber first;
  SequenceNumber previous_last;
  bool after_gap = false;              ///< Numbers right before it have not come...
  bool gap_is_within_picture = false;  ///< ...and are all of its own picture.
};

class FrameTracker {
 public:
  /// A packet without media: it is of no frame, and makes no gap.
  FrameSpan pass_over(SequenceNumber number);
  FrameSpan note(SequenceNumber number, RtpTimestamp timestamp, bool marker, const codec::FrameFacts& facts);
  /// The picture id of any packet, widened to 16 bits that wrap like all others.
  std::uint16_t widen(const codec::PictureFields& picture);

 private:
  struct Last {
    SequenceNumber number;
    SequenceNumber first;
    RtpTimestamp timestamp;
    std::uint16_t frame_number = 0;
    std::uint8_t spatial_layer = 0;
    bool ended = false;
    bool picture_ended = false;
  };
  [[nodiscard]] std::uint16_t step_to(const codec::FrameFacts& facts) const;
  [[nodiscard]] bool is_next(RtpTimestamp timestamp, const codec::FrameFacts& facts) const;
  [[nodiscard]] bool is_gap_within(RtpTimestamp picture, const codec::FrameFacts& facts) const;

  Last last_;
  std::uint16_t newest_picture_ = 0;
  bool started_ = false;
  bool counting_ = false;
};

}  // namespace sluice::sfu
