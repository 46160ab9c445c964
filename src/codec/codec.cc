#include "codec/codec.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "codec/av1.h"
#include "codec/h264.h"
#include "codec/h265.h"
#include "codec/opus.h"
#include "codec/red.h"
#include "codec/vp8.h"
#include "codec/vp9.h"

namespace sluice::codec {
namespace {

struct Name {
  std::string_view mime_type;
  Kind kind;
};
constexpr std::array<Name, 7> kNames = {{
    {"audio/opus", Kind::kOpus},
    {"audio/red", Kind::kRed},
    {"video/vp8", Kind::kVp8},
    {"video/vp9", Kind::kVp9},
    {"video/h264", Kind::kH264},
    {"video/h265", Kind::kH265},
    {"video/av1", Kind::kAv1},
}};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

template <typename Payload>
FrameFacts facts_of(const std::optional<Payload>& parsed) {
  return parsed ? parsed->facts() : FrameFacts{};
}

/// Every packet is a frame.
FrameFacts opus_facts(Bytes payload) {
  FrameFacts facts;
  facts.is_frame_start = true;
  const std::optional<Opus> opus = Opus::parse(payload);
  facts.is_discardable = opus && opus->is_dtx;
  return facts;
}

/// Those of the primary block.
FrameFacts red_facts(Bytes payload) {
  const std::optional<Red> red = Red::parse(payload);
  FrameFacts facts = opus_facts(red ? Red::bytes_of(red->primary(), payload) : Bytes{});
  facts.red.is_unreadable = !red;
  if (red) {
    facts.red.block_count = red->block_count;
    facts.red.primary_offset = red->primary().offset;
  }
  return facts;
}

}  // namespace

Kind kind_of(std::string_view mime_type) {
  for (const Name& name : kNames) {
    // RFC 6838 §4.2: media type names compare without case.
    if (std::equal(mime_type.begin(), mime_type.end(), name.mime_type.begin(), name.mime_type.end(),
                   [](char a, char b) { return lower(a) == b; })) {
      return name.kind;
    }
  }
  return Kind::kOther;
}

void write_picture_id(std::uint8_t* descriptor, const PictureFields& fields, std::uint16_t picture_id) {
  SLUICE_CHECK(fields.has_picture_id());
  std::uint8_t* at = descriptor + fields.picture_id_offset;
  if (fields.long_picture_id) {
    store16(at, static_cast<std::uint16_t>(0x8000 | (picture_id & 0x7FFF)));
  } else {
    *at = picture_id & 0x7F;
  }
}

void write_tl0_pic_idx(std::uint8_t* descriptor, const PictureFields& fields, std::uint8_t tl0_pic_idx) {
  SLUICE_CHECK(fields.has_tl0_pic_idx());
  descriptor[fields.tl0_pic_idx_offset] = tl0_pic_idx;
}

FrameFacts frame_facts(Kind kind, Bytes payload) {
  switch (kind) {
    case Kind::kVp8:
      return facts_of(Vp8::parse(payload));
    case Kind::kVp9:
      return facts_of(Vp9::parse(payload));
    case Kind::kH264:
      return facts_of(H264::parse(payload));
    case Kind::kH265:
      return facts_of(H265::parse(payload));
    case Kind::kAv1:
      return facts_of(Av1::parse(payload));
    case Kind::kOpus:
      return opus_facts(payload);
    case Kind::kRed:
      return red_facts(payload);
    case Kind::kOther:
      break;
  }
  FrameFacts facts;
  facts.is_frame_start = true;
  return facts;
}

}  // namespace sluice::codec
