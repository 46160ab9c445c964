// CPU time of another process: the total to the nanosecond, and how much of it was the kernel's.
//
// The total is what the scheduler charged (the process's CPU-time clock, the same number as
// /proc/PID/schedstat). The kernel itself divides it into user and system only by its ticks, 250 a second on
// most distributions; where perf events may look at the kernel (root, or kernel.perf_event_paranoid <= 1) a
// timer of our own samples eight times as often instead. method() says which it was.
#pragma once

#include <cstdint>
#include <string_view>

#include <sys/types.h>

namespace sluice::bench {

struct CpuTime {
  double total_us = 0;
  double user_samples = 0;
  double system_samples = 0;
  friend CpuTime operator-(const CpuTime& a, const CpuTime& b) {
    return {a.total_us - b.total_us, a.user_samples - b.user_samples, a.system_samples - b.system_samples};
  }
  [[nodiscard]] double user_us() const {
    const double samples = user_samples + system_samples;
    return samples > 0 ? total_us * user_samples / samples : 0;
  }
  [[nodiscard]] double system_us() const { return total_us - user_us(); }
};

/// CPU time of the calling thread, in µs.
double own_cpu_us();

class CpuMeter {
 public:
  explicit CpuMeter(pid_t pid);
  CpuMeter(CpuMeter&& other) noexcept;
  CpuMeter& operator=(CpuMeter&&) = delete;
  ~CpuMeter();

  /// So far; differences are what counts. Call at least every two seconds of CPU time: samples wait in a
  /// ring.
  CpuTime read();
  [[nodiscard]] std::string_view method() const {
    return ring_ != nullptr ? "perf cpu-clock samples, 2 kHz" : "kernel ticks";
  }

 private:
  void open_sampler();
  void drain_samples();
  void read_ticks();

  pid_t pid_;
  int event_ = -1;
  void* ring_ = nullptr;
  double user_ = 0;
  double system_ = 0;
};

}  // namespace sluice::bench
