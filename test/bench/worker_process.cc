#include "bench/worker_process.h"

namespace sluice::bench {

Result<WorkerProcess> WorkerProcess::start(const MeasuredProcess::Options& options) {
  auto process = MeasuredProcess::start(options);
  if (!process) return process.error();
  auto controller = control::Controller::connect(process->take_channel());
  if (!controller) return controller.error();
  return WorkerProcess(std::move(*process), std::move(*controller));
}

}  // namespace sluice::bench
