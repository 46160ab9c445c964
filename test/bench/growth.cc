// How cost grows: one series for viewers, one for rooms, one for senders.
#include <cstdio>

#include "bench/sections.h"

namespace sluice::bench {
namespace {

constexpr srtp::Suite kSuite = srtp::Suite::kAeadAes128Gcm;
constexpr int kSendersViewers = 20;
constexpr int kRoomSize = 4;
/// Of a worker's core; what would be more is measured at fewer frames a second.
constexpr double kMostBusy = 0.7;

/// Under the nominal load, or under as much of it as leaves the worker time; CPU is scaled back up.
Json point(const char* what, int n, Call& call, const Load& load, Duration time) {
  double factor = 1;
  Cost cost = measure_cost(call, load.scaled(0.2), 300ms);
  if (cost.worker_busy / 0.2 > kMostBusy) factor = std::max(0.1, kMostBusy * 0.2 / cost.worker_busy);
  cost = measure_cost(call, load.scaled(factor), time);
  MeasuredProcess& process = call.worker().process();
  std::fprintf(stderr, "    %d %s: %.2f us a packet\n", n, what, cost.total_us());
  return {{"n", n},
          {"cpuMicrosPerPacket", cost.total_us()},
          {"userMicrosPerPacket", cost.user_us},
          {"systemMicrosPerPacket", cost.system_us},
          {"cpuPercentOfCore", cost.worker_busy * 100 / factor},
          {"packetsPerSecond", cost.packets / cost.seconds / factor},
          {"factor", factor},
          {"lost", cost.lost},
          {"residentMebibytes", static_cast<double>(process.resident()) / 1048576.0}};
}

}  // namespace

Json measure_growth(const Environment& environment, const Effort& effort) {
  std::fprintf(stderr, "  growth\n");
  Json out = {{"viewers", Json::array()}, {"rooms", Json::array()}, {"senders", Json::array()}};
  const Load video = video_load(client::VideoSource::Split::kEqual);
  for (const int n : {1, 2, 5, 10, 20, 50, 100, 200, 400, 700, 1000}) {
    const auto call = make_star(environment, kSuite, n, MediaKind::kVideo);
    out["viewers"].push_back(point("viewers", n, *call, video, effort.cost));
  }
  for (const int n : {1, 2, 4, 8, 16, 32}) {
    const auto call = make_rooms(environment, kSuite, n, kRoomSize);
    out["rooms"].push_back(point("rooms of 4", n, *call, room_load(n * kRoomSize), effort.cost));
  }
  for (const int n : {1, 2, 4, 8, 12, 16}) {
    const auto call = make_star(environment, kSuite, kSendersViewers, MediaKind::kVideo, n);
    Load load = video;
    load.nominal.videos = n;
    out["senders"].push_back(point("tracks", n, *call, load, effort.cost));
  }
  return out;
}

}  // namespace sluice::bench
