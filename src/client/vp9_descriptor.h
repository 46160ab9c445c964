// The VP9 payload descriptor in non-flexible mode (RFC 9628 §4.2), as the decoder model reads it: apart from
// codec/, so that a judge does not share a mistake with the judged.
//
//       0 1 2 3 4 5 6 7
//      +-+-+-+-+-+-+-+-+
//      |I|P|L|F|B|E|V|Z|  required
//      +-+-+-+-+-+-+-+-+
// I:   |M| PICTURE ID  |  with M 15 bits in two bytes
//      +-+-+-+-+-+-+-+-+
// L:   | TID |U| SID |D|
//      +-+-+-+-+-+-+-+-+
//      |   TL0PICIDX   |  F = 0 only
//      +-+-+-+-+-+-+-+-+
// V:   | scalability structure, see vp9_descriptor.cc
//      +-+-+-+-+-+-+-+-+
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::client {

struct Vp9Descriptor {
  bool predicted = false;        ///< P: from pictures before it.
  bool begin = false;            ///< B: first packet of the layer's frame.
  bool end = false;              ///< E: last one.
  bool structure = false;        ///< V
  bool not_upward = false;       ///< Z: no higher spatial layer of the picture refers to it.
  std::uint16_t picture_id = 0;  ///< 15 bits.
  std::uint8_t temporal = 0;
  bool switching_up = false;  ///< U
  std::uint8_t spatial = 0;
  bool from_below = false;  ///< D: inter-layer predicted.
  std::uint8_t tl0_pic_idx = 0;
  std::size_t size = 0;  ///< Of the descriptor.

  /// Nothing for what synthetic cameras do not send.
  static std::optional<Vp9Descriptor> parse(Bytes payload);
};

}  // namespace sluice::client
