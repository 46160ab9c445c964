// What the worker knows about itself that the engine does not: resource usage, its sockets and its loop.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/log2_histogram.h"
#include "worker/control/protocol.h"
#include "worker/network.h"

namespace sluice::worker {

struct LoopCounters {
  std::uint64_t wake_ups = 0;
  std::uint64_t receive_batches = 0;
  std::uint64_t flushes = 0;
  std::uint64_t log_lines_dropped = 0;
  std::uint64_t events_without_controller = 0;
  // In units of 64 µs, to 1 s.
  using Delays = Log2Histogram<16, 1>;
  static constexpr double kDelayUnit = 64e-6;
  Delays deadline_delay;  ///< How late the worker came to what was due.
  Delays receive_delay;   ///< How long the oldest datagram of a batch had waited in the kernel.

  static void note(Delays& delays, Duration delay) {
    delays.add((static_cast<std::uint64_t>(std::max<std::int64_t>(delay.count(), 0)) + 63) / 64);
  }
};

control::ResourceUsage resource_usage();

/// The engine's statistics of itself with "process", "loop" and "sockets" filled in. `closed`: what the UDP
/// sockets that are closed have counted.
void extend_worker_stats(WorkerStats& stats, const std::vector<BoundSocket>& sockets,
                         const std::vector<BoundListener>& listeners, const SocketCounters& closed,
                         const LoopCounters& loop);

/// The engine's dump of itself with "process", "loop" and "sockets" added: UDP sockets by id, closed ones
/// left out, then TCP listeners.
std::string extend_worker_dump(const std::string& engine_dump, const std::vector<BoundSocket>& sockets,
                               const std::vector<BoundListener>& listeners, const LoopCounters& loop);

}  // namespace sluice::worker
