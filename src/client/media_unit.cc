#include "client/media_unit.h"

#include "base/check.h"

namespace sluice::client {
namespace {

// RFC 7741 §4.2: X and S, then I, then a picture id of 15 bits; §4.3: the frame tag, and for a key frame
// start code and size.
void write_video_header(ByteWriter& writer, const MediaUnit& unit) {
  const bool start = unit.kind == MediaUnit::Kind::kVideoStart;
  writer.u8(static_cast<std::uint8_t>(0x80 | (start ? 0x10 : 0)));
  writer.u8(0x80);
  writer.u16(static_cast<std::uint16_t>(0x8000 | (unit.picture_id & 0x7FFF)));
  if (!start) return;
  writer.u8(unit.key_frame ? 0x10 : 0x11);  // show_frame, and P=0 for a key frame
  writer.u16(0);
  if (!unit.key_frame) return;
  writer.u24(0x9D012A);
  for (const std::uint16_t side : {kVideoWidth, kVideoHeight}) {  // little-endian
    writer.u8(static_cast<std::uint8_t>(side));
    writer.u8(static_cast<std::uint8_t>(side >> 8));
  }
}

}  // namespace

void MediaUnit::write_payload(MutableBytes out) const {
  ByteWriter writer(out);
  if (kind == Kind::kAudio) {
    writer.u8(0xF8);  // RFC 6716 §3.1: CELT, full band, 20 ms, one frame
  } else {
    write_video_header(writer, *this);
  }
  SLUICE_CHECK(writer.ok());
  marker.write(out.subspan(writer.size()));
}

}  // namespace sluice::client
