// VP9 pictures to RTP payloads (RFC 9628), in flexible or non-flexible mode, with spatial layers each in
// payloads of its own. Held by Packetizer.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "packetize/payloads.h"
#include "packetize/scalability.h"
#include "sluice/encoded_frame.h"

namespace sluice::packetize {

/// The descriptor as we write it (RFC 9628 §4.2): picture id of 15 bits, layer indices, a structure with
/// sizes and one cycle of pictures.
struct Vp9Descriptor {
  bool predicted = false;   ///< P: from pictures before it.
  bool flexible = false;    ///< F
  bool begin = false;       ///< B: first packet of the layer's frame.
  bool end = false;         ///< E: last one.
  bool structure = false;   ///< V
  bool not_upward = false;  ///< Z: no higher spatial layer of the picture refers to it.
  std::uint16_t picture_id = 0;
  std::uint8_t temporal = 0;
  bool switching_up = false;  ///< U
  std::uint8_t spatial = 0;
  bool from_below = false;          ///< D: inter-layer predicted.
  std::uint8_t tl0_pic_idx = 0;     ///< Non-flexible mode.
  std::uint8_t reference_diff = 0;  ///< Flexible mode, with P: pictures back to the one it refers to.

  /// Three layers with sizes, and a cycle of four pictures.
  static constexpr std::size_t kMaxSize = 5 + 1 + 3 * 4 + 1 + 4 * 2;
  /// `width` and `height` of the highest layer, half for each below; 0: the structure tells no sizes.
  void write(ByteWriter& out, Scalability scalability, std::uint16_t width, std::uint16_t height) const;
};

class Vp9Packetizer {
 public:
  Vp9Packetizer(Scalability scalability, bool flexible, std::uint16_t first_picture_id)
      : scalability_(scalability), flexible_(flexible), picture_id_(first_picture_id) {}

  /// With more than one spatial layer the picture must be a superframe of their frames, or of the lowest
  /// layer alone. False for an empty picture, or one of more frames than there are layers.
  bool packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out);

 private:
  void put_layer(Bytes data, Vp9Descriptor& descriptor, const Limits& limits, std::size_t first_shorter_by,
                 const FrameMetadata& told, Payloads& out) const;
  [[nodiscard]] std::uint8_t reference_diff(std::uint8_t temporal) const;

  Scalability scalability_;
  bool flexible_;
  std::uint16_t picture_id_;
  std::uint8_t tl0_pic_idx_ = 0;
  /// Pictures back from the next one to the newest of each temporal layer; 0: none.
  std::array<std::uint8_t, 4> ago_{};
};

}  // namespace sluice::packetize
