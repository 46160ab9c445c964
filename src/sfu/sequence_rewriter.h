// A consumer's own sequence numbers: the producer's plus an offset that changes when packets are left out on
// purpose.
//
// The publisher's own gaps are kept (they may still be filled by a retransmission), only what the consumer
// left out is closed up. Of a gap that nothing will fill any more one number is kept, so that the receiver
// knows that something is missing. The last few offsets are remembered, so that a NACK in the consumer's
// numbers finds the producer's packet without a note per packet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/ids.h"

namespace sluice::sfu {

class SequenceRewriter {
 public:
  /// `first`: the number that the first packet will leave with; random (RFC 3550 §5.1).
  explicit SequenceRewriter(SequenceNumber first) : next_(first) {}

  /// The next packet continues right after the last one sent, whatever its number: at the start, and after a
  /// pause.
  void restart() { synchronized_ = false; }
  /// The number to send `in` with; nothing for a packet older than the last restart: its place was given
  /// away.
  std::optional<SequenceNumber> rewrite(SequenceNumber in);
  /// The producer's number of a packet that was sent as `out`; nothing when too old or never sent.
  [[nodiscard]] std::optional<SequenceNumber> original(SequenceNumber out) const;
  [[nodiscard]] SequenceNumber next() const { return next_; }

 private:
  /// From `first_out` on, out = in + offset.
  struct Span {
    SequenceNumber first_in;
    SequenceNumber first_out;
  };
  static constexpr std::size_t kSpans = 8;
  static constexpr int kMaxGap = 3000;  ///< Of the publisher's own; RFC 3550 A.1, MAX_DROPOUT.

  SequenceNumber start_span(SequenceNumber in, SequenceNumber out);

  std::array<Span, kSpans> spans_{};
  std::size_t span_count_ = 0;  ///< Newest last; at most kSpans, older ones are forgotten.
  SequenceNumber next_;         ///< One past the newest sent.
  bool synchronized_ = false;
};

}  // namespace sluice::sfu
