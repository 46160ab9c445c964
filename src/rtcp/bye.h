// Goodbye (RFC 3550 §6.6): sources that are no longer active.
#pragma once

#include <string_view>

#include "base/ids.h"
#include "rtcp/compound.h"
#include "rtcp/fixed_list.h"

namespace sluice::rtcp {

struct Bye {
  FixedList<Ssrc, 31> ssrcs;
  std::string_view reason;  ///< In the bytes that were parsed; at most 255 bytes.
  friend bool operator==(const Bye&, const Bye&) = default;

  static std::optional<Bye> parse(const Packet& packet);
  void serialize_to(ByteWriter& writer) const;
};

}  // namespace sluice::rtcp
