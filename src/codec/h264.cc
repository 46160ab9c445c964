#include "codec/h264.h"

#include <algorithm>

#include "codec/bit_reader.h"
#include "codec/rbsp.h"

namespace sluice::codec {
namespace {

// H.264 table 7-1, and RFC 6184 §5.2, table 1.
enum NalType : std::uint8_t {
  kSlice = 1,
  kPartitionA = 2,
  kPartitionC = 4,
  kIdrSlice = 5,
  kSei = 6,
  kSps = 7,
  kPps = 8,
  kAccessUnitDelimiter = 9,
  kPrefix = 14,
  kReserved18 = 18,
  kSliceExtension = 20,
  kStapA = 24,
  kStapB = 25,
  kMtap16 = 26,
  kMtap24 = 27,
  kFuA = 28,
  kFuB = 29,
};

void skip_scaling_list(BitReader& bits, unsigned size) {
  // H.264 §7.3.2.1.1.1
  std::int32_t last = 8;
  std::int32_t next = 8;
  for (unsigned i = 0; i < size && bits.ok(); ++i) {
    if (next != 0)
      next = static_cast<std::int32_t>(
          (static_cast<std::uint32_t>(last) + static_cast<std::uint32_t>(bits.signed_exp_golomb())) & 0xFF);
    if (next != 0) last = next;
  }
}

bool has_chroma_format(std::uint32_t profile) {
  constexpr std::uint8_t kProfiles[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
  return std::find(std::begin(kProfiles), std::end(kProfiles), profile) != std::end(kProfiles);
}

// H.264 §7.3.2.1.1: profile, constraints, level; then numbers in Exp-Golomb code, of which the size comes
// late.
void parse_sps(Bytes nal, H264& h264) {
  const Rbsp rbsp(nal);
  BitReader bits(rbsp.bytes());
  const std::uint32_t profile = bits.bits(8);
  bits.skip(16);
  bits.exp_golomb();  // seq_parameter_set_id
  std::uint32_t chroma_format = 1;
  if (has_chroma_format(profile)) {
    chroma_format = bits.exp_golomb();
    if (chroma_format == 3 && bits.flag()) chroma_format = 0;  // separate planes: as monochrome
    bits.exp_golomb();
    bits.exp_golomb();
    bits.skip(1);
    if (bits.flag()) {
      const unsigned lists = chroma_format == 3 ? 12 : 8;
      for (unsigned i = 0; i < lists && bits.ok(); ++i) {
        if (bits.flag()) skip_scaling_list(bits, i < 6 ? 16 : 64);
      }
    }
  }
  bits.exp_golomb();                                   // log2_max_frame_num_minus4
  const std::uint32_t order_type = bits.exp_golomb();  // pic_order_cnt_type
  if (order_type == 0) {
    bits.exp_golomb();
  } else if (order_type == 1) {
    bits.skip(1);
    bits.exp_golomb();
    bits.exp_golomb();
    const std::uint32_t cycle = bits.exp_golomb();
    if (cycle > 255) return;  // §7.4.2.1.1
    for (std::uint32_t i = 0; i < cycle && bits.ok(); ++i) bits.exp_golomb();
  }
  bits.exp_golomb();  // max_num_ref_frames
  bits.skip(1);
  const std::uint64_t columns = std::uint64_t{bits.exp_golomb()} + 1;
  const std::uint64_t rows = std::uint64_t{bits.exp_golomb()} + 1;
  const std::uint32_t fields = bits.flag() ? 1 : 2;  // frame_mbs_only_flag
  if (fields == 2) bits.skip(1);
  bits.skip(1);
  std::uint64_t cut_x = 0;
  std::uint64_t cut_y = 0;
  if (bits.flag()) {
    cut_x = std::uint64_t{bits.exp_golomb()} + bits.exp_golomb();
    cut_y = std::uint64_t{bits.exp_golomb()} + bits.exp_golomb();
    // §7.4.2.1.1: in units of chroma samples, and of both fields.
    if (chroma_format == 1 || chroma_format == 2) cut_x *= 2;
    if (chroma_format == 1) cut_y *= 2;
    cut_y *= fields;
  }
  const std::uint64_t width = columns * 16;
  const std::uint64_t height = rows * 16 * fields;
  if (!bits.ok() || cut_x >= width || cut_y >= height) return;
  if (width - cut_x > 0xFFFF || height - cut_y > 0xFFFF) return;
  h264.width = static_cast<std::uint16_t>(width - cut_x);
  h264.height = static_cast<std::uint16_t>(height - cut_y);
}

//  +---------------+---------------+---------------+
//  |0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |R|I|   PRID    |N| DID |  QID  | TID |U|D|O| RR|   RFC 6190 §1.1.3; R: 1 for SVC
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
void parse_svc_extension(Bytes extension, H264& h264) {
  if (extension.size() < 3 || (extension[0] & 0x80) == 0) return;
  h264.spatial_layer = (extension[1] >> 4) & 7;
  h264.temporal_layer = static_cast<std::uint8_t>(extension[2] >> 5);
}

/// Slices begin with first_mb_in_slice (H.264 §7.3.3), and 0 is a single 1 bit.
bool is_first_slice(Bytes slice) {
  return !slice.empty() && (slice[0] & 0x80) != 0;
}

/// One NAL unit, whole or its first fragment; `rest`: what follows its header.
void note(std::uint8_t type, std::uint8_t reference, Bytes rest, bool is_first, H264& h264) {
  bool begins = false;
  if ((type >= kSlice && type <= kIdrSlice) || type == kSliceExtension) {
    h264.has_slice = true;
    h264.is_reference = h264.is_reference || reference != 0;
    h264.is_idr = h264.is_idr || type == kIdrSlice;
    if (type == kSliceExtension) {
      parse_svc_extension(rest, h264);
      begins = is_first_slice(rest.subspan(std::min<std::size_t>(3, rest.size())));
    } else {
      begins = (type <= kPartitionA || type == kIdrSlice) && is_first_slice(rest);
    }
  } else {
    begins = (type >= kSei && type <= kAccessUnitDelimiter) || (type >= kPrefix && type <= kReserved18);
    if (type == kPrefix) parse_svc_extension(rest, h264);
    h264.has_pps = h264.has_pps || type == kPps;
    if (type == kSps) {
      h264.has_sps = true;
      parse_sps(rest, h264);
    }
  }
  if (is_first) h264.begins_access_unit = begins;
}

//  +---------------+---------------+---------------+---------------+
//  |STAP-A NAL HDR |         NALU 1 Size           | NALU 1 HDR    |
//  +---------------+---------------+---------------+---------------+
//  |  NALU 1 Data  | NALU 2 Size                   | NALU 2 …      |   RFC 6184 §5.7.1
//  +---------------+---------------+---------------+---------------+
// STAP-B has a DON (16 bits) before the first size. MTAP16 and MTAP24 have it too, and between each size and
// its NAL unit a DOND (8 bits) and a timestamp offset of 16 or 24 bits (§5.7.2).
bool parse_aggregate(std::uint8_t type, Bytes units, H264& h264) {
  ByteReader reader(units);
  if (type != kStapA) reader.skip(2);
  const std::size_t before_unit = type == kMtap16 ? 3 : type == kMtap24 ? 4 : 0;
  bool is_first = true;
  while (reader.ok() && reader.remaining() > 0) {
    const std::size_t size = reader.u16();
    reader.skip(before_unit);
    const Bytes nal = reader.bytes(size);
    if (!reader.ok() || nal.empty()) return false;
    note(nal[0] & 0x1F, (nal[0] >> 5) & 3, nal.subspan(1), is_first, h264);
    is_first = false;
  }
  return reader.ok() && !is_first;
}

//  +---------------+---------------+
//  |0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |F|NRI|  Type   |S|E|R|  Type   |   RFC 6184 §5.8; FU-B: a DON (16 bits) follows
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
bool parse_fragment(std::uint8_t type, std::uint8_t reference, Bytes fragment, H264& h264) {
  ByteReader reader(fragment);
  const std::uint8_t header = reader.u8();
  if (type == kFuB) reader.skip(2);
  if (!reader.ok()) return false;
  note(header & 0x1F, reference, reader.rest(), true, h264);
  if ((header & 0x80) != 0) return true;
  // The middle of a NAL unit: nothing of it has a meaning from here but what it is part of.
  H264 part;
  part.has_slice = h264.has_slice;
  part.is_idr = h264.is_idr;
  part.is_reference = h264.is_reference;
  h264 = part;
  return true;
}

}  // namespace

//  +---------------+
//  |0|1|2|3|4|5|6|7|
//  +-+-+-+-+-+-+-+-+
//  |F|NRI|  Type   |   RFC 6184 §1.3; 1..23: that NAL unit alone
//  +---------------+
std::optional<H264> H264::parse(Bytes payload) {
  if (payload.empty()) return std::nullopt;
  const std::uint8_t type = payload[0] & 0x1F;
  const std::uint8_t reference = (payload[0] >> 5) & 3;
  const Bytes rest = payload.subspan(1);
  H264 h264;
  if (type == 0 || type > kFuB) return std::nullopt;
  if (type < kStapA) {
    note(type, reference, rest, true, h264);
  } else if (type < kFuA) {
    if (!parse_aggregate(type, rest, h264)) return std::nullopt;
  } else if (!parse_fragment(type, reference, rest, h264)) {
    return std::nullopt;
  }
  return h264;
}

FrameFacts H264::facts() const {
  FrameFacts facts;
  facts.is_frame_start = begins_access_unit;
  facts.is_key_frame = begins_access_unit && (has_sps || is_idr);
  facts.is_discardable = has_slice && !is_reference;
  if (has_slice) {
    // What nobody refers to can be left out, which makes it a temporal layer of its own.
    facts.temporal_layer = temporal_layer.value_or(is_reference ? 0 : 1);
    facts.temporal_layer = std::min<std::uint8_t>(facts.temporal_layer, kMaxTemporalLayers - 1);
    facts.spatial_layer = std::min<std::uint8_t>(spatial_layer, kMaxSpatialLayers - 1);
    facts.layers = layers_from(facts.spatial_layer, facts.temporal_layer);
  }
  if (facts.is_key_frame) {
    facts.switches = kAllLayers;
    facts.is_layer_sync = true;
  } else if (begins_access_unit && facts.is_discardable && !temporal_layer) {
    // It refers to frames that others refer to, and everyone has those.
    facts.switches = facts.layers;
    facts.is_layer_sync = true;
  }
  facts.width = width;
  facts.height = height;
  return facts;
}

}  // namespace sluice::codec
