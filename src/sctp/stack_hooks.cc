// The symbols of usrsctp that CMakeLists.txt frees for us, in the words of usrsctp 0.9.5:
// netinet/sctp_callout.h, user_environment.h. With its own, it would read the machine's clock (so that round
// trips, lifetimes and cookies would not live in the time that comes in), draw its own random numbers, and
// tell nobody when its next timer is due.
#include "sctp/stack_hooks.h"

#include <sys/time.h>

#include "base/check.h"

// As usrsctp's own macros read and write it: what a timer is made of.
struct sctp_callout {
  struct {
    sctp_callout* next;
    sctp_callout** previous;
  } unused_queue;
  std::uint32_t time;
  void* argument;
  void (*function)(void*);
  int flags;
};

namespace sluice::sctp {
namespace {

constexpr int kActive = 0x0002;   // SCTP_CALLOUT_ACTIVE
constexpr int kPending = 0x0004;  // SCTP_CALLOUT_PENDING
// usrsctp takes a time of zero for none, and subtracts from it.
constexpr std::int64_t kEpochMicros = 1'000'000'000'000;

std::int64_t micros() {
  return kEpochMicros + StackHooks::now().time_since_epoch().count();
}

}  // namespace

StackUser* StackHooks::current = nullptr;

StackUser& StackHooks::user() {
  SLUICE_CHECK(current != nullptr);
  return *current;
}

int StackHooks::output(void* address, void* buffer, std::size_t length, std::uint8_t /*tos*/,
                       std::uint8_t /*set_df*/) {
  StackUser& user = StackHooks::user();
  SLUICE_CHECK(address == user.address_);
  user.packets_.push({static_cast<const std::uint8_t*>(buffer), length});
  return 0;
}

void StackHooks::random(void* out, std::size_t size) {
  user().random_.fill({static_cast<std::uint8_t*>(out), size});
}

int StackHooks::start_timer(sctp_callout* callout, std::uint32_t ticks, void (*function)(void*),
                            void* argument) {
  const int was_pending = stop_timer(callout);
  callout->argument = argument;
  callout->function = function;
  callout->flags = kActive | kPending;
  user().start_timer(*callout, std::chrono::milliseconds(ticks == 0 ? 1 : ticks));  // hz is 1000
  return was_pending;
}

int StackHooks::stop_timer(sctp_callout* callout) {
  const bool was_pending = (callout->flags & kPending) != 0;
  callout->flags &= ~(kActive | kPending);
  if (was_pending) SLUICE_CHECK(user().stop_timer(*callout));
  return was_pending ? 1 : 0;
}

bool StackHooks::run(sctp_callout& callout) {
  callout.flags &= ~kPending;
  callout.function(callout.argument);  // which may free the callout
  return true;
}

}  // namespace sluice::sctp

extern "C" {

int sluice_sctp_gettimeofday(timeval* time, void* /*zone*/) {
  const std::int64_t micros = sluice::sctp::micros();
  time->tv_sec = micros / 1'000'000;
  time->tv_usec = micros % 1'000'000;
  return 0;
}

std::uint32_t sctp_get_tick_count() {
  return static_cast<std::uint32_t>(sluice::sctp::micros() / 1000);
}

void read_random(void* out, std::size_t size) {
  sluice::sctp::StackHooks::random(out, size);
}

int sctp_os_timer_start(sctp_callout* callout, std::uint32_t ticks, void (*function)(void*), void* argument) {
  return sluice::sctp::StackHooks::start_timer(callout, ticks, function, argument);
}

int sctp_os_timer_stop(sctp_callout* callout) {
  return sluice::sctp::StackHooks::stop_timer(callout);
}

}  // extern "C"
