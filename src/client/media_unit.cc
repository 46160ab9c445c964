#include "client/media_unit.h"

#include "base/check.h"
#include "packetize/vp8_packetizer.h"

namespace sluice::client {
namespace {

void write_video_descriptor(ByteWriter& writer, const MediaUnit& unit) {
  packetize::Vp8Descriptor descriptor;
  descriptor.start_of_partition = unit.kind == MediaUnit::Kind::kVideoStart;
  descriptor.partition = unit.partition;
  descriptor.picture_id = unit.picture_id;
  descriptor.write(writer);
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
