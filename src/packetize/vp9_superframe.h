// Several frames of one VP9 picture in one piece, behind them an index of their sizes (VP9 bitstream
// specification, Annex B). Read by Vp9Packetizer, which gives each spatial layer payloads of its own; written
// by Vp9Depacketizer.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace sluice::packetize {

struct Vp9Superframe {
  static constexpr std::size_t kMaxFrames = 8;
  std::array<Bytes, kMaxFrames> frames{};
  std::size_t count = 0;

  /// A picture without an index, or with one that does not add up, is one frame.
  static Vp9Superframe parse(Bytes picture);
  /// Appends the index of `sizes`, which must be those of what `out` holds.
  static void append_index(std::vector<std::uint8_t>& out, const std::array<std::uint32_t, kMaxFrames>& sizes,
                           std::size_t count);
};

}  // namespace sluice::packetize
