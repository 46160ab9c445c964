#include "rtcp/extended_report.h"

namespace sluice::rtcp {
namespace {

constexpr std::uint8_t kReceiverReferenceTime = 4;  // RFC 3611 §4.4
constexpr std::uint8_t kDlrr = 5;                   // RFC 3611 §4.5
constexpr std::size_t kDlrrItemSize = 12;

}  // namespace

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P|reserved |   PT=XR=207   |             length            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                              SSRC                             |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
// |     BT=4      |   reserved    |       block length = 2        |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                 NTP timestamp, two words                      |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
// |     BT=5      |   reserved    |         block length          |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | SSRC_n, last RR, delay since last RR: three words a receiver  |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
std::optional<ExtendedReport> ExtendedReport::parse(const Packet& packet) {
  if (packet.type != PacketType::kExtendedReport) return std::nullopt;
  ByteReader reader(packet.body);
  ExtendedReport report;
  report.sender = {reader.u32()};
  while (reader.ok() && reader.remaining() > 0) {
    const std::uint8_t type = reader.u8();
    reader.skip(1);
    const std::size_t words = reader.u16();
    ByteReader block(reader.bytes(4 * words));
    if (!reader.ok()) return std::nullopt;
    if (type == kReceiverReferenceTime) {
      if (block.remaining() != 8) return std::nullopt;
      report.receiver_reference_time = block.u64();
    } else if (type == kDlrr) {
      if (block.remaining() % kDlrrItemSize != 0) return std::nullopt;
      while (block.remaining() > 0 && !report.dlrr.full()) {
        const Ssrc ssrc{block.u32()};
        const std::uint32_t last_rr = block.u32();
        report.dlrr.push_back({ssrc, last_rr, block.u32()});
      }
    }
  }
  if (!reader.ok()) return std::nullopt;
  return report;
}

void ExtendedReport::serialize_to(ByteWriter& writer) const {
  const PacketScope scope(writer, PacketType::kExtendedReport, 0);
  writer.u32(sender.value);
  if (receiver_reference_time) {
    writer.u8(kReceiverReferenceTime);
    writer.u8(0);
    writer.u16(2);
    writer.u64(*receiver_reference_time);
  }
  if (dlrr.empty()) return;
  writer.u8(kDlrr);
  writer.u8(0);
  writer.u16(static_cast<std::uint16_t>(3 * dlrr.size()));
  for (const Dlrr& item : dlrr) {
    writer.u32(item.ssrc.value);
    writer.u32(item.last_rr);
    writer.u32(item.delay_since_last_rr);
  }
}

}  // namespace sluice::rtcp
