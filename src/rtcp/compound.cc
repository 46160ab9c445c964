#include "rtcp/compound.h"

#include "base/check.h"

namespace sluice::rtcp {

std::optional<Packet> CompoundReader::next() {
  if (rest_.empty() || !ok_) return std::nullopt;
  ok_ = false;
  if (rest_.size() < kHeaderSize || rest_[0] >> 6 != 2) return std::nullopt;
  const std::size_t size = 4 * (std::size_t{load16(rest_.data() + 2)} + 1);
  if (size > rest_.size()) return std::nullopt;

  std::size_t padding = 0;
  if ((rest_[0] & 0x20) != 0) {
    // RFC 3550 §6.4.1 wants a multiple of four, and only on the last packet; libwebrtc pads transport
    // feedback by one to three bytes, so only what reaches into the header is refused.
    padding = rest_[size - 1];
    if (padding == 0 || padding > size - kHeaderSize) return std::nullopt;
  }
  const Packet packet{static_cast<PacketType>(rest_[1]), static_cast<std::uint8_t>(rest_[0] & 0x1F),
                      rest_.subspan(kHeaderSize, size - kHeaderSize - padding)};
  rest_ = rest_.subspan(size);
  ok_ = true;
  return packet;
}

PacketScope::PacketScope(ByteWriter& writer, PacketType type, std::size_t count)
    : writer_(writer), start_(writer.size()) {
  SLUICE_CHECK(count <= 31);
  writer_.u8(static_cast<std::uint8_t>(0x80 | count));
  writer_.u8(static_cast<std::uint8_t>(type));
  writer_.u16(0);
}

PacketScope::~PacketScope() {
  writer_.fill((4 - (writer_.size() - start_) % 4) % 4);
  writer_.patch16(start_ + 2, static_cast<std::uint16_t>((writer_.size() - start_) / 4 - 1));
}

}  // namespace sluice::rtcp
