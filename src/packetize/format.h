// The formats that frames can be sent and received in, and what a coded frame's own bytes tell of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "codec/codec.h"
#include "sluice/encoded_frame.h"

namespace sluice::packetize {

/// What can be sent and received as frames.
enum class Format : std::uint8_t { kOpus, kPcmu, kPcma, kVp8, kVp9, kH264, kAv1 };

/// "video/VP8", in any case; nothing for what has no packetizer.
std::optional<Format> format_of(std::string_view mime_type);
constexpr bool is_audio(Format format) {
  return format == Format::kOpus || format == Format::kPcmu || format == Format::kPcma;
}
/// What parsers know it by; kOther for G.711.
codec::Kind kind_of(Format format);

/// What a coded frame's own bytes tell of it (key frame, size, of AV1 its layers), for who reads frames from
/// a file. H.264: an Annex B access unit. The rest is left as it is.
void inspect(Format format, Bytes frame, FrameMetadata& metadata);

}  // namespace sluice::packetize
