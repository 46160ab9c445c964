// A real sluice-worker under measurement, with its control channel.
#pragma once

#include <string>

#include "bench/measured_process.h"
#include "worker/control/controller.h"

namespace sluice::bench {

class WorkerProcess {
 public:
  static Result<WorkerProcess> start(const MeasuredProcess::Options& options);

  control::Controller& controller() { return controller_; }
  MeasuredProcess& process() { return process_; }

 private:
  WorkerProcess(MeasuredProcess process, control::Controller controller)
      : process_(std::move(process)), controller_(std::move(controller)) {}

  MeasuredProcess process_;
  control::Controller
      controller_;  ///< Goes first: the worker ends with its channel, and process_ waits for it.
};

}  // namespace sluice::bench
