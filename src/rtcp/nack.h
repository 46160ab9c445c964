// Generic NACK (RFC 4585 §6.2.1): packets the receiver misses, as pairs of a number and a mask of the 16
// after it.
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                  SSRC of packet sender                        |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                  SSRC of media source                         |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |            PID                |             BLP               | …
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
#pragma once

#include <span>

#include "base/ids.h"
#include "rtcp/compound.h"

namespace sluice::rtcp {

/// A received NACK: a view of the bytes it was parsed from.
class Nack {
 public:
  static std::optional<Nack> parse(const Packet& packet);

  [[nodiscard]] Ssrc sender() const { return sender_; }
  [[nodiscard]] Ssrc media() const { return media_; }
  /// Calls `visit(SequenceNumber)` for each number asked for, in the order of the packet.
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    for (std::size_t i = 0; i < items_.size(); i += kItemSize) {
      const SequenceNumber pid{load16(items_.data() + i)};
      visit(pid);
      unsigned blp = load16(items_.data() + i + 2);
      for (int n = 1; blp != 0; ++n, blp >>= 1) {
        if ((blp & 1) != 0) visit(pid.plus(n));
      }
    }
  }

  /// Appends one NACK packet for as many of `numbers` (ascending) as fit and gives how many those were; the
  /// caller goes on with the rest in another datagram.
  static std::size_t serialize_to(ByteWriter& writer, Ssrc sender, Ssrc media,
                                  std::span<const SequenceNumber> numbers);

 private:
  static constexpr std::size_t kItemSize = 4;
  Ssrc sender_;
  Ssrc media_;
  Bytes items_;
};

}  // namespace sluice::rtcp
