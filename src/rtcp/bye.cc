#include "rtcp/bye.h"

namespace sluice::rtcp {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P|    SC   |   PT=BYE=203  |             length            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                           SSRC/CSRC                           | SC times
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
// |     length    |               reason for leaving            … | optional
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
std::optional<Bye> Bye::parse(const Packet& packet) {
  if (packet.type != PacketType::kBye) return std::nullopt;
  ByteReader reader(packet.body);
  Bye bye;
  for (std::size_t i = 0; i < packet.count; ++i) bye.ssrcs.push_back({reader.u32()});
  if (reader.ok() && reader.remaining() > 0) bye.reason = as_text(reader.bytes(reader.u8()));
  if (!reader.ok()) return std::nullopt;
  return bye;
}

void Bye::serialize_to(ByteWriter& writer) const {
  const PacketScope scope(writer, PacketType::kBye, ssrcs.size());
  for (const Ssrc ssrc : ssrcs) writer.u32(ssrc.value);
  if (reason.empty()) return;
  const std::string_view text = reason.substr(0, 255);
  writer.u8(static_cast<std::uint8_t>(text.size()));
  writer.bytes(as_bytes(text));
}

}  // namespace sluice::rtcp
