// What an SFU needs to know of a payload, whatever its codec. Asked once per received packet by ingress.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "codec/layers.h"

namespace sluice::codec {

enum class Kind : std::uint8_t { kOther, kOpus, kRed, kVp8, kVp9, kH264, kH265, kAv1 };

/// "video/VP8", in any case; kOther for what we only forward.
Kind kind_of(std::string_view mime_type);

/// Fields of a payload descriptor that a consumer rewrites in its own copy, so that they stay continuous for
/// its viewer (VP8: RFC 7741 §4.2; VP9: RFC 9628 §4.2). An offset of 0 means that the field is not there.
struct PictureFields {
  std::uint8_t descriptor_size = 0;  ///< Bytes at the payload's start that hold the fields.
  std::uint8_t picture_id_offset = 0;
  std::uint8_t tl0_pic_idx_offset = 0;
  std::uint8_t tl0_pic_idx = 0;
  std::uint16_t picture_id = 0;
  bool long_picture_id = false;  ///< 15 bits rather than 7.
  [[nodiscard]] bool has_picture_id() const { return picture_id_offset != 0; }
  [[nodiscard]] bool has_tl0_pic_idx() const { return tl0_pic_idx_offset != 0; }
};

/// Overwrites a field in a copy of the descriptor, keeping its width.
void write_picture_id(std::uint8_t* descriptor, const PictureFields& fields, std::uint16_t picture_id);
void write_tl0_pic_idx(std::uint8_t* descriptor, const PictureFields& fields, std::uint8_t tl0_pic_idx);

/// Where the blocks of a RED payload are (RFC 2198 §3).
struct RedFields {
  std::uint8_t block_count = 0;      ///< 0: the payload is no RED, or cannot be read as such.
  bool is_unreadable = false;        ///< Malformed, or encrypted end to end.
  std::uint16_t primary_offset = 0;  ///< Of the last block, in the payload.
};

/// Facts of the packet's frame. With spatial layers a frame is one layer of a picture. The end of a picture
/// is the RTP marker (RFC 7741 §4.1 and its like).
struct FrameFacts {
  bool is_frame_start = false;  ///< First packet of its frame.
  bool is_frame_end = false;    ///< Last packet of its frame, where payload or descriptor tell; else false.
  bool is_key_frame =
      false;  ///< This packet starts a frame that decodes by itself: told by its first packet only.
  bool is_discardable = false;  ///< No other frame refers to it. Of Opus: comfort noise, in DTX.
  bool is_layer_sync =
      false;  ///< Refers to the base temporal layer only (VP8's Y): `switches` holds whatever the viewer has.
  /// Its dependency descriptor refers to a structure that has not come yet: nothing is known but what stands
  /// here, and it is for nobody.
  bool is_unread = false;
  /// The same of codecs whose payload tells enough for a guess: `layers` has too many rather than too few.
  bool is_guess = false;
  bool brings_structure = false;  ///< What packets behind it refer to.
  std::uint8_t temporal_layer = 0;
  std::uint8_t spatial_layer = 0;
  LayerMask layers = kAllLayers;  ///< The choices that need this frame.
  LayerMask switches = 0;  ///< The choices that one can go over to with this frame, once one can decode it.
  /// Pixels, of this spatial layer; 0 unless told here: at the start of a key frame, or of one to switch
  /// with.
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  /// Counts frames or pictures in their coding order: VP8's and VP9's picture id, the dependency descriptor's
  /// frame number. What it wraps at is in `number_bits`; 0 bits: there is none.
  std::uint16_t number = 0;
  std::uint8_t number_bits = 0;
  PictureFields picture;  ///< VP8 and VP9 only.
  RedFields red;          ///< RED only: the other facts are then those of its primary block.
};

/// What one packet tells by itself; a FrameReader, which remembers what packets before it said, tells more
/// for all but VP8 and audio. For codecs without a parser every packet is a frame's start, and never known to
/// be a key frame.
FrameFacts frame_facts(Kind kind, Bytes payload);

}  // namespace sluice::codec
