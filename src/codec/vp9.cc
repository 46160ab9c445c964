#include "codec/vp9.h"

#include <algorithm>

#include "codec/bit_reader.h"

namespace sluice::codec {
namespace {

//      +-+-+-+-+-+-+-+-+
// V:   | N_S |Y|G|-|-|-|
//      +-+-+-+-+-+-+-+-+
// Y:   |  WIDTH, HEIGHT |  16 bits each; N_S + 1 times
//      +-+-+-+-+-+-+-+-+
// G:   |      N_G      |
//      +-+-+-+-+-+-+-+-+
//      | TID |U| R |-|-|  N_G times, each with
//      +-+-+-+-+-+-+-+-+
//      |    P_DIFF     |  R times
//      +-+-+-+-+-+-+-+-+
Vp9Structure parse_structure(ByteReader& reader) {
  Vp9Structure structure;
  const std::uint8_t first = reader.u8();
  structure.spatial_layers = static_cast<std::uint8_t>((first >> 5) + 1);
  structure.has_sizes = (first & 0x10) != 0;
  if (structure.has_sizes) {
    for (std::size_t i = 0; i < structure.spatial_layers; ++i) {
      structure.sizes[i].width = reader.u16();
      structure.sizes[i].height = reader.u16();
    }
  }
  if ((first & 0x08) != 0) {
    structure.group_size = reader.u8();
    for (unsigned i = 0; i < structure.group_size && reader.ok(); ++i) reader.skip((reader.u8() >> 2) & 3);
  }
  return structure;
}

// VP9 bitstream specification §6.2, uncompressed_header: frame_marker f(2) = 2, profile f(2), low bit first,
// (a zero for profile 3,) show_existing_frame f(1), frame_type f(1): 0 for a key frame, show_frame f(1),
// error_resilient_mode f(1), frame_sync_code f(24), color_config, then the size less one, f(16) each.
//
// Nothing when it is no such header: an encrypted payload, most likely.
struct FrameHeader {
  bool is_key_frame = false;
  std::uint16_t width = 0;
  std::uint16_t height = 0;
};
std::optional<FrameHeader> parse_frame_header(Bytes frame) {
  BitReader bits(frame);
  if (bits.bits(2) != 2) return std::nullopt;
  const std::uint32_t low = bits.bits(1);
  const std::uint32_t profile = bits.bits(1) * 2 + low;
  if (profile == 3) bits.skip(1);
  FrameHeader header;
  if (bits.flag()) return header;  // an old frame, shown again
  header.is_key_frame = !bits.flag();
  bits.skip(2);
  if (!bits.ok()) return std::nullopt;
  if (!header.is_key_frame) return header;
  if (bits.bits(24) != 0x498342) return std::nullopt;
  // color_config: §6.2.2.
  constexpr std::uint32_t kSrgb = 7;
  if (profile >= 2) bits.skip(1);
  if (bits.bits(3) != kSrgb) {
    bits.skip(1);
    if (profile == 1 || profile == 3) bits.skip(3);
  } else if (profile == 1 || profile == 3) {
    bits.skip(1);
  }
  const std::uint32_t width = bits.bits(16) + 1;
  const std::uint32_t height = bits.bits(16) + 1;
  if (!bits.ok() || width > 0xFFFF || height > 0xFFFF) return std::nullopt;
  header.width = static_cast<std::uint16_t>(width);
  header.height = static_cast<std::uint16_t>(height);
  return header;
}

void parse_layer_indices(ByteReader& reader, Vp9& vp9) {
  const std::uint8_t indices = reader.u8();
  vp9.has_layer_indices = true;
  vp9.temporal_layer = static_cast<std::uint8_t>(indices >> 5);
  vp9.is_switching_up_point = (indices & 0x10) != 0;
  vp9.spatial_layer = (indices >> 1) & 7;
  vp9.is_inter_layer_predicted = (indices & 1) != 0;
}

/// False for more than three: RFC 9628 §4.2, "up to 3 times".
bool parse_reference_diffs(ByteReader& reader, Vp9& vp9) {
  bool more = true;
  while (more && reader.ok()) {
    if (vp9.reference_count == vp9.reference_diffs.size()) return false;
    const std::uint8_t diff = reader.u8();
    vp9.reference_diffs[vp9.reference_count++] = static_cast<std::uint8_t>(diff >> 1);
    more = (diff & 1) != 0;
  }
  return true;
}

}  // namespace

//       0 1 2 3 4 5 6 7
//      +-+-+-+-+-+-+-+-+
//      |I|P|L|F|B|E|V|Z|  required
//      +-+-+-+-+-+-+-+-+
// I:   |M| PICTURE ID  |  optional
//      +-+-+-+-+-+-+-+-+
// M:   | EXTENDED PID  |  optional, makes it 15 bits
//      +-+-+-+-+-+-+-+-+
// L:   | TID |U| SID |D|  optional
//      +-+-+-+-+-+-+-+-+
//      |   TL0PICIDX   |  with L, when F is 0
//      +-+-+-+-+-+-+-+-+
// P,F: | P_DIFF      |N|  when both are 1; up to three, N: another follows
//      +-+-+-+-+-+-+-+-+
// V:   | SS            |  optional
//      +-+-+-+-+-+-+-+-+
std::optional<Vp9> Vp9::parse(Bytes payload) {
  ByteReader reader(payload);
  const auto offset = [&] { return payload.size() - reader.remaining(); };
  Vp9 vp9;
  const std::uint8_t first = reader.u8();
  vp9.is_inter_predicted = (first & 0x40) != 0;
  vp9.is_flexible = (first & 0x10) != 0;
  vp9.is_frame_start = (first & 0x08) != 0;
  vp9.is_frame_end = (first & 0x04) != 0;
  vp9.is_not_for_upper_layers = (first & 0x01) != 0;
  if ((first & 0x80) != 0) {
    vp9.picture_id_offset = static_cast<std::uint8_t>(offset());
    std::uint16_t id = reader.u8();
    vp9.long_picture_id = (id & 0x80) != 0;
    id &= 0x7F;
    if (vp9.long_picture_id) id = static_cast<std::uint16_t>((id << 8) | reader.u8());
    vp9.picture_id = id;
  }
  if ((first & 0x20) != 0) {
    parse_layer_indices(reader, vp9);
    if (!vp9.is_flexible) {
      vp9.tl0_pic_idx_offset = static_cast<std::uint8_t>(offset());
      vp9.tl0_pic_idx = reader.u8();
    }
  }
  if (vp9.is_flexible && vp9.is_inter_predicted && !parse_reference_diffs(reader, vp9)) return std::nullopt;
  if ((first & 0x02) != 0) vp9.structure = parse_structure(reader);
  if (!reader.ok()) return std::nullopt;
  vp9.descriptor_size = static_cast<std::uint16_t>(offset());

  if (vp9.is_frame_start && !vp9.is_inter_predicted) {
    if (const auto header = parse_frame_header(reader.rest())) {
      vp9.width = header->width;
      vp9.height = header->height;
      // ffmpeg's packetizer writes B and E and leaves every other bit 0, P as well: there the frame's own
      // header is asked. A sender that fills in picture ids is believed, as its payload may be encrypted.
      if (first == (first & 0x0C) && !header->is_key_frame) vp9.is_inter_predicted = true;
    }
  }
  return vp9;
}

PictureFields Vp9::picture() const {
  PictureFields fields;
  fields.picture_id_offset = picture_id_offset;
  fields.tl0_pic_idx_offset = tl0_pic_idx_offset;
  fields.tl0_pic_idx = tl0_pic_idx.value_or(0);
  fields.picture_id = picture_id.value_or(0);
  fields.long_picture_id = long_picture_id;
  // Not the structure, which may be longer than a byte can say, and holds nothing to rewrite.
  fields.descriptor_size = 1;
  if (picture_id)
    fields.descriptor_size = static_cast<std::uint8_t>(picture_id_offset + (long_picture_id ? 2 : 1));
  if (tl0_pic_idx) fields.descriptor_size = static_cast<std::uint8_t>(tl0_pic_idx_offset + 1);
  return fields;
}

FrameFacts Vp9::facts(const Vp9Structure* known) const {
  if (known == nullptr && structure) known = &*structure;
  FrameFacts facts;
  facts.is_frame_start = is_frame_start;
  facts.is_frame_end = is_frame_end;
  facts.is_key_frame = is_key_frame();
  // More layers than any scalability mode has count as the highest that can be chosen.
  facts.temporal_layer = std::min<std::uint8_t>(temporal_layer, kMaxTemporalLayers - 1);
  facts.spatial_layer = std::min<std::uint8_t>(spatial_layer, kMaxSpatialLayers - 1);

  // Above the highest spatial layer there is nothing: those choices mean that one, whatever its Z. Which one
  // that is the structure tells; before it is known, too much is forwarded rather than too little.
  const bool knows_layers = known != nullptr && known->spatial_layers != 0;
  const bool is_top = !has_layer_indices || !knows_layers || spatial_layer + 1 == known->spatial_layers;
  facts.is_guess = has_layer_indices && is_not_for_upper_layers && !knows_layers;
  facts.brings_structure = structure.has_value();
  const LayerMask own = temporal_from(facts.spatial_layer, facts.temporal_layer);
  const LayerMask and_up = layers_from(facts.spatial_layer, facts.temporal_layer);
  facts.layers = is_not_for_upper_layers && !is_top ? own : and_up;
  if (is_frame_start) {
    if (!is_inter_predicted) {
      // Without references to earlier pictures, decoding starts here; with D one comes up from the spatial
      // layer below (RFC 9628 §4.2, P).
      facts.switches = facts.layers;
    } else if (is_switching_up_point) {
      // Higher temporal layers refer to nothing before this picture that is above its own (RFC 9628 §4.2, U).
      // Of this spatial layer only: the others' frames of the picture say so themselves.
      facts.switches = is_top ? and_up : own;
    }
    // Sees no earlier picture, and of this one at most the base layer, which whoever goes up has.
    facts.is_layer_sync = !is_inter_predicted && (spatial_layer <= 1 || !is_inter_layer_predicted);
  }
  if (is_frame_start && !is_inter_predicted) {
    facts.width = width;
    facts.height = height;
    if (known != nullptr && known->has_sizes && spatial_layer < known->spatial_layers) {
      facts.width = known->sizes[spatial_layer].width;
      facts.height = known->sizes[spatial_layer].height;
    }
  }
  if (picture_id) {
    facts.number = *picture_id;
    facts.number_bits = long_picture_id ? 15 : 7;
  }
  facts.picture = picture();
  return facts;
}

}  // namespace sluice::codec
