// What the worker knows about itself that the engine does not: resource usage, its sockets and its loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/control/protocol.h"
#include "worker/network.h"

namespace sluice::worker {

struct LoopCounters {
  std::uint64_t wake_ups = 0;
  std::uint64_t receive_batches = 0;
  std::uint64_t flushes = 0;
  std::uint64_t log_lines_dropped = 0;
  std::uint64_t events_without_controller = 0;
};

control::ResourceUsage resource_usage();

/// The engine's dump of itself with "process", "loop" and "sockets" added: UDP sockets by id, closed ones
/// left out, then TCP listeners.
std::string extend_worker_dump(const std::string& engine_dump, const std::vector<BoundSocket>& sockets,
                               const std::vector<BoundListener>& listeners, const LoopCounters& loop);

}  // namespace sluice::worker
