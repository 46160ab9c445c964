// One run of the tool, from the first join to the results: who joins when, what is sampled, when it ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "load/meter.h"
#include "load/process_usage.h"
#include "load/results.h"
#include "load/signaling.h"

namespace sluice::load {

class Run {
 public:
  /// Called with each sample.
  using Progress = std::function<void(const Results& so_far, const Sample& sample)>;

  /// All outlive this. `interrupted` is looked at often.
  Run(const Options& options, Signaling& signaling, const MediaPlan& plan, const volatile bool& interrupted);

  Result<Results> run(const Progress& progress);

 private:
  struct Totals {
    std::uint64_t lost = 0;
    std::uint64_t freezes = 0;
  };
  struct Costs {
    Usage worker;
    Usage tool;
    UdpPorts::Counts network;
    Instant at{};
  };

  void lay_out();
  void join_due();
  [[nodiscard]] bool may_join() const;
  Result<void> step(Instant until);
  void sample(const Progress& progress);
  [[nodiscard]] Costs read_costs();
  [[nodiscard]] Totals totals() const;
  void check_steady();
  /// Nobody sends any more; what is under way arrives.
  Result<void> drain();
  void leave();

  const Options& options_;
  Signaling& signaling_;
  const MediaPlan& plan_;
  const volatile bool& interrupted_;
  Swarm swarm_;
  Meter meter_;
  std::vector<Participant> participants_;
  std::vector<std::size_t> order_;  ///< Who joins, one after the other.
  std::size_t begun_ = 0;
  Instant started_{};
  Instant all_begun_ = kNever;
  Instant next_sample_ = kNever;
  Costs last_;    ///< At the last sample.
  Costs steady_;  ///< When all had begun.
  bool steady_known_ = false;
  Totals last_totals_;
  double tool_peak_cpu_ = 0;
  Results results_;
};

}  // namespace sluice::load
