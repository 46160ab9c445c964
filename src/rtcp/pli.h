// Picture loss indication (RFC 4585 §6.3.1): the receiver asks for a key frame.
#pragma once

#include "base/ids.h"
#include "rtcp/compound.h"

namespace sluice::rtcp {

struct Pli {
  Ssrc sender;
  Ssrc media;
  friend bool operator==(const Pli&, const Pli&) = default;

  static std::optional<Pli> parse(const Packet& packet);
  void serialize_to(ByteWriter& writer) const;
};

}  // namespace sluice::rtcp
