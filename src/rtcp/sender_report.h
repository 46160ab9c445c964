// Sender report (RFC 3550 §6.4.1): ties RTP timestamps to the wall clock and counts what was sent.
#pragma once

#include "rtcp/compound.h"
#include "rtcp/report_block.h"

namespace sluice::rtcp {

struct SenderReport {
  Ssrc ssrc;
  std::uint64_t ntp = 0;  ///< Seconds since 1900 in 32.32.
  RtpTimestamp rtp_timestamp;
  std::uint32_t packet_count = 0;
  std::uint32_t octet_count = 0;  ///< Payload bytes, without headers and padding.
  ReportBlocks reports;
  friend bool operator==(const SenderReport&, const SenderReport&) = default;

  static std::optional<SenderReport> parse(const Packet& packet);
  void serialize_to(ByteWriter& writer) const;
};

}  // namespace sluice::rtcp
