// A process under measurement, started here: pinned to a core, its CPU time, memory and heap allocations read
// from outside.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "bench/cpu_meter.h"
#include "bench/malloc_page.h"
#include "sluice/result.h"

namespace sluice::bench {

/// The processes under measurement have this core, the peers the other.
inline constexpr int kMeasuredCore = 0;
inline constexpr int kPeersCore = 1;

class MeasuredProcess {
 public:
  struct Options {
    std::string binary;
    std::vector<std::string> arguments;
    int core = kMeasuredCore;
    std::string malloc_counter;  ///< The preload library; empty: allocations are not counted.
  };
  /// The process finds one end of a socket pair as descriptor 3; the other is channel(). It is expected to
  /// end when that is closed.
  static Result<MeasuredProcess> start(const Options& options);
  MeasuredProcess(MeasuredProcess&& other) noexcept;
  MeasuredProcess& operator=(MeasuredProcess&&) = delete;
  ~MeasuredProcess();

  /// The caller owns it from the first call on.
  int take_channel() { return std::exchange(channel_, -1); }
  CpuTime cpu() { return meter_.read(); }
  [[nodiscard]] std::string_view cpu_method() const { return meter_.method(); }
  /// How long it could have run but others had its core, in µs, so far.
  [[nodiscard]] double waited_us() const;
  /// Resident bytes.
  [[nodiscard]] std::uint64_t resident() const;

  /// All zero without a malloc counter.
  [[nodiscard]] std::uint64_t allocations() const;
  [[nodiscard]] std::uint64_t heap_bytes() const;
  void trace_allocations(bool on);
  /// Where allocations came from while they were traced, the most frequent first: count and the functions,
  /// innermost first.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::string>> allocation_sites() const;

 private:
  MeasuredProcess(pid_t pid, int channel, std::string binary);
  [[nodiscard]] std::string name_of(std::uint64_t address) const;

  pid_t pid_;
  int channel_;
  std::string binary_;
  CpuMeter meter_;
  std::string page_path_;
  sluice_malloc_page* page_ = nullptr;
};

/// Pins the calling process, and puts it before others where that is allowed (root): a measurement is short.
void pin_to_core(int core);

}  // namespace sluice::bench
