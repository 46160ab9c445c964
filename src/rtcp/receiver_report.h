// Receiver report (RFC 3550 §6.4.2): report blocks of one that sends no media itself.
#pragma once

#include "rtcp/compound.h"
#include "rtcp/report_block.h"

namespace sluice::rtcp {

struct ReceiverReport {
  Ssrc ssrc;  ///< Of the reporter.
  ReportBlocks reports;
  friend bool operator==(const ReceiverReport&, const ReceiverReport&) = default;

  static std::optional<ReceiverReport> parse(const Packet& packet);
  void serialize_to(ByteWriter& writer) const;
};

}  // namespace sluice::rtcp
