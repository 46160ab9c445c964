// Memory of a viewer: of its transport, and of each consumer on it.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "bench/sections.h"

namespace sluice::bench {
namespace {

constexpr int kViewers = 200;
constexpr int kTracks = 10;

struct Memory {
  double heap = 0;
  double resident = 0;
};

Memory read(Call& call) {
  MeasuredProcess& process = call.worker().process();
  return {static_cast<double>(process.heap_bytes()), static_cast<double>(process.resident())};
}

Json difference(const Memory& before, const Memory& after, int count) {
  return {{"heapBytes", (after.heap - before.heap) / count},
          {"residentBytes", (after.resident - before.resident) / count},
          {"count", count}};
}

}  // namespace

Json measure_memory(const Environment& environment) {
  std::fprintf(stderr, "  memory\n");
  // A first publisher with a viewer, and media for a while, so that what a worker has once is there already.
  const auto call = make_star(environment, srtp::Suite::kAeadAes128Gcm, 1, MediaKind::kVideo);
  Load load = video_load(client::VideoSource::Split::kEqual);
  load.nominal.video.bitrate = 300'000;
  load.nominal.video.frame_rate = 10;
  call->start_media(load.nominal);
  call->run(1s);
  call->stop_media();
  const Memory start = read(*call);
  for (int i = 0; i < kViewers; ++i) call->add("room", "more" + std::to_string(i));
  call->connect_all();
  call->run(500ms);
  const Memory joined = read(*call);
  auto& all = call->participants();
  std::vector<std::string> tracks;
  for (int i = 0; i < kTracks; ++i) tracks.push_back(call->publish(*all.front(), MediaKind::kVideo));
  // The first half fill what the worker has once: its slots for sending hold all that one wake-up brings.
  const auto consume = [&](std::size_t first, std::size_t last) {
    for (std::size_t viewer = first; viewer < last; ++viewer)
      for (const auto& track : tracks) call->consume(*all[viewer], track);
    const Memory consumed = read(*call);
    call->drain();
    call->start_media(load.nominal);
    call->run(2s);
    call->stop_media();
    return std::pair(consumed, read(*call));
  };
  const std::size_t half = 2 + kViewers / 2;
  const Memory published = consume(2, half).second;
  const auto [consumed, flowing] = consume(half, all.size());
  const int consumers = kViewers / 2 * kTracks;
  return {{"viewerTransport", difference(start, joined, kViewers)},
          {"consumer", difference(published, consumed, consumers)},
          {"consumerAfterMedia", difference(published, flowing, consumers)}};
}

}  // namespace sluice::bench
