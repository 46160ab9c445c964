// What a viewer was sent of late, where a repeat has to be the same bit for bit: without RTX it keeps its
// SSRC and number, hence its SRTP nonce, and AEAD must never see one nonce over two different packets (RFC
// 7714 §8.1).
//
// Invariant: same StoredPacket (told by `order`), same Rewrite, same SendStamp and same negotiated numbers,
// same bytes; so the owner clears it when any of those numbers changes. Bounded, allocated once. Owned by
// Consumer, and only by one that needs it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sfu/rewriter.h"
#include "transport/send_stamp.h"

namespace sluice::sfu {

class SentPackets {
 public:
  struct Sent {
    Rewrite rewrite;
    std::uint32_t order = 0;  ///< StoredPacket::order; 0: nothing here.
    transport::SendStamp stamp;
  };
  /// Opus is of use for half a second and a round trip: more than a second of 20 ms each.
  static constexpr std::size_t kAudio = 64;
  /// A second of a megabit or two.
  static constexpr std::size_t kVideo = 256;

  /// `capacity`: a power of two.
  explicit SentPackets(std::size_t capacity) : ring_(std::bit_ceil(capacity)) {}

  void note(const Sent& sent) { ring_[place(sent.rewrite.sequence_number)] = sent; }
  /// Null when it was not sent, or is too old. Valid until the next note() or clear().
  [[nodiscard]] const Sent* find(SequenceNumber number) const {
    const Sent& sent = ring_[place(number)];
    return sent.order != 0 && sent.rewrite.sequence_number == number ? &sent : nullptr;
  }
  void clear() { ring_.assign(ring_.size(), {}); }

 private:
  [[nodiscard]] std::size_t place(SequenceNumber number) const { return number.value & (ring_.size() - 1); }

  std::vector<Sent> ring_;
};
static_assert(sizeof(SentPackets::Sent) <= 28);

}  // namespace sluice::sfu
