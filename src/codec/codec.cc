#include "codec/codec.h"

#include <algorithm>
#include <array>

#include "codec/vp8.h"

namespace sluice::codec {
namespace {

struct Name {
  std::string_view mime_type;
  Kind kind;
};
constexpr std::array<Name, 6> kNames = {{
    {"audio/opus", Kind::kOpus},
    {"video/vp8", Kind::kVp8},
    {"video/vp9", Kind::kVp9},
    {"video/h264", Kind::kH264},
    {"video/h265", Kind::kH265},
    {"video/av1", Kind::kAv1},
}};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
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

FrameFacts frame_facts(Kind kind, Bytes payload) {
  if (kind == Kind::kVp8) {
    const std::optional<Vp8> vp8 = Vp8::parse(payload);
    return vp8 ? vp8->facts() : FrameFacts{};
  }
  FrameFacts facts;
  facts.is_frame_start = true;
  return facts;
}

}  // namespace sluice::codec
