// What is measured of a call, and how: CPU a packet, the highest rate, the delay; and the same of the
// yardstick.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/call.h"

namespace sluice::bench {

using Json = nlohmann::ordered_json;

/// The load of one scenario, and its multiples: frames and packets stay as they are, they come more often. So
/// a load of two is what two publishers would send who never do so at the same moment.
struct Load {
  Traffic nominal;
  [[nodiscard]] Traffic scaled(double factor) const;
  /// Packets a second of all senders together, about.
  [[nodiscard]] double packets_per_second() const;
};

/// 2.5 Mbit/s at 30 frames a second, as a browser sends 720p.
Load video_load(client::VideoSource::Split split);
/// One Opus packet every 20 ms.
Load audio_load();
/// What each of `peers` participants sends: both.
Load room_load(int peers);

struct Cost {
  double packets = 0;  ///< Forwarded in the measured time...
  double seconds = 0;  ///< ...which was so long.
  double lost = 0;     ///< Share of those expected.
  double user_us = 0;  ///< All µs are CPU time a forwarded packet.
  double system_us = 0;
  double worker_busy = 0;  ///< Share of its core.
  double peers_busy = 0;
  double allocations = 0;  ///< A forwarded packet, as are the calls.
  Call::Calls calls;
  [[nodiscard]] double total_us() const { return user_us + system_us; }
};
Cost measure_cost(Call& call, const Traffic& load, Duration time);

struct Capacity {
  double factor = 0;  ///< Of the nominal load.
  double packets_per_second = 0;
  double worker_busy = 0;  ///< Of the rate above, the first that failed.
  bool peers_were_limit = false;
  bool disturbed = false;  ///< Others had the worker's core for more than a twentieth of the time.
};
/// The highest rate with less than 0.1 % loss. `guess`: a factor to begin with.
Capacity find_capacity(Call& call, const Load& load, double guess);

struct Quantiles {
  double p50 = 0;  ///< All µs.
  double p99 = 0;
  double p999 = 0;
  double max = 0;
  std::size_t samples = 0;
};
Quantiles quantiles(std::vector<std::int64_t> nanos);
/// From the publisher's kernel to the viewers', as samples in ns.
std::vector<std::int64_t> sample_delay(Call& call, const Traffic& load, Duration time);
/// The same over the loopback alone.
Quantiles loopback_delay(const Environment& environment, const Traffic& load, Duration time);

struct YardstickCost {
  double total_us = 0;
  double user_us = 0;
  double lost = 0;
};
YardstickCost measure_yardstick(const Environment& environment, srtp::Suite suite, std::size_t receivers,
                                const Traffic& load, Duration time);

}  // namespace sluice::bench
