#include "rtcp/sdes.h"

namespace sluice::rtcp {
namespace {

constexpr std::uint8_t kEnd = 0;
constexpr std::uint8_t kCname = 1;  // RFC 3550 §6.5.1

/// One chunk of a body of `body_size` bytes, which its alignment counts from.
std::optional<Sdes::Chunk> parse_chunk(ByteReader& reader, std::size_t body_size) {
  Sdes::Chunk chunk;
  chunk.ssrc = {reader.u32()};
  while (reader.ok()) {
    const std::uint8_t type = reader.u8();
    if (type == kEnd) {
      // RFC 3550 §6.5: the list ends with one or more nulls, up to the next 32-bit boundary.
      const std::size_t read = body_size - reader.remaining();
      reader.skip((4 - read % 4) % 4);
      break;
    }
    const Bytes value = reader.bytes(reader.u8());
    if (type == kCname) chunk.cname = as_text(value);
  }
  if (!reader.ok()) return std::nullopt;
  return chunk;
}

}  // namespace

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P|    SC   |  PT=SDES=202  |             length            |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
// |                          SSRC/CSRC_1                          |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |    CNAME=1    |     length    | user and domain name        …
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
std::optional<Sdes> Sdes::parse(const Packet& packet) {
  if (packet.type != PacketType::kSdes) return std::nullopt;
  ByteReader reader(packet.body);
  Sdes sdes;
  for (std::size_t i = 0; i < packet.count; ++i) {
    const std::optional<Chunk> chunk = parse_chunk(reader, packet.body.size());
    if (!chunk) return std::nullopt;
    sdes.chunks.push_back(*chunk);
  }
  return sdes;
}

void Sdes::serialize_to(ByteWriter& writer) const {
  const PacketScope scope(writer, PacketType::kSdes, chunks.size());
  for (const Chunk& chunk : chunks) {
    const std::string_view cname = chunk.cname.substr(0, 255);
    writer.u32(chunk.ssrc.value);
    writer.u8(kCname);
    writer.u8(static_cast<std::uint8_t>(cname.size()));
    writer.bytes(as_bytes(cname));
    writer.fill(4 - (2 + cname.size()) % 4);  // at least one null
  }
}

}  // namespace sluice::rtcp
