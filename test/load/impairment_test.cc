// The bad network of the load tool, in virtual time.
#include "load/impairment.h"

#include "catch.h"

namespace sluice::load {
namespace {

constexpr Instant kStart{1000s};
using Direction = Impairment::Direction;

TEST_CASE("a network without faults stays out of the way") {
  const Impairment none({});
  CHECK_FALSE(none.applies(Direction::kSend));
  const Impairment loss({.loss = 0.1, .receiving = false});
  CHECK(loss.applies(Direction::kSend));
  CHECK_FALSE(loss.applies(Direction::kReceive));
}

TEST_CASE("about as many datagrams get lost as asked for, the same ones for the same seed") {
  const auto lost = [](std::uint64_t seed) {
    Impairment network({.loss = 0.1, .seed = seed});
    std::vector<bool> through;
    for (int i = 0; i < 10'000; ++i) {
      network.take(Direction::kReceive, as_bytes("x"), {{}, 3}, kStart);
      through.push_back(network.pop_due(kStart).has_value());
    }
    CHECK(network.dropped() > 800);
    CHECK(network.dropped() < 1200);
    return through;
  };
  CHECK(lost(1) == lost(1));
  CHECK(lost(1) != lost(2));
}

TEST_CASE("delay and jitter keep their bounds and each peer's order") {
  Impairment network({.delay = 20ms, .jitter = 10ms});
  for (std::uint8_t i = 0; i < 200; ++i) {
    const std::uint8_t bytes[] = {i};
    network.take(Direction::kSend, bytes, {{}, static_cast<SocketId>(i % 2)}, kStart + Duration(i * 1000));
  }
  CHECK(network.next_deadline() >= kStart + 20ms);
  int next[] = {0, 1};
  int came = 0;
  for (Instant now = kStart; now < kStart + 300ms; now += 500us) {
    while (const auto due = network.pop_due(now)) {
      const int number = due->packet->data[0];
      CHECK(number == std::exchange(next[due->path.socket], number + 2));
      CHECK(due->packet->arrival >= kStart + Duration(number * 1000) + 20ms);
      CHECK(due->packet->arrival <= now);
      ++came;
    }
  }
  CHECK(came == 200);
  CHECK(network.next_deadline() == kNever);
}

}  // namespace
}  // namespace sluice::load
