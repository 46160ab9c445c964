#include "rtcp/fir.h"

namespace sluice::rtcp {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P|  FMT=4  |  PT=PSFB=206  |             length            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                     SSRC of packet sender                     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |             SSRC of media source, not used: 0                 |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
// |                              SSRC                             | one or
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+ more
// | Seq nr.       |    reserved                                   |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
std::optional<Fir> Fir::parse(const Packet& packet) {
  if (packet.type != PacketType::kPayloadFeedback || packet.count != format::kFir) return std::nullopt;
  ByteReader reader(packet.body);
  Fir fir;
  fir.sender = {reader.u32()};
  reader.skip(4);
  if (!reader.ok() || reader.remaining() == 0 || reader.remaining() % 8 != 0) return std::nullopt;
  while (reader.remaining() > 0 && !fir.requests.full()) {
    const Ssrc ssrc{reader.u32()};
    const std::uint8_t number = reader.u8();
    reader.skip(3);
    fir.requests.push_back({ssrc, number});
  }
  return fir;
}

void Fir::serialize_to(ByteWriter& writer) const {
  const PacketScope scope(writer, PacketType::kPayloadFeedback, format::kFir);
  writer.u32(sender.value);
  writer.u32(0);  // RFC 5104 §4.3.1.2: SHALL be 0
  for (const Request& request : requests) {
    writer.u32(request.ssrc.value);
    writer.u8(request.sequence_number);
    writer.fill(3);
  }
}

}  // namespace sluice::rtcp
