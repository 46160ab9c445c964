#include "rtcp/sender_report.h"

namespace sluice::rtcp {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P|    RC   |   PT=SR=200   |             length            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                         SSRC of sender                        |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
// |              NTP timestamp, most significant word             |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |             NTP timestamp, least significant word             |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                         RTP timestamp                         |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                     sender's packet count                     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                      sender's octet count                     |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
// | RC report blocks, then profile-specific extensions (not read) |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
std::optional<SenderReport> SenderReport::parse(const Packet& packet) {
  if (packet.type != PacketType::kSenderReport) return std::nullopt;
  ByteReader reader(packet.body);
  SenderReport report;
  report.ssrc = {reader.u32()};
  report.ntp = reader.u64();
  report.rtp_timestamp = {reader.u32()};
  report.packet_count = reader.u32();
  report.octet_count = reader.u32();
  if (!reader.ok() || !parse_report_blocks(reader, packet.count, report.reports)) return std::nullopt;
  return report;
}

void SenderReport::serialize_to(ByteWriter& writer) const {
  const PacketScope scope(writer, PacketType::kSenderReport, reports.size());
  writer.u32(ssrc.value);
  writer.u64(ntp);
  writer.u32(rtp_timestamp.value);
  writer.u32(packet_count);
  writer.u32(octet_count);
  for (const ReportBlock& block : reports) block.serialize_to(writer);
}

}  // namespace sluice::rtcp
