// What one packet costs one consumer: the decision whether it gets it, and the rewrite. No sockets, no
// encryption; the header is written by transport/media_sender.cc and is not in the figure.
//
// A publisher of VP8 (three encodings, each L1T3, where consumers choose layers) and one viewer; packets go
// through ingress beforehand, a second at a time, so that what is timed is Consumer::plan alone, and parsing
// apart from it. Heap memory is counted by replacing operator new.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>

#include <malloc.h>

#include "sfu/layers_rig.h"

namespace {

std::atomic<std::uint64_t> allocations{0};
std::atomic<std::int64_t> live_bytes{0};

}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) {
    live_bytes.fetch_add(static_cast<std::int64_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
    return memory;
  }
  std::abort();
}
void operator delete(void* memory) noexcept {
  live_bytes.fetch_sub(static_cast<std::int64_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

namespace sluice::sfu::testing {
namespace {

double cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// With and without a time, as it may be either.
template <typename SomeConsumer>
auto plan(SomeConsumer& consumer, const MediaPacket& packet, Instant now) {
  if constexpr (requires { consumer.plan(packet, now); }) {
    return consumer.plan(packet, now);
  } else {
    return consumer.plan(packet);
  }
}

struct Row {
  double parse_ns = 0;
  double plan_ns = 0;  ///< A packet forwarded, with the share of those that were not.
  double allocations = 0;
  std::uint64_t packets = 0;
  std::uint64_t forwarded = 0;
};

class Bench {
 public:
  explicit Bench(LayersRig& rig) : rig_(rig) {}

  Row measure(int seconds) {
    Row row;
    for (int second = 0; second < seconds; ++second) {
      make_second();
      const double start = cpu_ns();
      std::uint64_t numbers = 0;
      for (const MediaPacket& packet : packets_)
        numbers += rtp::PacketView::parse(packet.packet->bytes())->sequence_number().value;
      const double parsed = cpu_ns();
      const std::uint64_t before = allocations.load();
      for (const MediaPacket& packet : packets_)
        row.forwarded += plan(rig_.viewers[0]->consumer, packet, rig_.rig.now).has_value() ? 1 : 0;
      row.plan_ns += cpu_ns() - parsed;
      row.parse_ns += parsed - start;
      row.allocations += static_cast<double>(allocations.load() - before);
      row.packets += packets_.size();
      CHECK(numbers > 0);
    }
    row.parse_ns /= static_cast<double>(row.packets);
    row.plan_ns /= static_cast<double>(row.forwarded);
    row.allocations /= static_cast<double>(row.packets);
    return row;
  }

 private:
  void make_second() {
    packets_.clear();
    for (int picture = 0; picture < 30; ++picture) {
      rig_.rig.now = rig_.source(0).next_deadline();
      for (std::size_t i = 0; i < rig_.options.encodings.size(); ++i) {
        while (const auto unit = rig_.source(i).next(rig_.rig.now)) ingest(i, rig_.make_packet(i, *unit));
      }
    }
  }
  void ingest(std::size_t encoding, const PacketRef& packet) {
    const auto view = rtp::PacketView::parse(packet->bytes());
    transport::DropReason reason{};
    auto media =
        rig_.producer.receive(*rig_.producer.streams()[encoding], packet, *view, rig_.rig.now, reason);
    REQUIRE(media.has_value());
    packets_.push_back(std::move(*media));
  }

  LayersRig& rig_;
  std::vector<MediaPacket> packets_;
};

TEST_CASE("one packet for one consumer") {
  const bool layers = LayersRig::can_prefer();
  LayersOptions options = vp8_simulcast(1, layers ? 3 : 1);
  options.by_rid = layers;
  LayersRig rig(options);
  auto& viewer = rig.add_viewer();
  if (layers) rig.prefer(viewer, {1, 2});
  rig.run(3s);
  Bench bench(rig);
  bench.measure(20);
  const Row row = bench.measure(300);
  REQUIRE(row.forwarded > 0);
  std::printf("VP8, %zu encoding(s) L1T3, one viewer of %s: %llu packets in, %llu forwarded\n",
              options.encodings.size(), layers ? "the middle one" : "all",
              static_cast<unsigned long long>(row.packets), static_cast<unsigned long long>(row.forwarded));
  std::printf("%10s %10s %12s %24s\n", "parse ns", "plan ns", "together ns", "allocations a packet");
  std::printf("%10.1f %10.1f %12.1f %24.4f\n", row.parse_ns, row.plan_ns, row.parse_ns + row.plan_ns,
              row.allocations);
}

TEST_CASE("what a consumer holds") {
  const bool layers = LayersRig::can_prefer();
  LayersOptions options = vp8_simulcast(1, layers ? 3 : 1);
  options.by_rid = layers;
  options.sender_reports = false;
  LayersRig rig(options);
  rig.add_viewer();
  rig.run(1s);
  // Only the consumer: its side, keys and judge are there already.
  constexpr int kConsumers = 200;
  std::int64_t bytes = 0;
  Side& side = rig.rig.add_side(false);
  for (int i = 0; i < kConsumers; ++i) {
    auto consumer = consumer_of(rig.producer, true, static_cast<std::uint32_t>(20'000 + 2 * i));
    const std::int64_t before = live_bytes.load();
    side.session.add_consumer(std::move(consumer), rig.producer, rig.rig.now);
    bytes += live_bytes.load() - before;
  }
  std::printf("sizeof(Consumer) %zu bytes; on the heap with it %lld bytes\n", sizeof(Consumer),
              static_cast<long long>(bytes / kConsumers));
}

}  // namespace
}  // namespace sluice::sfu::testing
