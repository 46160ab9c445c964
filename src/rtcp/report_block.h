// Report block: what a receiver tells of one source (RFC 3550 §6.4.1), in sender and receiver reports alike.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtcp/fixed_list.h"
#include "sluice/time.h"

namespace sluice::rtcp {

struct ReportBlock {
  static constexpr std::size_t kSize = 24;

  Ssrc ssrc;                           ///< The source reported on.
  std::uint8_t fraction_lost = 0;      ///< Of 256, since the report before.
  std::int32_t cumulative_lost = 0;    ///< 24 bits, signed; clamped when written.
  std::uint32_t extended_highest = 0;  ///< Cycles and highest sequence number received.
  std::uint32_t jitter = 0;            ///< RTP timestamp units.
  std::uint32_t last_sr = 0;           ///< Middle 32 bits of the last sender report's NTP time; 0: none yet.
  std::uint32_t delay_since_last_sr = 0;  ///< Units of 1/65536 s.
  friend bool operator==(const ReportBlock&, const ReportBlock&) = default;

  static ReportBlock parse(ByteReader& reader);
  void serialize_to(ByteWriter& writer) const;
};

/// At most 31: the count field has five bits.
using ReportBlocks = FixedList<ReportBlock, 31>;
/// Reads `count` blocks; false when they do not fit.
bool parse_report_blocks(ByteReader& reader, std::size_t count, ReportBlocks& out);

/// The middle 32 bits of an NTP timestamp (RFC 3550 §4).
inline std::uint32_t compact_ntp(std::uint64_t ntp) {
  return static_cast<std::uint32_t>(ntp >> 16);
}
/// Round-trip time from a receiver's echo of one of our reports (RFC 3550 §6.4.1; RFC 3611 §4.5): now - last
/// - delay, at least 1 ms. Nothing when no report was echoed, or when the echo is nonsense.
std::optional<Duration> round_trip_time(std::uint64_t ntp_now, std::uint32_t last, std::uint32_t delay);

}  // namespace sluice::rtcp
