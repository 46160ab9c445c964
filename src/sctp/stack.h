// usrsctp, as far as it is one for the whole process; and what it takes to have many associations in it, each
// in a time and with a randomness of its own.
//
// The exception to "no global state": usrsctp keeps its endpoints, its addresses and its settings in globals.
// All of that stands behind this file. Invariants: usrsctp is entered only through a StackUser::Scope; what
// it sends, the timers it starts, the clock and the random numbers it reads during a Scope are those of that
// user. All users of a process live on one thread. Called by Association.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "sctp/packet_queue.h"
#include "sluice/time.h"

struct sctp_callout;

namespace sluice::sctp {

/// One association, as the stack sees it: an address (AF_CONN), timers, packets to send.
class StackUser {
 public:
  /// `random` must outlive the user.
  explicit StackUser(Random& random);
  StackUser(const StackUser&) = delete;
  StackUser& operator=(const StackUser&) = delete;
  /// What usrsctp knows of this user must have been closed; what it left to its timers is done here.
  ~StackUser();

  class Scope {
   public:
    Scope(StackUser& user, Instant now);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

   private:
    StackUser* outer_;
  };

  /// Registered with usrsctp; of no other user while this one lives.
  [[nodiscard]] void* address() const { return address_; }
  [[nodiscard]] PacketQueue& packets() { return packets_; }
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] Instant next_deadline() const;
  /// In a Scope: whatever is due.
  void run_timers(Instant now);

 private:
  friend struct StackHooks;  // stack_hooks.cc: where usrsctp calls
  struct Timer {
    sctp_callout* callout;
    Instant deadline;
    std::uint64_t order;  ///< Of those due at one time, the first started is the first to run.
  };

  void start_timer(sctp_callout& callout, Duration delay);
  bool stop_timer(const sctp_callout& callout);
  bool run_next_timer(Instant until);

  Random& random_;
  Instant now_{};
  void* address_;
  std::vector<Timer> timers_;  ///< Some ten of an association.
  std::uint64_t timers_started_ = 0;
  PacketQueue packets_;
};

/// For tests: how many users there are, and whether usrsctp holds an endpoint (false after the last user is
/// gone, or something has leaked). Starts usrsctp anew.
struct StackLeaks {
  std::size_t users = 0;
  bool endpoints = false;
};
StackLeaks check_stack_for_leaks();

}  // namespace sluice::sctp
