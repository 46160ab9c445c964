// fbs/worker_stats.fbs ← statistics of the whole worker.
#pragma once

#include "sluice/worker_stats.h"
#include "worker_stats_generated.h"

namespace sluice::control {

wire::WorkerStatsT to_wire(const WorkerStats& stats);

}  // namespace sluice::control
