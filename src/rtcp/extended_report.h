// Extended reports (RFC 3611): receiver reference time (§4.4) and its echo, DLRR (§4.5), by which one that
// only receives learns the round-trip time. Other blocks are read over.
#pragma once

#include "base/ids.h"
#include "rtcp/compound.h"
#include "rtcp/fixed_list.h"

namespace sluice::rtcp {

struct ExtendedReport {
  struct Dlrr {
    Ssrc ssrc;                              ///< The receiver whose reference time is echoed.
    std::uint32_t last_rr = 0;              ///< Middle 32 bits of its NTP time.
    std::uint32_t delay_since_last_rr = 0;  ///< Units of 1/65536 s.
    friend bool operator==(const Dlrr&, const Dlrr&) = default;
  };
  Ssrc sender;
  std::optional<std::uint64_t> receiver_reference_time;  ///< NTP.
  FixedList<Dlrr, 32> dlrr;                              ///< More than these are not read.
  friend bool operator==(const ExtendedReport&, const ExtendedReport&) = default;

  static std::optional<ExtendedReport> parse(const Packet& packet);
  void serialize_to(ByteWriter& writer) const;
};

}  // namespace sluice::rtcp
