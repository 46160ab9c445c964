// Cuts the byte stream of the control channel into size-prefixed frames.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |           length of what follows (little-endian)              |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                flatbuffer, root table Frame  ...
//
// Invariants: holds at most one frame, so at most kMaxFrameSize bytes, and only as many as have arrived; a
// frame is given with its prefix and at an address aligned to 8, as the flatbuffers verifier expects. Used by
// Session.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "worker/control/protocol.h"

namespace sluice::control {

class Deframer {
 public:
  enum class Status {
    kNeedMore,  ///< All bytes were taken; no frame is complete.
    kFrame,     ///< frame() is complete; call next() with the rest.
    kTooLong    ///< The prefix names more than kMaxFrameSize, or zero. The stream cannot be followed any
                ///< further.
  };

  /// Takes bytes from the front of `bytes`, at most to the end of one frame.
  Status next(std::span<const std::uint8_t>& bytes);
  /// The complete frame with its prefix; valid until the next call of next().
  [[nodiscard]] std::span<const std::uint8_t> frame() const { return buffer_; }
  /// What the prefix says, once it is there.
  [[nodiscard]] std::size_t announced_size() const;
  /// True between frames: a stream may end here.
  [[nodiscard]] bool idle() const { return buffer_.empty() || complete_; }

 private:
  void take(std::span<const std::uint8_t>& bytes, std::size_t up_to);

  std::vector<std::uint8_t> buffer_;
  bool complete_ = false;
};

}  // namespace sluice::control
