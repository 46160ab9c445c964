#include "rtcp/remb.h"

#include <algorithm>
#include <bit>

namespace sluice::rtcp {
namespace {

constexpr std::uint32_t kIdentifier = 0x52454D42;  // "REMB"
constexpr int kMantissaBits = 18;

}  // namespace

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P| FMT=15  |   PT=206      |             length            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                  SSRC of packet sender                        |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                  SSRC of media source: 0                      |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |  Unique identifier 'R' 'E' 'M' 'B'                            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |  Num SSRC     | BR Exp    |  BR Mantissa                      |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |   SSRC feedback                                               | …
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
std::optional<Remb> Remb::parse(const Packet& packet) {
  if (packet.type != PacketType::kPayloadFeedback || packet.count != format::kApplication)
    return std::nullopt;
  ByteReader reader(packet.body);
  Remb remb;
  remb.sender = {reader.u32()};
  reader.skip(4);
  if (reader.u32() != kIdentifier) return std::nullopt;
  const std::size_t count = reader.u8();
  const std::uint32_t rate = reader.u24();
  if (!reader.ok() || reader.remaining() < 4 * count) return std::nullopt;
  const int exponent = static_cast<int>(rate >> kMantissaBits);
  const std::uint64_t mantissa = rate & ((1U << kMantissaBits) - 1);
  remb.bitrate = mantissa << exponent;
  if (remb.bitrate >> exponent != mantissa) return std::nullopt;  // beyond 64 bits
  for (std::size_t i = 0; i < count; ++i) remb.ssrcs.push_back({reader.u32()});
  return remb;
}

void Remb::serialize_to(ByteWriter& writer) const {
  const PacketScope scope(writer, PacketType::kPayloadFeedback, format::kApplication);
  writer.u32(sender.value);
  writer.u32(0);
  writer.u32(kIdentifier);
  writer.u8(static_cast<std::uint8_t>(ssrcs.size()));
  const int exponent = std::max(static_cast<int>(std::bit_width(bitrate)) - kMantissaBits, 0);
  writer.u24((static_cast<std::uint32_t>(exponent) << kMantissaBits) |
             static_cast<std::uint32_t>(bitrate >> exponent));
  for (const Ssrc ssrc : ssrcs) writer.u32(ssrc.value);
}

}  // namespace sluice::rtcp
