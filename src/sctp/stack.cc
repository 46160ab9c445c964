#include "sctp/stack.h"

#include <algorithm>

#include <usrsctp.h>

#include "base/check.h"
#include "sctp/stack_hooks.h"

namespace sluice::sctp {
namespace {

/// The globals: what usrsctp's own come to.
struct Process {
  bool started = false;
  std::size_t users = 0;
  /// Addresses are numbers to usrsctp. One that has been registered stays so, as taking one away is work for
  /// threads that do not run here; it is used again instead.
  std::uintptr_t addresses = 0;
  std::vector<void*> free_addresses;
};
Process process;

/// Tells one thread from another.
thread_local char this_thread;
const char* users_thread = nullptr;

void start() {
  process.started = true;
  usrsctp_init_nothreads(0, &StackHooks::output, nullptr);
  // A transport of ours has one path, under whoever carries our packets: nothing of IP is of use.
  usrsctp_sysctl_set_sctp_blackhole(2);      // no ABORT for what belongs to no association
  usrsctp_sysctl_set_sctp_ecn_enable(0);     // the IP header is not ours to see
  usrsctp_sysctl_set_sctp_asconf_enable(0);  // RFC 5061: no other addresses
  usrsctp_sysctl_set_sctp_auto_asconf(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);  // RFC 4895: DTLS does that
  usrsctp_sysctl_set_sctp_nrsack_enable(0);
  usrsctp_sysctl_set_sctp_pktdrop_enable(0);
  usrsctp_sysctl_set_sctp_min_split_point(512);
}

void* take_address() {
  if (!process.free_addresses.empty()) {
    void* address = process.free_addresses.back();
    process.free_addresses.pop_back();
    return address;
  }
  void* address = reinterpret_cast<void*>(++process.addresses);  // NOLINT(performance-no-int-to-ptr)
  usrsctp_register_address(address);
  return address;
}

}  // namespace

StackUser::StackUser(Random& random) : random_(random) {
  if (users_thread == nullptr) users_thread = &this_thread;
  SLUICE_CHECK(users_thread == &this_thread);  // all associations of a process live on one thread
  const Scope scope(*this, Instant{});
  if (!process.started) start();
  address_ = take_address();
  ++process.users;
}

StackUser::~StackUser() {
  {
    // An endpoint that was in use when it was closed is freed by a timer of a few milliseconds.
    const Scope scope(*this, now_);
    constexpr int kMaxRuns = 1000;
    for (int runs = 0; runs < kMaxRuns && !timers_.empty(); ++runs) {
      now_ = std::max(now_, next_deadline());
      run_next_timer(now_);
    }
  }
  SLUICE_CHECK(timers_.empty());
  process.free_addresses.push_back(address_);
  if (--process.users == 0) users_thread = nullptr;
}

StackUser::Scope::Scope(StackUser& user, Instant now) : outer_(StackHooks::current) {
  SLUICE_CHECK(outer_ == nullptr || outer_ == &user);
  user.now_ = now;
  StackHooks::current = &user;
}

StackUser::Scope::~Scope() {
  StackHooks::current = outer_;
}

Instant StackUser::next_deadline() const {
  Instant next = kNever;
  for (const Timer& timer : timers_) next = std::min(next, timer.deadline);
  return next;
}

void StackUser::run_timers(Instant now) {
  while (run_next_timer(now)) {
  }
}

bool StackUser::run_next_timer(Instant until) {
  const auto next = std::ranges::min_element(timers_, [](const Timer& a, const Timer& b) {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
  });
  if (next == timers_.end() || next->deadline > until) return false;
  sctp_callout& callout = *next->callout;
  timers_.erase(next);
  return StackHooks::run(callout);
}

void StackUser::start_timer(sctp_callout& callout, Duration delay) {
  timers_.push_back({&callout, now_ + delay, timers_started_++});
}

bool StackUser::stop_timer(const sctp_callout& callout) {
  return std::erase_if(timers_, [&](const Timer& timer) { return timer.callout == &callout; }) == 1;
}

StackLeaks check_stack_for_leaks() {
  StackLeaks leaks;
  leaks.users = process.users;
  if (!process.started || process.users != 0) return leaks;
  leaks.endpoints = usrsctp_finish() != 0;
  if (!leaks.endpoints) process = {};
  return leaks;
}

}  // namespace sluice::sctp
