#include "rtcp/pli.h"

namespace sluice::rtcp {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P|  FMT=1  |  PT=PSFB=206  |           length=2            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                     SSRC of packet sender                     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                      SSRC of media source                     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
std::optional<Pli> Pli::parse(const Packet& packet) {
  if (packet.type != PacketType::kPayloadFeedback || packet.count != format::kPli) return std::nullopt;
  ByteReader reader(packet.body);
  Pli pli;
  pli.sender = {reader.u32()};
  pli.media = {reader.u32()};
  if (!reader.ok()) return std::nullopt;
  return pli;
}

void Pli::serialize_to(ByteWriter& writer) const {
  const PacketScope scope(writer, PacketType::kPayloadFeedback, format::kPli);
  writer.u32(sender.value);
  writer.u32(media.value);
}

}  // namespace sluice::rtcp
