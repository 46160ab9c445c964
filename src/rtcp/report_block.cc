#include "rtcp/report_block.h"

#include <algorithm>

namespace sluice::rtcp {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
// |                 SSRC_1 (SSRC of first source)                 |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | fraction lost |       cumulative number of packets lost       |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |           extended highest sequence number received           |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                      interarrival jitter                      |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                         last SR (LSR)                         |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                   delay since last SR (DLSR)                  |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
ReportBlock ReportBlock::parse(ByteReader& reader) {
  ReportBlock block;
  block.ssrc = {reader.u32()};
  block.fraction_lost = reader.u8();
  const std::uint32_t lost = reader.u24();
  block.cumulative_lost = static_cast<std::int32_t>(lost) - ((lost & 0x800000) != 0 ? 0x1000000 : 0);
  block.extended_highest = reader.u32();
  block.jitter = reader.u32();
  block.last_sr = reader.u32();
  block.delay_since_last_sr = reader.u32();
  return block;
}

void ReportBlock::serialize_to(ByteWriter& writer) const {
  writer.u32(ssrc.value);
  writer.u8(fraction_lost);
  writer.u24(static_cast<std::uint32_t>(std::clamp(cumulative_lost, -0x800000, 0x7FFFFF)) & 0xFFFFFF);
  writer.u32(extended_highest);
  writer.u32(jitter);
  writer.u32(last_sr);
  writer.u32(delay_since_last_sr);
}

bool parse_report_blocks(ByteReader& reader, std::size_t count, ReportBlocks& out) {
  if (reader.remaining() < count * ReportBlock::kSize) return false;
  for (std::size_t i = 0; i < count; ++i) out.push_back(ReportBlock::parse(reader));
  return reader.ok();
}

std::optional<Duration> round_trip_time(std::uint64_t ntp_now, std::uint32_t last, std::uint32_t delay) {
  if (last == 0) return std::nullopt;
  const auto units = static_cast<std::int32_t>(compact_ntp(ntp_now) - last - delay);
  // A little below zero is the two clocks' rounding; far below is no echo of ours.
  if (units < -65536) return std::nullopt;
  return std::max<Duration>(Duration(std::int64_t{units} * 1'000'000 / 65536), 1ms);
}

}  // namespace sluice::rtcp
