#include "client/media_unit.h"

#include "base/check.h"

namespace sluice::client {
namespace {

// RFC 7741 §4.2: X, S and PID, then I, then a picture id of 15 bits.
void write_video_descriptor(ByteWriter& writer, const MediaUnit& unit) {
  const bool start = unit.kind == MediaUnit::Kind::kVideoStart;
  writer.u8(static_cast<std::uint8_t>(0x80 | (start ? 0x10 : 0) | (unit.partition & 0x07)));
  writer.u8(0x80);
  writer.u16(static_cast<std::uint16_t>(0x8000 | (unit.picture_id & 0x7FFF)));
}

}  // namespace

void MediaUnit::write_payload(MutableBytes out) const {
  ByteWriter writer(out);
  if (kind == Kind::kLayered) return write_layered(out);
  if (kind != Kind::kAudio) write_video_descriptor(writer, *this);
  const std::size_t head_size = writer.size();
  writer.bytes(coded);
  SLUICE_CHECK(writer.ok());
  writer.fill(writer.room(), static_cast<std::uint8_t>(marker.counter));
  if (marked) marker.write(out.subspan(head_size));
}

void MediaUnit::write_layered(MutableBytes out) const {
  ByteWriter writer(out);
  writer.bytes(head);
  SLUICE_CHECK(writer.ok());
  writer.fill(writer.room(), static_cast<std::uint8_t>(marker.counter));
  frame.write(out);
  marker.write(out.subspan(descriptor_size));
}

}  // namespace sluice::client
