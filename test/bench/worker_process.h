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

/// The total is exact; how it divides is known only by the kernel's ticks of 10 ms.
struct CpuTime {
  double total_us = 0;
  double user_ticks = 0;
  double system_ticks = 0;
  friend CpuTime operator-(const CpuTime& a, const CpuTime& b) {
    return {a.total_us - b.total_us, a.user_ticks - b.user_ticks, a.system_ticks - b.system_ticks};
  }
  [[nodiscard]] double user_us() const {
    const double ticks = user_ticks + system_ticks;
    return ticks > 0 ? total_us * user_ticks / ticks : 0;
  }
  [[nodiscard]] double system_us() const { return total_us - user_us(); }
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
  /// Of the whole process.
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
