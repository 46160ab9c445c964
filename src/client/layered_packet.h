// A packet of layered media as a receiver sees it: what its marker tells of the truth, and what header and
// payload descriptor say on the wire. Read by DecoderModel, kept by PacketOrder.
#pragma once

#include <optional>
#include <string>

#include "base/ids.h"
#include "client/frame_info.h"
#include "client/layered_codec.h"
#include "client/marker.h"

namespace sluice::client {

struct LayeredPacket {
  // On the wire:
  std::int64_t number = 0;  ///< The sequence number, unwrapped.
  RtpTimestamp timestamp;
  bool marker_bit = false;
  bool has_picture = false;  ///< VP8 and VP9: the two that follow.
  std::uint16_t picture_id = 0;
  std::uint8_t tl0_pic_idx = 0;
  std::optional<std::uint16_t> frame_number;  ///< Of the dependency descriptor.
  bool starts_frame = false;                  ///< As descriptors tell.
  // In truth:
  Marker marker;
  FrameInfo frame;

  /// Takes the payload apart; nothing when it is not layered media of this codec, or not intact.
  static std::optional<LayeredPacket> read(LayeredCodec codec, Bytes payload,
                                           std::optional<Bytes> dependency);

  /// Which encoder made it: frames are numbered in each. A publisher that starts anew is another.
  [[nodiscard]] std::uint64_t source() const { return std::uint64_t{marker.stream} << 8 | marker.layer; }
  /// The track, which stays when its publisher starts anew.
  [[nodiscard]] std::uint32_t track() const { return marker.stream & 0xFF'FFFF; }
  [[nodiscard]] bool same_frame(const LayeredPacket& other) const {
    return source() == other.source() && frame.number == other.frame.number;
  }
  [[nodiscard]] bool same_picture(const LayeredPacket& other) const {
    return source() == other.source() && frame.media_time == other.frame.media_time;
  }
  /// "number 4711: stream 1 encoding 2, frame 17 S0 T2, packet 1 of 3".
  [[nodiscard]] std::string name() const;
};

}  // namespace sluice::client
