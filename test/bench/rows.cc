// The rows of the main table: one call each for a suite and a size, measured under its loads.
#include <algorithm>
#include <cstdio>

#include "bench/sections.h"

namespace sluice::bench {
namespace {

constexpr std::pair<const char*, client::VideoSource::Split> kSplits[] = {
    {"equal", client::VideoSource::Split::kEqual}, {"full", client::VideoSource::Split::kFull}};

Json quantiles_json(const Quantiles& q) {
  return {{"p50", q.p50}, {"p99", q.p99}, {"p999", q.p999}, {"max", q.max}, {"samples", q.samples}};
}

Json cost_json(const Cost& cost, double factor) {
  return {{"factor", factor},
          {"packetsPerSecond", cost.packets / cost.seconds},
          {"cpuMicrosPerPacket", cost.total_us()},
          {"userMicrosPerPacket", cost.user_us},
          {"systemMicrosPerPacket", cost.system_us},
          {"workerBusy", cost.worker_busy},
          {"peersBusy", cost.peers_busy},
          {"lost", cost.lost},
          {"allocationsPerPacket", cost.allocations},
          {"receiveCallsPerPacket", cost.calls.receive},
          {"sendCallsPerPacket", cost.calls.send},
          {"wakeUpsPerPacket", cost.calls.wake_ups}};
}

Json yardstick_json(const YardstickCost& cost, double worker_us) {
  return {{"cpuMicrosPerPacket", cost.total_us},
          {"userMicrosPerPacket", cost.user_us},
          {"lost", cost.lost},
          {"ratio", cost.total_us / worker_us}};
}

/// Delay at half of the highest rate, less the median of the loopback alone.
Json delay_json(const Environment& environment, Call& call, const Load& load, double factor, Duration time) {
  const Traffic traffic = load.scaled(factor);
  const Quantiles loopback = loopback_delay(environment, traffic, 400ms);
  auto samples = sample_delay(call, traffic, time);
  for (auto& sample : samples) sample -= static_cast<std::int64_t>(loopback.p50 * 1e3);
  Json out = quantiles_json(quantiles(std::move(samples)));
  out["factor"] = factor;
  out["loopback"] = quantiles_json(loopback);
  return out;
}

/// After the search for the highest rate, which loses packets: until nobody's score changes any more, of
/// which the controller is told.
void settle(Call& call, const Traffic& traffic) {
  constexpr int kHalfSeconds = 24;
  constexpr double kQuiet = 0.0005;  // allocations a packet
  MeasuredProcess& process = call.worker().process();
  call.start_media(traffic);
  for (int i = 0; i < kHalfSeconds; ++i) {
    const std::uint64_t allocations = process.allocations();
    const double received = call.received();
    call.run(500ms);
    if (static_cast<double>(process.allocations() - allocations) < kQuiet * (call.received() - received))
      break;
  }
  call.stop_media();
}

/// One row. The nominal load, or what 60 % of the worker's core can do where that is less.
Json measure_row(const Environment& environment, const Effort& effort, Call& call, const Load& load,
                 std::size_t fan_out, bool delay, double& guess) {
  Json row = {{"suite", to_string(call.suite())}};
  double factor = std::min(1.0, guess * 0.6);
  if (effort.capacity) {
    const Capacity capacity = find_capacity(call, load, guess);
    guess = capacity.factor;
    factor = std::min(1.0, capacity.factor * 0.6);
    row["capacity"] = {{"packetsPerSecond", capacity.packets_per_second},
                       {"factor", capacity.factor},
                       {"workerBusy", capacity.worker_busy},
                       {"peersWereLimit", capacity.peers_were_limit},
                       {"disturbed", capacity.disturbed}};
    settle(call, load.scaled(factor));
  }
  const Cost cost = measure_cost(call, load.scaled(factor), effort.cost);
  row["cost"] = cost_json(cost, factor);
  // The yardstick must keep up as well: its own limit is near 200,000 packets a second.
  const double rate = load.packets_per_second() * static_cast<double>(fan_out);
  const auto yardstick = measure_yardstick(environment, call.suite(), fan_out,
                                           load.scaled(std::min(factor, 120'000 / rate)), effort.yardstick);
  row["yardstick"] = yardstick_json(yardstick, cost.total_us());
  if (delay) row["delay"] = delay_json(environment, call, load, guess / 2, effort.delay);
  std::fprintf(stderr, "    %.2f us a packet, yardstick %.2f\n", cost.total_us(), yardstick.total_us);
  return row;
}

/// A first guess at the factor that a worker can do, from 2 µs a packet.
double first_guess(const Load& load, std::size_t fan_out) {
  return 1e6 / 2 / (load.packets_per_second() * static_cast<double>(fan_out));
}

void add_row(Json& rows, const char* scenario, int size, const char* packets, Json row) {
  Json out = {{"scenario", scenario}, {"size", size}, {"packets", packets}};
  out.update(row);
  rows.push_back(std::move(out));
}

void announce(const char* what, int size, srtp::Suite suite) {
  std::fprintf(stderr, "  %s %d, %s\n", what, size, std::string(to_string(suite)).c_str());
}

}  // namespace

void measure_video(const Environment& environment, const Effort& effort,
                   const std::vector<srtp::Suite>& suites, const std::vector<int>& viewers, Json& rows) {
  for (const srtp::Suite suite : suites) {
    for (const int count : viewers) {
      announce("video, viewers:", count, suite);
      const auto call = make_star(environment, suite, count, MediaKind::kVideo);
      const auto fan_out = static_cast<std::size_t>(count);
      double guess = first_guess(video_load(kSplits[0].second), fan_out);
      for (const auto& [name, split] : kSplits) {
        const bool first = split == kSplits[0].second;
        add_row(rows, "video", count, name,
                measure_row(environment, effort, *call, video_load(split), fan_out, first, guess));
      }
    }
  }
}

void measure_audio(const Environment& environment, const Effort& effort,
                   const std::vector<srtp::Suite>& suites, const std::vector<int>& viewers, Json& rows) {
  for (const srtp::Suite suite : suites) {
    for (const int count : viewers) {
      announce("audio, viewers:", count, suite);
      const auto call = make_star(environment, suite, count, MediaKind::kAudio);
      const auto fan_out = static_cast<std::size_t>(count);
      double guess = first_guess(audio_load(), fan_out);
      add_row(rows, "audio", count, "single",
              measure_row(environment, effort, *call, audio_load(), fan_out, true, guess));
    }
  }
}

void measure_rooms(const Environment& environment, const Effort& effort,
                   const std::vector<srtp::Suite>& suites, const std::vector<int>& sizes, Json& rows) {
  for (const srtp::Suite suite : suites) {
    for (const int size : sizes) {
      announce("room of", size, suite);
      const auto call = make_rooms(environment, suite, 1, size);
      const auto fan_out = static_cast<std::size_t>(size - 1);
      double guess = first_guess(room_load(size), fan_out);
      add_row(rows, "room", size, "equal",
              measure_row(environment, effort, *call, room_load(size), fan_out, true, guess));
    }
  }
}

namespace {

/// Where the heap is used while a call goes on, and how often.
void add_allocations(Json& rows, Call& call, const std::string& scenario, const Traffic& traffic) {
  constexpr std::size_t kShown = 12;
  MeasuredProcess& process = call.worker().process();
  call.start_media(traffic);
  call.run(2s);
  const double before = call.received();
  process.trace_allocations(true);
  call.run(2s);
  process.trace_allocations(false);
  const double packets = std::max(1.0, call.received() - before);
  call.stop_media();
  std::size_t shown = 0;
  for (const auto& [count, place] : process.allocation_sites()) {
    if (++shown > kShown) break;
    rows.push_back({{"scenario", scenario},
                    {"perThousandPackets", static_cast<double>(count) / packets * 1000},
                    {"place", place}});
  }
}

}  // namespace

Json attribute_allocations(const Environment& environment) {
  std::fprintf(stderr, "  where the heap is used\n");
  constexpr int kViewers = 100;
  constexpr int kRoom = 16;
  constexpr auto kSuite = srtp::Suite::kAeadAes128Gcm;
  Json out = Json::array();
  const auto star = make_star(environment, kSuite, kViewers, MediaKind::kVideo);
  add_allocations(out, *star, "1 to " + std::to_string(kViewers), video_load(kSplits[0].second).nominal);
  const auto room = make_rooms(environment, kSuite, 1, kRoom);
  add_allocations(out, *room, "room of " + std::to_string(kRoom), room_load(kRoom).nominal);
  return out;
}

}  // namespace sluice::bench
