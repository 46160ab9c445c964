#include "client/frame_info.h"

#include "base/check.h"
#include "client/marker.h"

namespace sluice::client {
namespace {

constexpr std::uint32_t kMagic = 0x5346524D;  // "SFRM"

}  // namespace

std::optional<FrameInfo> FrameInfo::parse(Bytes payload) {
  if (payload.size() < kSize + Marker::kSize) return std::nullopt;
  ByteReader reader(payload.subspan(payload.size() - kSize - Marker::kSize));
  if (reader.u32() != kMagic) return std::nullopt;
  FrameInfo info;
  info.number = reader.u32();
  info.media_time = reader.u32();
  info.index = reader.u16();
  info.count = reader.u16();
  info.width = reader.u16();
  info.height = reader.u16();
  info.spatial = reader.u8();
  info.temporal = reader.u8();
  info.key = reader.u8() != 0;
  info.reference_count = reader.u8();
  for (auto& reference : info.references) reference = reader.u32();
  if (info.reference_count > kMaxReferences || info.index >= info.count) return std::nullopt;
  return info;
}

void FrameInfo::write(MutableBytes payload) const {
  SLUICE_CHECK(payload.size() >= kSize + Marker::kSize);
  ByteWriter writer(payload.subspan(payload.size() - kSize - Marker::kSize, kSize));
  writer.u32(kMagic);
  writer.u32(number);
  writer.u32(media_time);
  writer.u16(index);
  writer.u16(count);
  writer.u16(width);
  writer.u16(height);
  writer.u8(spatial);
  writer.u8(temporal);
  writer.u8(key ? 1 : 0);
  writer.u8(reference_count);
  for (const auto reference : references) writer.u32(reference);
}

}  // namespace sluice::client
