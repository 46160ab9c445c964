// Where a frame of H.264 or H.265 starts, when its first packets hold parameter sets and no picture yet: a
// packet alone cannot tell that another has begun the same frame; the one before it can. For FrameReader.
//
// It goes by the order packets come in: one that comes out of order stays what it says by itself, a start
// once too often, and nothing later is mistaken.
#pragma once

#include <cstdint>

#include "codec/codec.h"

namespace sluice::codec {

class AccessUnitStart {
 public:
  /// `facts`: of the packet alone; corrected where the packet goes on with a frame that has been announced.
  void correct(bool has_slice, bool marker, FrameFacts& facts) {
    const Opening before = opening_;
    if (has_slice || marker) {
      opening_ = Opening::kNone;
    } else if (facts.is_frame_start) {
      const bool of_key_frame = facts.is_key_frame || before == Opening::kKeyFrame;
      opening_ = of_key_frame ? Opening::kKeyFrame : Opening::kOther;
    }
    if (!facts.is_frame_start) return;
    // Behind a delimiter, parameter sets make the start a key frame's, so it is told anew. Behind parameter
    // sets, the slice of a frame that is none began without them.
    const bool goes_on = before == Opening::kKeyFrame ? facts.is_key_frame || !has_slice
                                                      : before == Opening::kOther && !facts.is_key_frame;
    if (!goes_on) return;
    facts.is_frame_start = false;
    facts.is_key_frame = false;
    facts.is_layer_sync = false;
    facts.switches = 0;
  }

 private:
  enum class Opening : std::uint8_t { kNone, kOther, kKeyFrame };
  Opening opening_ = Opening::kNone;
};

}  // namespace sluice::codec
