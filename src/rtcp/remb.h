// Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03 §2.2).
#pragma once

#include "base/ids.h"
#include "rtcp/compound.h"
#include "rtcp/fixed_list.h"

namespace sluice::rtcp {

struct Remb {
  Ssrc sender;
  std::uint64_t bitrate = 0;  ///< bps; the wire keeps its 18 highest bits.
  FixedList<Ssrc, 255> ssrcs;
  friend bool operator==(const Remb&, const Remb&) = default;

  static std::optional<Remb> parse(const Packet& packet);
  void serialize_to(ByteWriter& writer) const;
};

}  // namespace sluice::rtcp
