#include "client/vp9_descriptor.h"

namespace sluice::client {
namespace {

//      +-+-+-+-+-+-+-+-+
// V:   | N_S |Y|G|-|-|-|
//      +-+-+-+-+-+-+-+-+
// Y:   | width, height |  N_S + 1 times, two bytes each
//      +-+-+-+-+-+-+-+-+
// G:   |      N_G      |
//      +-+-+-+-+-+-+-+-+
//      | TID |U| R |-|-|  N_G times, each with R bytes of P_DIFF
//      +-+-+-+-+-+-+-+-+
void skip_structure(ByteReader& reader) {
  const std::uint8_t head = reader.u8();
  if ((head & 0x10) != 0) reader.skip(((head >> 5) + 1U) * 4U);
  if ((head & 0x08) == 0) return;
  for (std::uint8_t left = reader.u8(); left > 0 && reader.ok(); --left) reader.skip(reader.u8() >> 2 & 0x03);
}

}  // namespace

std::optional<Vp9Descriptor> Vp9Descriptor::parse(Bytes payload) {
  ByteReader reader(payload);
  Vp9Descriptor out;
  const std::uint8_t head = reader.u8();
  if ((head & 0xB0) != 0xA0) return std::nullopt;  // I, L, not F
  out.predicted = (head & 0x40) != 0;
  out.begin = (head & 0x08) != 0;
  out.end = (head & 0x04) != 0;
  out.structure = (head & 0x02) != 0;
  out.not_upward = (head & 0x01) != 0;
  const std::uint16_t id = reader.u16();
  if ((id & 0x8000) == 0) return std::nullopt;
  out.picture_id = id & 0x7FFF;
  const std::uint8_t layers = reader.u8();
  out.temporal = layers >> 5;
  out.switching_up = (layers & 0x10) != 0;
  out.spatial = layers >> 1 & 0x07;
  out.from_below = (layers & 0x01) != 0;
  out.tl0_pic_idx = reader.u8();
  if (out.structure) skip_structure(reader);
  if (!reader.ok()) return std::nullopt;
  out.size = payload.size() - reader.remaining();
  return out;
}

}  // namespace sluice::client
