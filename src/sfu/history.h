// The newest packets of one producer stream, kept once for the retransmissions of all its viewers.
//
// Invariants: an entry's view lies in its packet; numbers are the producer's, so a consumer maps back before
// it looks up. Bounded by count and by age: advance() lets packets return to the pool even when the stream
// has gone quiet.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "sfu/media_packet.h"
#include "sluice/time.h"

namespace sluice::sfu {

class History {
 public:
  struct Entry : StoredPacket {
    Instant at{};
  };

  /// `capacity` is rounded up to a power of two, at most 32,768.
  explicit History(std::size_t capacity = 1024, Duration max_age = 2s);

  /// A number already held, or behind the ring, is ignored.
  void insert(const StoredPacket& packet, Instant now);
  /// A packet that came and is not kept.
  void leave_out(SequenceNumber number) { let_go(unwrapper_.unwrap(number)); }
  /// Whatever came of the numbers behind `number` is still here.
  [[nodiscard]] bool has_all_behind(SequenceNumber number) const {
    return unwrapper_.peek(number) + 1 >= complete_from_;
  }
  /// Null when never seen, overwritten or too old. Valid until the next insert, advance or clear.
  [[nodiscard]] const Entry* lookup(SequenceNumber number, Instant now) const;
  /// The same, for who has learned what it means.
  [[nodiscard]] Entry* find(SequenceNumber number, Instant now) {
    return const_cast<Entry*>(lookup(number, now));
  }

  /// False from the number on that is ahead of all.
  [[nodiscard]] bool is_before_end(SequenceNumber number) const { return unwrapper_.peek(number) < end_; }

  /// Lets go of what is too old. A live stream does so with every insert; the deadline is for one that has
  /// gone quiet.
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const { return size_ == 0 ? kNever : last_insert_ + max_age_; }
  void clear();
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

 private:
  [[nodiscard]] std::optional<Entry>& slot(std::int64_t number) {
    return ring_[static_cast<std::size_t>(number) & mask_];
  }
  void let_go(std::int64_t number) { complete_from_ = std::max(complete_from_, number + 1); }
  /// Empties the slots before `number`.
  void drop_before(std::int64_t number);

  std::vector<std::optional<Entry>> ring_;  ///< Allocated with the first packet.
  SequenceUnwrapper unwrapper_;
  std::size_t mask_;
  Duration max_age_;
  Instant last_insert_{};
  std::int64_t oldest_ = 0;         ///< Nothing is held before it...
  std::int64_t end_ = 0;            ///< ...nor from here on.
  std::int64_t complete_from_ = 0;  ///< From here on all that came is held.
  std::size_t size_ = 0;
};

}  // namespace sluice::sfu
