// A real sluice-worker under measurement: started with a control channel, pinned to a core, its CPU time,
// memory and heap allocations read from outside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "sluice/result.h"
#include "worker/control/controller.h"

namespace sluice::bench {

struct CpuTime {
  double user_us = 0;
  double system_us = 0;
  [[nodiscard]] double total() const { return user_us + system_us; }
};

class WorkerProcess {
 public:
  struct Options {
    std::string binary;
    std::vector<std::string> arguments;
    int core = -1;               ///< -1: not pinned.
    std::string malloc_counter;  ///< The preload library; empty: allocations are not counted.
  };
  static Result<WorkerProcess> start(const Options& options);
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  ~WorkerProcess();

  control::Controller& controller() { return *controller_; }
  /// Of the whole process, in microseconds; exact to the scheduler's clock, split as the kernel accounts
  /// ticks.
  [[nodiscard]] CpuTime cpu() const;
  /// Resident bytes.
  [[nodiscard]] std::uint64_t resident() const;
  [[nodiscard]] std::uint64_t allocations() const;

 private:
  WorkerProcess() = default;
  pid_t pid_ = -1;
  std::optional<control::Controller> controller_;
  std::string counter_path_;
  volatile std::uint64_t* counter_ = nullptr;
};

/// Pins the calling process.
void pin_to_core(int core);

}  // namespace sluice::bench
