#include "codec/av1.h"

#include <algorithm>

#include "codec/bit_reader.h"
#include "codec/obu.h"

namespace sluice::codec {
namespace {

struct DecoderModel {
  bool is_present = false;
  unsigned delay_bits = 0;
};

// AV1 §5.5.1: timing_info, decoder_model_info
DecoderModel parse_timing(BitReader& bits) {
  DecoderModel model;
  if (!bits.flag()) return model;
  bits.skip(64);
  if (bits.flag()) bits.uvlc();
  model.is_present = bits.flag();
  if (model.is_present) {
    model.delay_bits = bits.bits(5) + 1;
    bits.skip(32 + 5 + 5);
  }
  return model;
}

void skip_operating_points(BitReader& bits, DecoderModel model) {
  constexpr std::uint32_t kLastLevelWithoutTier = 7;
  const bool has_display_delay = bits.flag();
  const std::uint32_t count = bits.bits(5) + 1;
  for (std::uint32_t i = 0; i < count && bits.ok(); ++i) {
    bits.skip(12);
    if (bits.bits(5) > kLastLevelWithoutTier) bits.skip(1);
    if (model.is_present && bits.flag()) bits.skip(2 * model.delay_bits + 1);
    if (has_display_delay && bits.flag()) bits.skip(4);
  }
}

// AV1 §5.5.1, sequence_header_obu: seq_profile f(3), still_picture f(1), reduced_still_picture_header f(1),
// timing, operating points; then frame_width_bits_minus_1 f(4), frame_height_bits_minus_1 f(4),
// max_frame_width_minus_1, max_frame_height_minus_1 in so many bits.
void parse_sequence_header(Bytes header, Av1& av1) {
  BitReader bits(header);
  bits.skip(4);
  if (bits.flag()) {
    bits.skip(5);
  } else {
    const DecoderModel model = parse_timing(bits);
    skip_operating_points(bits, model);
  }
  const unsigned width_bits = bits.bits(4) + 1;
  const unsigned height_bits = bits.bits(4) + 1;
  const std::uint32_t width = bits.bits(width_bits) + 1;
  const std::uint32_t height = bits.bits(height_bits) + 1;
  if (!bits.ok() || width > 0xFFFF || height > 0xFFFF) return;
  av1.width = static_cast<std::uint16_t>(width);
  av1.height = static_cast<std::uint16_t>(height);
}

//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// |F| type  |X|S|-|   AV1 §5.3.2; S: a size follows, which RTP packets leave out (§4.4)
// +-+-+-+-+-+-+-+-+
// | TID |SID|-|-|-|   with X (§5.3.3)
// +-+-+-+-+-+-+-+-+
void note_obu(Bytes obu, bool is_first, Av1& av1) {
  ByteReader reader(obu);
  const std::uint8_t header = reader.u8();
  const std::uint8_t type = (header >> 3) & 0x0F;
  if ((header & 0x04) != 0) {
    const std::uint8_t layers = reader.u8();
    av1.has_layers = true;
    av1.temporal_layer = static_cast<std::uint8_t>(layers >> 5);
    av1.spatial_layer = (layers >> 3) & 3;
  }
  if ((header & 0x02) != 0) (void)read_leb128(reader);
  if (!reader.ok()) return;
  if (is_first) {
    av1.starts_frame = type == Obu::kSequenceHeader || type == Obu::kTemporalDelimiter ||
                       type == Obu::kFrameHeader || type == Obu::kMetadata || type == Obu::kFrame;
  }
  if (type == Obu::kSequenceHeader) {
    av1.has_sequence_header = true;
    parse_sequence_header(reader.rest(), av1);
  }
}

}  // namespace

//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// |Z|Y| W |N|-|-|-|   AV1 RTP §4.4; then the elements, each with its length in leb128,
// +-+-+-+-+-+-+-+-+   the last without it when W counts them
std::optional<Av1> Av1::parse(Bytes payload) {
  ByteReader reader(payload);
  const std::uint8_t first = reader.u8();
  if (!reader.ok()) return std::nullopt;
  Av1 av1;
  av1.continues_obu = (first & 0x80) != 0;
  av1.is_continued = (first & 0x40) != 0;
  const unsigned announced = (first >> 4) & 3;
  av1.starts_sequence = (first & 0x08) != 0;
  // §4.4: a sequence does not begin with the rest of something.
  if (av1.starts_sequence && av1.continues_obu) return std::nullopt;

  unsigned count = 0;
  bool has_started = false;
  while (announced == 0 ? reader.remaining() > 0 : count < announced) {
    std::size_t size = reader.remaining();
    if (announced == 0 || count + 1 < announced) {
      const auto length = read_leb128(reader);
      if (!length) return std::nullopt;
      size = *length;
    }
    const Bytes element = reader.bytes(size);
    if (!reader.ok()) return std::nullopt;
    const bool is_rest = count == 0 && av1.continues_obu;
    if (!is_rest && !element.empty()) {
      note_obu(element, !has_started && !av1.continues_obu, av1);
      has_started = true;
    }
    ++count;
  }
  av1.element_count = static_cast<std::uint8_t>(std::min(count, 255U));
  return av1;
}

FrameFacts Av1::facts() const {
  FrameFacts facts;
  facts.is_frame_start = starts_frame || starts_sequence;
  facts.is_key_frame = starts_sequence;
  // More layers than any scalability mode has count as the highest that can be chosen.
  facts.temporal_layer = std::min<std::uint8_t>(temporal_layer, kMaxTemporalLayers - 1);
  facts.spatial_layer = std::min<std::uint8_t>(spatial_layer, kMaxSpatialLayers - 1);
  facts.layers = layers_from(facts.spatial_layer, facts.temporal_layer);
  if (facts.is_key_frame) {
    facts.switches = kAllLayers;
    facts.is_layer_sync = true;
    facts.width = width;
    facts.height = height;
  }
  return facts;
}

}  // namespace sluice::codec
