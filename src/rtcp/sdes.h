// Source description (RFC 3550 §6.5). Only the canonical name matters to us; other items are read over.
#pragma once

#include <string_view>

#include "base/ids.h"
#include "rtcp/compound.h"
#include "rtcp/fixed_list.h"

namespace sluice::rtcp {

struct Sdes {
  struct Chunk {
    Ssrc ssrc;
    std::string_view
        cname;  ///< In the bytes that were parsed; empty when the chunk has none; at most 255 bytes.
    friend bool operator==(const Chunk&, const Chunk&) = default;
  };
  FixedList<Chunk, 31> chunks;
  friend bool operator==(const Sdes&, const Sdes&) = default;

  static std::optional<Sdes> parse(const Packet& packet);
  void serialize_to(ByteWriter& writer) const;
};

}  // namespace sluice::rtcp
