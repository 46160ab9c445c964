// The candidate pairs of one component and their states (RFC 8445 §6.1.2). Knows which pair is checked next;
// sends nothing. Used by FullAgent.
//
// Invariants: one pair a path (a remote address and what of ours is sent from); at most kMaxPairs, the best
// by priority; pointers to pairs are good until the next add(), remove_if() or clear().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ice/full_types.h"
#include "sluice/address.h"
#include "sluice/time.h"

namespace sluice::ice {

/// What statistics tell of a pair.
struct PairNumbers {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  Instant last_packet_sent = kNever;
  Instant last_packet_received = kNever;
  Duration total_round_trip_time{};
  Duration round_trip_time{-1};  ///< Of the last answer; negative: none yet.
  std::uint32_t requests_received = 0;
  std::uint32_t requests_sent = 0;
  std::uint32_t responses_received = 0;
  std::uint32_t responses_sent = 0;
  std::uint32_t consent_requests_sent = 0;
  std::uint64_t packets_discarded = 0;
  std::uint64_t bytes_discarded = 0;
};

/// Why a pair has failed.
enum class PairFailure : std::uint8_t {
  kNone,
  kNoAnswer,
  kRefused,
  kNotSymmetric,
  kNoConnection,
  kNoPermission
};

struct Pair {
  Path path;
  std::uint32_t local_priority = 0;
  std::uint32_t remote_priority = 0;
  std::uint64_t priority = 0;    ///< RFC 8445 §6.1.2.3
  std::uint32_t foundation = 0;  ///< Equal for pairs of equal foundations on both sides.
  PairState state = PairState::kFrozen;
  PairFailure failure = PairFailure::kNone;
  bool relayed = false;             ///< Either of the candidates is.
  bool triggered = false;           ///< In the triggered-check queue (§6.1.4.1).
  std::uint32_t queued = 0;         ///< Its place in that queue.
  bool authenticated = false;       ///< A check of the peer's came by it.
  Instant peer_nominated = kNever;  ///< When USE-CANDIDATE last came, unless a check without it came since.
  std::optional<std::uint32_t> nomination;  ///< The peer's renomination value.
  Instant checked{};                        ///< When its check began.
  std::optional<SocketAddress> mapped;      ///< Our address as the peer told it.
  PairNumbers numbers;
};

class Checklist {
 public:
  static constexpr std::size_t kMaxPairs = 100;  ///< RFC 8445 §6.1.2.5.

  /// Adds a pair unless its path has one or the list is full of better ones. `pair.state` is worked out here.
  Pair* add(Pair pair, bool controlling);
  [[nodiscard]] Pair* find(const Path& path);
  [[nodiscard]] const Pair* find(const Path& path) const;
  /// Priorities by the new role (§7.3.1.1).
  void set_role(bool controlling);
  void set_priorities(Pair& pair, std::uint32_t local, std::uint32_t remote, bool controlling);

  /// Puts `pair` into the triggered-check queue.
  void trigger(Pair& pair);
  /// The next check (§6.1.4.2): triggered ones first in, first out; then ordinary ones by priority, unless
  /// `triggered_only`. A frozen pair comes when nothing waits, and no pair of its foundation is under way, or
  /// what is has gone unanswered since `patience` ago.
  [[nodiscard]] Pair* next(bool triggered_only, Instant now, Duration patience);
  /// Whether next() has one that needs no thaw.
  [[nodiscard]] bool has_waiting(bool triggered_only) const;
  /// When a frozen pair may be checked, should nothing else wait; kNever when there is none.
  [[nodiscard]] Instant next_thaw(Duration patience) const;
  void succeed(Pair& pair);
  void fail(Pair& pair, PairFailure why);
  /// Everything is to be checked again.
  void reset();
  void clear() { pairs_.clear(); }
  template <typename Predicate>
  void remove_if(Predicate gone) {
    std::erase_if(pairs_, gone);
  }

  /// The valid pair with the highest priority.
  [[nodiscard]] const Pair* best_valid() const;
  /// Whether a pair of a higher priority may yet succeed.
  [[nodiscard]] bool better_may_come(const Pair& pair) const;
  [[nodiscard]] bool all_failed() const;
  /// Pairs waiting or in progress, for the RTO (§14.3).
  [[nodiscard]] int busy() const;
  [[nodiscard]] const std::vector<Pair>& pairs() const { return pairs_; }
  [[nodiscard]] std::vector<Pair>& pairs() { return pairs_; }

 private:
  [[nodiscard]] bool may_thaw(const Pair& frozen, Instant now, Duration patience) const;
  [[nodiscard]] bool make_room(std::uint64_t priority);

  std::vector<Pair> pairs_;
  std::uint32_t queued_ = 0;
};

/// "3 candidate pairs failed: 2 without an answer, 1 refused".
std::string describe_failures(const std::vector<Pair>& pairs);

}  // namespace sluice::ice
