#include "rtcp/receiver_report.h"

namespace sluice::rtcp {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P|    RC   |   PT=RR=201   |             length            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                     SSRC of packet sender                     |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
// | RC report blocks, then profile-specific extensions (not read) |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
std::optional<ReceiverReport> ReceiverReport::parse(const Packet& packet) {
  if (packet.type != PacketType::kReceiverReport) return std::nullopt;
  ByteReader reader(packet.body);
  ReceiverReport report;
  report.ssrc = {reader.u32()};
  if (!reader.ok() || !parse_report_blocks(reader, packet.count, report.reports)) return std::nullopt;
  return report;
}

void ReceiverReport::serialize_to(ByteWriter& writer) const {
  const PacketScope scope(writer, PacketType::kReceiverReport, reports.size());
  writer.u32(ssrc.value);
  for (const ReportBlock& block : reports) block.serialize_to(writer);
}

}  // namespace sluice::rtcp
