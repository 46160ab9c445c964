// VP8 frames to RTP payloads (RFC 7741): a descriptor before each part of the frame. Held by Packetizer.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "packetize/payloads.h"
#include "packetize/scalability.h"
#include "sluice/encoded_frame.h"

namespace sluice::packetize {

/// The descriptor as we write it (RFC 7741 §4.2), with a picture id of 15 bits.
struct Vp8Descriptor {
  bool non_reference = false;       ///< N
  bool start_of_partition = false;  ///< S
  std::uint8_t partition = 0;       ///< PID
  std::uint16_t picture_id = 0;
  bool has_layers = false;  ///< L and T: the three that follow.
  std::uint8_t tl0_pic_idx = 0;
  std::uint8_t temporal = 0;
  bool layer_sync = false;                ///< Y
  std::optional<std::uint8_t> key_index;  ///< KEYIDX, beside the layers.

  static constexpr std::size_t kMaxSize = 6;
  void write(ByteWriter& out) const;
};

class Vp8Packetizer {
 public:
  Vp8Packetizer(Scalability scalability, std::uint16_t first_picture_id)
      : has_layers_(scalability.temporal > 1), picture_id_(first_picture_id) {}

  /// False for an empty frame.
  bool packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out);

 private:
  bool has_layers_;
  std::uint16_t picture_id_;
  std::uint8_t tl0_pic_idx_ = 0;
};

}  // namespace sluice::packetize
