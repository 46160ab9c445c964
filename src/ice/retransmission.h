// When a STUN request is sent again and when it is given up (RFC 8489 §6.2). Used by FullAgent, TurnClient
// and Gatherer.
#pragma once

#include "sluice/time.h"

namespace sluice::ice {

/// Over UDP `requests` are sent, each twice as long after the one before it, then `last_wait` RTOs are
/// waited. Over a stream nothing is repeated (§6.2.2); the wait is as long.
struct RetransmissionPlan {
  int requests = 7;    ///< Rc
  int last_wait = 16;  ///< Rm
  Duration rto = 500ms;
  bool reliable = false;

  [[nodiscard]] constexpr Duration total() const { return ((1 << (requests - 1)) - 1 + last_wait) * rto; }
};

/// What servers are asked with: RFC 8489 §6.2.1 lets Rc and Rm be configured, and gathering that waits for a
/// dead server for 39.5 s helps nobody. 9.5 s in all.
inline constexpr RetransmissionPlan kServerPlan{.requests = 5, .last_wait = 4};

class Retransmission {
 public:
  enum class Due : std::uint8_t { kNothing, kAgain, kGiveUp };

  Retransmission() = default;
  Retransmission(const RetransmissionPlan& plan, Instant now)
      : plan_(plan), next_(now + (plan.reliable ? plan.total() : plan.rto)) {}

  [[nodiscard]] Instant next() const { return next_; }
  [[nodiscard]] int sent() const { return sent_; }
  /// kAgain: the caller sends now.
  Due due(Instant now) {
    if (now < next_) return Due::kNothing;
    if (plan_.reliable || sent_ == plan_.requests) return Due::kGiveUp;
    ++sent_;
    next_ = now + (sent_ == plan_.requests ? plan_.last_wait * plan_.rto : (1 << (sent_ - 1)) * plan_.rto);
    return Due::kAgain;
  }
  /// No more requests; an answer may still come for as long as after a last one.
  void stop(Instant now) {
    sent_ = plan_.requests;
    next_ = now + plan_.last_wait * plan_.rto;
  }

 private:
  RetransmissionPlan plan_;
  Instant next_ = kNever;
  int sent_ = 1;
};

}  // namespace sluice::ice
