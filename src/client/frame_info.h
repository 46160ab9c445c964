// What each packet of a synthetic layered stream tells of the frame it belongs to, so that a judge knows
// without a codec what a decoder would have needed: which frame of which layers, its packets, the frames that
// it refers to, and when it was captured. It lies right before the marker (marker.h), which is its checksum.
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                            "SFRM"                             |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                         frame number                          |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                 media time (90 kHz, of the track)             |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |     packet of the frame       |      packets of the frame     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |            width              |             height            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |  spatial      |   temporal    |        |K|    |  references   |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |    four frame numbers; those beyond `references` are zero     :
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::client {

struct FrameInfo {
  static constexpr std::size_t kSize = 40;
  static constexpr std::size_t kMaxReferences = 4;

  std::uint32_t number = 0;  ///< Counts the frames of one encoding, each spatial layer one, in coding order.
  std::uint32_t media_time = 0;  ///< The same for all encodings of a picture, whatever their RTP timestamps.
  std::uint16_t index = 0;       ///< Which packet of the frame...
  std::uint16_t count = 0;       ///< ...of how many.
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  std::uint8_t spatial = 0;
  std::uint8_t temporal = 0;
  bool key = false;  ///< Of a picture that needs none before it; upper spatial layers refer to those below.
  std::uint8_t reference_count = 0;
  std::array<std::uint32_t, kMaxReferences> references{};
  friend bool operator==(const FrameInfo&, const FrameInfo&) = default;

  void refer_to(std::uint32_t frame) { references.at(reference_count++) = frame; }
  [[nodiscard]] bool is_first() const { return index == 0; }
  [[nodiscard]] bool is_last() const { return index + 1 == count; }

  /// `payload` ends in a marker that has been checked; nothing when no frame info stands before it.
  static std::optional<FrameInfo> parse(Bytes payload);
  /// Fills the bytes before the place of the marker.
  void write(MutableBytes payload) const;
};

}  // namespace sluice::client
