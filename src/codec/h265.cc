#include "codec/h265.h"

#include <algorithm>

#include "codec/bit_reader.h"
#include "codec/rbsp.h"

namespace sluice::codec {
namespace {

// H.265 table 7-1, and RFC 7798 §4.4.
enum NalType : std::uint8_t {
  kTsaN = 2,
  kTsaR = 3,
  kStsaN = 4,
  kStsaR = 5,
  kFirstIrap = 16,
  kLastIrap = 23,
  kLastSlice = 31,
  kVps = 32,
  kSps = 33,
  kPps = 34,
  kAccessUnitDelimiter = 35,
  kPrefixSei = 39,
  kAggregate = 48,
  kFragment = 49,
  kPaci = 50,
};
constexpr std::size_t kNalHeaderSize = 2;

//  +---------------+---------------+
//  |0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |F|   Type    |  LayerId  | TID |   RFC 7798 §1.1.4; TID: one more than the temporal layer
//  +-------------+-----------------+
struct NalHeader {
  std::uint8_t type;
  std::uint8_t layer_id;
  std::uint8_t temporal_layer;
};
std::optional<NalHeader> parse_header(Bytes nal) {
  if (nal.size() < kNalHeaderSize || (nal[1] & 7) == 0) return std::nullopt;
  return NalHeader{static_cast<std::uint8_t>((nal[0] >> 1) & 0x3F),
                   static_cast<std::uint8_t>(((nal[0] & 1) << 5) | (nal[1] >> 3)),
                   static_cast<std::uint8_t>((nal[1] & 7) - 1)};
}

void skip_profile_tier_level(BitReader& bits, unsigned sub_layers_minus1) {
  // H.265 §7.3.3
  constexpr unsigned kProfile = 88;
  constexpr unsigned kLevel = 8;
  bits.skip(kProfile + kLevel);
  if (sub_layers_minus1 == 0) return;
  std::uint32_t present = 0;
  for (unsigned i = 0; i < 8; ++i) present = (present << 2) | bits.bits(2);
  for (unsigned i = 0; i < sub_layers_minus1; ++i) {
    const std::uint32_t flags = present >> (14 - 2 * i);
    if ((flags & 2) != 0) bits.skip(kProfile);
    if ((flags & 1) != 0) bits.skip(kLevel);
  }
}

// H.265 §7.3.2.2.1
void parse_sps(Bytes nal, H265& h265) {
  const Rbsp rbsp(nal);
  BitReader bits(rbsp.bytes());
  bits.skip(4);
  const std::uint32_t sub_layers_minus1 = bits.bits(3);
  bits.skip(1);
  if (sub_layers_minus1 > 6) return;
  skip_profile_tier_level(bits, sub_layers_minus1);
  bits.exp_golomb();  // sps_seq_parameter_set_id
  std::uint32_t chroma_format = bits.exp_golomb();
  if (chroma_format == 3 && bits.flag()) chroma_format = 0;  // separate planes: as monochrome
  const std::uint64_t width = bits.exp_golomb();
  const std::uint64_t height = bits.exp_golomb();
  std::uint64_t cut_x = 0;
  std::uint64_t cut_y = 0;
  if (bits.flag()) {
    cut_x = std::uint64_t{bits.exp_golomb()} + bits.exp_golomb();
    cut_y = std::uint64_t{bits.exp_golomb()} + bits.exp_golomb();
    // §7.4.3.2.1: in units of chroma samples.
    if (chroma_format == 1 || chroma_format == 2) cut_x *= 2;
    if (chroma_format == 1) cut_y *= 2;
  }
  if (!bits.ok() || cut_x >= width || cut_y >= height) return;
  if (width - cut_x > 0xFFFF || height - cut_y > 0xFFFF) return;
  h265.width = static_cast<std::uint16_t>(width - cut_x);
  h265.height = static_cast<std::uint16_t>(height - cut_y);
}

/// One NAL unit, whole or its first fragment; `rest`: what follows its header.
void note(const NalHeader& header, Bytes rest, bool is_first, H265& h265) {
  const std::uint8_t type = header.type;
  bool begins = false;
  if (type <= kLastSlice) {
    // first_slice_segment_in_pic_flag is the first bit (H.265 §7.3.6.1).
    begins = !rest.empty() && (rest[0] & 0x80) != 0;
    h265.has_slice = true;
    h265.is_irap = h265.is_irap || (type >= kFirstIrap && type <= kLastIrap);
    h265.is_tsa = h265.is_tsa || type == kTsaN || type == kTsaR;
    h265.is_stsa = h265.is_stsa || type == kStsaN || type == kStsaR;
    h265.temporal_layer = header.temporal_layer;
  } else {
    begins = (type >= kVps && type <= kAccessUnitDelimiter) || type == kPrefixSei;
    h265.has_vps = h265.has_vps || type == kVps;
    h265.has_pps = h265.has_pps || type == kPps;
    if (type == kSps) {
      h265.has_sps = true;
      // Those of other layers are written differently (H.265 §F.7.3.2.2).
      if (header.layer_id == 0) parse_sps(rest, h265);
    }
  }
  if (is_first) h265.begins_access_unit = begins;
}

//  +---------------+---------------+---------------+---------------+
//  |    PayloadHdr (Type=48)       |         NALU 1 Size           |
//  +---------------+---------------+---------------+---------------+
//  |          NALU 1 HDR           |  NALU 1 Data, NALU 2 Size, …  |   RFC 7798 §4.4.2
//  +---------------+---------------+---------------+---------------+
bool parse_aggregate(Bytes units, H265& h265) {
  ByteReader reader(units);
  bool is_first = true;
  while (reader.ok() && reader.remaining() > 0) {
    const std::size_t size = reader.u16();
    const Bytes nal = reader.bytes(size);
    const auto header = parse_header(nal);
    if (!reader.ok() || !header) return false;
    note(*header, nal.subspan(kNalHeaderSize), is_first, h265);
    is_first = false;
  }
  return reader.ok() && !is_first;
}

//  +---------------+---------------+---------------+
//  |    PayloadHdr (Type=49)       |S|E|  FuType   |   RFC 7798 §4.4.3
//  +---------------+---------------+---------------+
bool parse_fragment(NalHeader header, Bytes fragment, H265& h265) {
  if (fragment.empty()) return false;
  header.type = fragment[0] & 0x3F;
  note(header, fragment.subspan(1), true, h265);
  if ((fragment[0] & 0x80) != 0) return true;
  // The middle of a NAL unit: nothing of it has a meaning from here but what it is part of.
  H265 part;
  part.has_slice = h265.has_slice;
  part.is_irap = h265.is_irap;
  part.is_tsa = h265.is_tsa;
  part.is_stsa = h265.is_stsa;
  part.temporal_layer = h265.temporal_layer;
  h265 = part;
  return true;
}

}  // namespace

//  +---------------+---------------+---------------+---------------+
//  |    PayloadHdr (Type=50)       |A|   cType   | PHSsize |F0..2|Y|   RFC 7798 §4.4.4
//  +---------------+---------------+---------------+---------------+
//  |   PHES: PHSsize bytes                         |  payload …    |
//  +---------------+---------------+---------------+---------------+
// What is inside a PACI packet has lost its header, which A and cType, and LayerId and TID, make again.
std::optional<H265> H265::parse(Bytes payload) {
  auto header = parse_header(payload);
  if (!header) return std::nullopt;
  Bytes rest = payload.subspan(kNalHeaderSize);
  if (header->type == kPaci) {
    if (rest.size() < 2) return std::nullopt;
    header->type = (rest[0] >> 1) & 0x3F;
    const std::size_t extension = static_cast<std::size_t>(((rest[0] & 1) << 4) | (rest[1] >> 4));
    if (rest.size() < 2 + extension || header->type == kPaci) return std::nullopt;
    rest = rest.subspan(2 + extension);
  }
  H265 h265;
  if (header->type == kAggregate) {
    if (!parse_aggregate(rest, h265)) return std::nullopt;
  } else if (header->type == kFragment) {
    if (!parse_fragment(*header, rest, h265)) return std::nullopt;
  } else if (header->type > kPaci) {
    return std::nullopt;
  } else {
    note(*header, rest, true, h265);
  }
  return h265;
}

FrameFacts H265::facts() const {
  FrameFacts facts;
  facts.is_frame_start = begins_access_unit;
  facts.is_key_frame = begins_access_unit && (has_sps || is_irap);
  // More layers than any scalability mode has count as the highest that can be chosen.
  facts.temporal_layer = std::min<std::uint8_t>(temporal_layer, kMaxTemporalLayers - 1);
  if (has_slice) facts.layers = layers_from(0, facts.temporal_layer);
  if (facts.is_key_frame) {
    facts.switches = kAllLayers;
    facts.is_layer_sync = true;
  } else if (begins_access_unit && temporal_layer < kMaxTemporalLayers && (is_tsa || is_stsa)) {
    // Refers to lower temporal layers only; after TSA so do all that follow on this layer and above, after
    // STSA those of this layer (H.265 §7.4.2.2).
    facts.switches = is_tsa ? facts.layers : temporal_only(facts.temporal_layer);
    facts.is_layer_sync = temporal_layer <= 1;
  }
  facts.width = width;
  facts.height = height;
  return facts;
}

}  // namespace sluice::codec
