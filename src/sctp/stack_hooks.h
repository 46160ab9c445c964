// Where usrsctp calls: for the time, random numbers, timers, and with packets to send.
//
// For stack.cc and stack_hooks.cc only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sctp/stack.h"

namespace sluice::sctp {

struct StackHooks {
  /// Of the Scope that stands; null outside of one.
  static StackUser* current;

  static StackUser& user();
  static Instant now() { return current != nullptr ? current->now_ : Instant{}; }
  static int output(void* address, void* buffer, std::size_t length, std::uint8_t tos, std::uint8_t set_df);
  static void random(void* out, std::size_t size);
  static int start_timer(sctp_callout* callout, std::uint32_t ticks, void (*function)(void*), void* argument);
  static int stop_timer(sctp_callout* callout);
  static bool run(sctp_callout& callout);
};

}  // namespace sluice::sctp
