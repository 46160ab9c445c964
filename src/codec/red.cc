#include "codec/red.h"

#include <cstring>

namespace sluice::codec {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |1|   block PT  |      timestamp offset     |   block length    |   RFC 2198 §3, one a redundant block
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |0|   block PT  |                                                   the primary; then the blocks in order
// +-+-+-+-+-+-+-+-+
std::optional<Red> Red::parse(Bytes payload) {
  ByteReader reader(payload);
  Red red;
  for (bool follows = true; follows;) {
    if (red.block_count == kMaxBlocks) return std::nullopt;
    Block& block = red.blocks[red.block_count++];
    const std::uint8_t first = reader.u8();
    block.payload_type = first & 0x7F;
    follows = (first & 0x80) != 0;
    if (follows) {
      const std::uint32_t rest = reader.u24();
      block.timestamp_offset = static_cast<std::uint16_t>(rest >> 10);
      block.size = static_cast<std::uint16_t>(rest & 0x3FF);
    }
    if (!reader.ok()) return std::nullopt;
  }
  std::size_t at = payload.size() - reader.remaining();
  for (std::size_t i = 0; i + 1U < red.block_count; ++i) {
    red.blocks[i].offset = static_cast<std::uint16_t>(at);
    at += red.blocks[i].size;
  }
  if (at > payload.size() || payload.size() > 0xFFFF) return std::nullopt;
  Block& primary = red.blocks[red.block_count - 1U];
  primary.offset = static_cast<std::uint16_t>(at);
  primary.size = static_cast<std::uint16_t>(payload.size() - at);
  return red;
}

bool Red::names_only(Bytes payload, std::size_t block_count, std::uint8_t payload_type) {
  for (std::size_t i = 0; i < block_count; ++i) {
    if ((payload[4 * i] & 0x7F) != payload_type) return false;
  }
  return true;
}

std::size_t Red::write_headers(std::uint8_t* out, Bytes payload, std::size_t block_count,
                               std::uint8_t payload_type) {
  const std::size_t size = headers_size(block_count);
  std::memcpy(out, payload.data(), size);
  for (std::size_t i = 0; i < block_count; ++i)
    out[4 * i] = static_cast<std::uint8_t>((out[4 * i] & 0x80) | payload_type);
  return size;
}

}  // namespace sluice::codec
