// Coded media that the sources send: made here (vp8_picture.h, opus_clip.h), or read from a file by the load
// tool. Plain values; they outlive every source that sends them, as packets point into them.
#pragma once

#include <cstdint>
#include <vector>

#include "sluice/time.h"

namespace sluice::client {

struct VideoClip {
  struct Frame {
    std::vector<std::uint8_t> data;  ///< VP8.
    bool key = false;
  };
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  /// Zero: a picture that stands still. Frame 0 is its key frame and 1 says "as before", again and again,
  /// each made as long as the bitrate wants it: what follows the coded data lies in a partition that is never
  /// read.
  Duration frame_interval{};
  std::vector<Frame> frames;  ///< The first is a key frame.
};

struct AudioClip {
  struct Packet {
    /// A code 3 packet whose last bytes, Marker::kSize of padding, are not there yet (opus_clip.h).
    std::vector<std::uint8_t> head;
    Duration duration{};
  };
  std::vector<Packet> voice;    ///< Again from the start when it is over.
  std::vector<Packet> silence;  ///< In the turns of silence; empty: there are none.
};

}  // namespace sluice::client
