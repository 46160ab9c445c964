// What processes cost, read from /proc: CPU time and resident memory of workers on this machine, and of the
// tool itself.
#pragma once

#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace sluice::load {

struct Usage {
  double user = 0;             ///< Seconds.
  double system = 0;           ///< Seconds.
  std::uint64_t resident = 0;  ///< Bytes.
  double waited = 0;           ///< Seconds: it could have run, and the core was another's.
  [[nodiscard]] double cpu() const { return user + system; }
};

/// Nothing when there is no such process, or it may not be looked at.
std::optional<Usage> usage_of(pid_t pid);
/// Of the calling process; exact where usage_of knows ticks of 10 ms only.
Usage own_usage();

/// Pins the calling process, and what it starts, to one core. False when there is no such core.
bool pin_to_core(int core);
int core_count();

}  // namespace sluice::load
