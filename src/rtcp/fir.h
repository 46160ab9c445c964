// Full intra request (RFC 5104 §4.3.1): asks named sources for a key frame; a repeat keeps its number, a new
// request counts it up.
#pragma once

#include "base/ids.h"
#include "rtcp/compound.h"
#include "rtcp/fixed_list.h"

namespace sluice::rtcp {

struct Fir {
  struct Request {
    Ssrc ssrc;
    std::uint8_t sequence_number = 0;
    friend bool operator==(const Request&, const Request&) = default;
  };
  Ssrc sender;
  FixedList<Request, 32> requests;  ///< More than these are not read.
  friend bool operator==(const Fir&, const Fir&) = default;

  static std::optional<Fir> parse(const Packet& packet);
  void serialize_to(ByteWriter& writer) const;
};

}  // namespace sluice::rtcp
