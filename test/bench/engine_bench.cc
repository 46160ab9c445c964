// What forwarding costs the engine alone: one publisher's video to N viewers in one process, what the engine
// would send thrown away. No sockets, so this is the share of forward_bench's figures that is ours to lower.
//
// All are set up through synthetic peers; then the publisher's packets, made beforehand, are handed in frame
// by frame on a virtual clock, so that timers and RTCP are in the figures too. Heap allocations are counted
// by replacing operator new.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>

#include "catch.h"
#include "net/world.h"

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace sluice::net {
namespace {

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Summed over rounds.
struct Row {
  double seconds = 0;
  std::uint64_t allocations = 0;
  std::uint64_t sent = 0;  ///< All that left.
  std::uint64_t forwarded =
      0;  ///< By RTP packets of the publisher and viewers, what must have left at least.
};

std::size_t flush(Engine& engine, Instant now) {
  std::size_t sent = 0;
  for (auto out = engine.flush(now); !out.empty(); out = engine.flush(now)) sent += out.size();
  return sent;
}

void measure(int viewers, MediaKind kind, std::uint64_t seed, Row& row) {
  World world({.seed = seed});
  const bool video = kind == MediaKind::kVideo;
  Participant& publisher =
      world.join({.audio = !video, .video = video, .video_options = {.bitrate = 2'500'000}});
  for (int i = 0; i < viewers; ++i) {
    world.join({.audio = false, .video = false});
    if (i % 20 == 19) world.run_for(50ms);
  }
  REQUIRE(world.run_until_connected());
  world.run_for(1s);

  // Three seconds of the publisher's packets, held back from the engine: after more than five it would take
  // what comes late by so much for a publisher that has begun anew.
  std::vector<Datagram> packets;
  world.intercept = [&](const Datagram& datagram) {
    const bool media = datagram.from == publisher.address && datagram.bytes[0] >= 128;
    if (media) packets.push_back(datagram);
    return media;
  };
  world.run_for(3s);
  world.intercept = nullptr;

  Engine& engine = world.engine();
  std::vector<ReceivedDatagram> batch;
  Instant now = world.now();
  double started = 0;
  const std::size_t warm_up = packets.size() / 4;
  const std::size_t burst = video ? 9 : 1;  // about a frame
  const Duration interval = video ? 33ms : 20ms;
  std::uint64_t sent = 0;
  for (std::size_t i = 0; i < packets.size();) {
    if (started == 0 && i >= warm_up) {
      started = cpu_seconds();
      allocations = 0;
      sent = 0;
      row.forwarded += (packets.size() - i) * static_cast<std::uint64_t>(viewers);
    }
    for (std::size_t end = std::min(i + burst, packets.size()); i < end; ++i) {
      PacketRef packet = engine.pool().allocate();
      std::memcpy(packet->data, packets[i].bytes.data(), packets[i].bytes.size());
      packet->size = static_cast<std::uint16_t>(packets[i].bytes.size());
      packet->arrival = now;
      batch.push_back({std::move(packet), {packets[i].from, 0}});
    }
    engine.receive(batch, now);
    batch.clear();
    sent += flush(engine, now);
    now += interval;
    engine.advance(now);
    sent += flush(engine, now);
  }
  row.seconds += cpu_seconds() - started;
  row.allocations += allocations.load();
  row.sent += sent;
}

TEST_CASE("forwarding inside the engine") {
  std::printf("1 publisher, 2.5 Mbit/s of VP8 or a voice of Opus; engine only, nothing sent\n");
  std::printf("%8s %8s %12s %22s %24s\n", "", "viewers", "packets out", "CPU ns a packet out",
              "allocations a packet out");
  for (const MediaKind kind : {MediaKind::kVideo, MediaKind::kAudio}) {
    for (const int viewers : {1, 10, 100, 400}) {
      Row row;
      for (std::uint64_t seed = 1; seed <= (viewers == 1 ? 20U : viewers == 10 ? 5U : 1U); ++seed)
        measure(viewers, kind, seed, row);
      REQUIRE(row.sent > row.forwarded / 10 * 9);
      const auto sent = static_cast<double>(row.sent);
      std::printf("%8s %8d %12llu %22.0f %24.4f\n", kind == MediaKind::kVideo ? "VP8" : "Opus", viewers,
                  static_cast<unsigned long long>(row.sent), row.seconds * 1e9 / sent,
                  static_cast<double>(row.allocations) / sent);
    }
  }
}

}  // namespace
}  // namespace sluice::net
