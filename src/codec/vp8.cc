#include "codec/vp8.h"

#include "base/check.h"

namespace sluice::codec {
namespace {

// RFC 6386 §9.1: the frame tag, then for key frames a start code and the size.
//
//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// |Size0|H| VER |P|   P: 0 for a key frame
// +-+-+-+-+-+-+-+-+
// |     Size1     |
// +-+-+-+-+-+-+-+-+
// |     Size2     |
// +-+-+-+-+-+-+-+-+
// | 9D 01 2A      |   start code, three bytes
// +-+-+-+-+-+-+-+-+
// | width, height |   14 bits each and a scale of two bits, both little-endian
// +-+-+-+-+-+-+-+-+
void parse_payload_header(ByteReader& reader, Vp8& vp8) {
  if (reader.remaining() == 0 || (reader.u8() & 1) != 0) return;
  vp8.is_key_frame = true;
  reader.skip(2);
  if (reader.u24() != 0x9D012A) return;
  const Bytes size = reader.bytes(4);
  if (!reader.ok()) return;
  vp8.width = static_cast<std::uint16_t>((size[0] | (size[1] << 8)) & 0x3FFF);
  vp8.height = static_cast<std::uint16_t>((size[2] | (size[3] << 8)) & 0x3FFF);
}

}  // namespace

//       0 1 2 3 4 5 6 7
//      +-+-+-+-+-+-+-+-+
//      |X|R|N|S|R| PID |  required; PID is three bits
//      +-+-+-+-+-+-+-+-+
// X:   |I|L|T|K| RSV   |  optional
//      +-+-+-+-+-+-+-+-+
// I:   |M| PictureID   |  optional
//      +-+-+-+-+-+-+-+-+
// M:   |   PictureID   |  optional, makes it 15 bits
//      +-+-+-+-+-+-+-+-+
// L:   |   TL0PICIDX   |  optional
//      +-+-+-+-+-+-+-+-+
// T/K: |TID|Y| KEYIDX  |  optional
//      +-+-+-+-+-+-+-+-+
std::optional<Vp8> Vp8::parse(Bytes payload) {
  ByteReader reader(payload);
  const auto offset = [&] { return static_cast<std::uint8_t>(payload.size() - reader.remaining()); };
  Vp8 vp8;
  const std::uint8_t first = reader.u8();
  vp8.non_reference = (first & 0x20) != 0;
  vp8.start_of_partition = (first & 0x10) != 0;
  vp8.partition_index = first & 0x07;
  if ((first & 0x80) != 0) {
    const std::uint8_t present = reader.u8();
    if ((present & 0x80) != 0) {
      vp8.picture_id_offset = offset();
      std::uint16_t id = reader.u8();
      vp8.long_picture_id = (id & 0x80) != 0;
      id &= 0x7F;
      if (vp8.long_picture_id) id = static_cast<std::uint16_t>((id << 8) | reader.u8());
      vp8.picture_id = id;
    }
    if ((present & 0x40) != 0) {
      vp8.tl0_pic_idx_offset = offset();
      vp8.tl0_pic_idx = reader.u8();
    }
    if ((present & 0x30) != 0) {
      // RFC 7741 §4.2: the byte is there for either; TID and Y mean something with T only, KEYIDX with K
      // only.
      const std::uint8_t both = reader.u8();
      if ((present & 0x20) != 0) {
        vp8.temporal_layer = static_cast<std::uint8_t>(both >> 6);
        vp8.layer_sync = (both & 0x20) != 0;
      }
      if ((present & 0x10) != 0) vp8.key_index = static_cast<std::uint8_t>(both & 0x1F);
    }
  }
  if (!reader.ok()) return std::nullopt;
  vp8.descriptor_size = offset();
  if (vp8.is_frame_start()) parse_payload_header(reader, vp8);
  return vp8;
}

PictureFields Vp8::picture() const {
  PictureFields fields;
  fields.descriptor_size = descriptor_size;
  fields.picture_id_offset = picture_id_offset;
  fields.tl0_pic_idx_offset = tl0_pic_idx_offset;
  fields.tl0_pic_idx = tl0_pic_idx.value_or(0);
  fields.picture_id = picture_id.value_or(0);
  fields.long_picture_id = long_picture_id;
  return fields;
}

FrameFacts Vp8::facts() const {
  FrameFacts facts;
  facts.is_frame_start = is_frame_start();
  facts.is_key_frame = is_key_frame;
  facts.is_discardable = non_reference;
  facts.is_layer_sync = layer_sync || is_key_frame;
  facts.temporal_layer = temporal_layer.value_or(0);
  // One spatial layer: whoever takes this temporal layer needs the frame. From the base layer on everything
  // above can begin; from a sync frame its own layer (RFC 7741 §4.2, Y).
  facts.layers = layers_from(0, facts.temporal_layer);
  if (is_frame_start()) {
    if (is_key_frame) {
      facts.switches = kAllLayers;
    } else if (layer_sync && facts.temporal_layer > 0) {
      facts.switches = temporal_only(facts.temporal_layer);
    }
  }
  facts.width = width;
  facts.height = height;
  if (picture_id) {
    facts.number = *picture_id;
    facts.number_bits = long_picture_id ? 15 : 7;
  }
  facts.picture = picture();
  return facts;
}

}  // namespace sluice::codec
