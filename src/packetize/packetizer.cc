#include "packetize/packetizer.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "codec/annex_b.h"
#include "codec/av1.h"
#include "codec/h264.h"
#include "codec/vp8.h"
#include "codec/vp9.h"

namespace sluice::packetize {
namespace {

struct Name {
  std::string_view mime_type;
  Format format;
};
constexpr std::array<Name, 7> kNames = {{
    {"audio/opus", Format::kOpus},
    {"audio/pcmu", Format::kPcmu},
    {"audio/pcma", Format::kPcma},
    {"video/vp8", Format::kVp8},
    {"video/vp9", Format::kVp9},
    {"video/h264", Format::kH264},
    {"video/av1", Format::kAv1},
}};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// What the codec's parser says of the frame's first bytes behind a descriptor of `Size` bytes.
template <typename Parser, std::size_t Size>
std::optional<Parser> parse_start(const std::array<std::uint8_t, Size>& descriptor, Bytes frame) {
  std::array<std::uint8_t, 32> start{};
  ByteWriter writer(start);
  writer.bytes(descriptor);
  writer.bytes(frame.first(std::min(frame.size(), writer.room())));
  return Parser::parse(writer.written());
}

void inspect_h264(Bytes frame, FrameMetadata& metadata) {
  codec::AnnexBReader reader(frame);
  metadata.discardable = true;
  for (Bytes nal; reader.next(nal);) {
    const auto h264 = codec::H264::parse(nal);
    if (!h264) continue;
    metadata.key_frame = metadata.key_frame || h264->is_idr || h264->has_sps;
    if (h264->has_slice && h264->is_reference) metadata.discardable = false;
    if (h264->temporal_layer) metadata.temporal_index = *h264->temporal_layer;
    if (h264->width == 0) continue;
    metadata.width = h264->width;
    metadata.height = h264->height;
  }
  if (metadata.key_frame) metadata.discardable = false;
}

void inspect_av1(Bytes frame, FrameMetadata& metadata) {
  for (ByteReader reader(frame); reader.remaining() > 0;) {
    const auto obu = codec::Obu::read(reader);
    if (!obu) return;
    if (obu->has_extension()) {
      metadata.temporal_index = obu->temporal_layer();
      metadata.spatial_index = std::max(metadata.spatial_index, obu->spatial_layer());
    }
    if (obu->type() != codec::Obu::kSequenceHeader) continue;
    metadata.key_frame = true;
    // As the one element of a payload: W = 1, N.
    if (const auto av1 = parse_start<codec::Av1>(
            std::array<std::uint8_t, 2>{0x18, codec::Obu::kSequenceHeader << 3}, obu->payload)) {
      metadata.width = av1->width;
      metadata.height = av1->height;
    }
  }
}

}  // namespace

std::optional<Format> format_of(std::string_view mime_type) {
  for (const Name& name : kNames) {
    // RFC 6838 §4.2: media type names compare without case.
    if (std::equal(mime_type.begin(), mime_type.end(), name.mime_type.begin(), name.mime_type.end(),
                   [](char a, char b) { return lower(a) == b; })) {
      return name.format;
    }
  }
  return std::nullopt;
}

codec::Kind kind_of(Format format) {
  switch (format) {
    case Format::kOpus:
      return codec::Kind::kOpus;
    case Format::kVp8:
      return codec::Kind::kVp8;
    case Format::kVp9:
      return codec::Kind::kVp9;
    case Format::kH264:
      return codec::Kind::kH264;
    case Format::kAv1:
      return codec::Kind::kAv1;
    case Format::kPcmu:
    case Format::kPcma:
      break;
  }
  return codec::Kind::kOther;
}

void inspect(Format format, Bytes frame, FrameMetadata& metadata) {
  switch (format) {
    case Format::kVp8:
      // S alone.
      if (const auto vp8 = parse_start<codec::Vp8>(std::array<std::uint8_t, 1>{0x10}, frame)) {
        metadata.key_frame = vp8->is_key_frame;
        metadata.width = vp8->width;
        metadata.height = vp8->height;
      }
      return;
    case Format::kVp9:
      // B alone, of which the parser asks the frame itself whether it is a key frame.
      if (const auto vp9 = parse_start<codec::Vp9>(std::array<std::uint8_t, 1>{0x08}, frame)) {
        metadata.key_frame = vp9->is_key_frame() && vp9->width != 0;
        metadata.width = vp9->width;
        metadata.height = vp9->height;
      }
      return;
    case Format::kH264:
      return inspect_h264(frame, metadata);
    case Format::kAv1:
      return inspect_av1(frame, metadata);
    case Format::kOpus:
    case Format::kPcmu:
    case Format::kPcma:
      return;
  }
}

Result<Packetizer> Packetizer::make(const Options& options) {
  const auto in_range = [](std::uint8_t layers) { return layers >= 1 && layers <= 3; };
  if (!in_range(options.scalability.spatial) || !in_range(options.scalability.temporal))
    return invalid_argument("scalability", "expected 1 to 3 spatial and 1 to 3 temporal layers");
  if (options.scalability.spatial > 1 && options.format != Format::kVp9 && options.format != Format::kAv1)
    return invalid_argument("scalability", "spatial layers are of VP9 and AV1 only");
  if (options.ptime < 1ms || options.ptime > 200ms)
    return invalid_argument("ptime", "expected 1 ms to 200 ms (RFC 3551 §4.5)");
  switch (options.format) {
    case Format::kOpus:
      return Packetizer(OpusPacketizer());
    case Format::kPcmu:
    case Format::kPcma:
      return Packetizer(PcmPacketizer(options.ptime));
    case Format::kVp8:
      return Packetizer(Vp8Packetizer(options.scalability, options.first_picture_id));
    case Format::kVp9:
      return Packetizer(Vp9Packetizer(options.scalability, options.vp9_flexible, options.first_picture_id));
    case Format::kH264:
      return Packetizer(H264Packetizer(options.h264_format));
    case Format::kAv1:
      return Packetizer(Av1Packetizer());
  }
  return invalid_argument("format", "there is no packetizer for it");
}

bool Packetizer::packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out) {
  SLUICE_CHECK(limits.valid());
  out.clear();
  return std::visit([&](auto& codec) { return codec.packetize(frame, limits, out); }, state_);
}

void Packetizer::flush(std::uint32_t timestamp, Payloads& out) {
  out.clear();
  if (auto* pcm = std::get_if<PcmPacketizer>(&state_)) pcm->flush(timestamp, out);
}

bool Packetizer::set_parameter_sets(Bytes nals) {
  auto* h264 = std::get_if<H264Packetizer>(&state_);
  return h264 != nullptr && h264->set_parameter_sets(nals);
}

}  // namespace sluice::packetize
