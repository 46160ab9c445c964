// VP8 payload descriptor (RFC 7741 §4.2) and the start of the payload header (§4.3; RFC 6386 §9.1).
//
// Offsets of the picture id and TL0PICIDX are kept, as a consumer rewrites both in its own copy.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "codec/codec.h"

namespace sluice::codec {

struct Vp8 {
  bool start_of_partition = false;   ///< S
  std::uint8_t partition_index = 0;  ///< PID
  bool non_reference = false;        ///< N: may be dropped.
  bool layer_sync = false;           ///< Y
  std::optional<std::uint16_t> picture_id;
  bool long_picture_id = false;  ///< M: 15 bits rather than 7.
  std::optional<std::uint8_t> tl0_pic_idx;
  std::optional<std::uint8_t> temporal_layer;  ///< TID
  std::optional<std::uint8_t> key_index;       ///< KEYIDX

  bool is_key_frame = false;  ///< Known where S=1 and PID=0.
  std::uint16_t width = 0;    ///< Pixels, of a key frame.
  std::uint16_t height = 0;

  std::uint8_t descriptor_size = 0;
  std::uint8_t picture_id_offset = 0;   ///< In the payload; 0 without one.
  std::uint8_t tl0_pic_idx_offset = 0;  ///< In the payload; 0 without one.

  /// Nothing when the descriptor is cut short.
  static std::optional<Vp8> parse(Bytes payload);
  [[nodiscard]] bool is_frame_start() const { return start_of_partition && partition_index == 0; }
  [[nodiscard]] PictureFields picture() const;
  [[nodiscard]] FrameFacts facts() const;
};

}  // namespace sluice::codec
