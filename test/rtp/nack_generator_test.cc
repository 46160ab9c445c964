#include "rtp/nack_generator.h"

#include <algorithm>
#include <vector>

#include "catch.h"

namespace sluice::rtp {
namespace {

using Outcome = NackGenerator::Outcome;
using Came = NackGenerator::Came;
constexpr Instant kStart{10s};

SequenceNumber number(int n) {
  return {static_cast<std::uint16_t>(n)};
}

std::vector<int> ask(NackGenerator& nack, Instant now) {
  std::vector<int> numbers;
  for (const SequenceNumber n : nack.advance(now)) numbers.push_back(n.value);
  return numbers;
}

TEST_CASE("a stream in order asks for nothing and wants no waking") {
  NackGenerator nack;
  for (int n = 65000; n < 66000; ++n) CHECK(nack.on_packet(number(n), kStart) == Outcome::kInOrder);
  CHECK(nack.next_deadline() == kNever);
  CHECK(ask(nack, kStart + 10s).empty());
}

TEST_CASE("on an orderly line a gap is asked for within 10 ms, oldest first, across the wrap") {
  NackGenerator nack;
  nack.on_packet(number(65534), kStart);
  nack.on_packet(number(1), kStart);
  CHECK(nack.next_deadline() <= kStart + 10ms);
  CHECK(ask(nack, nack.next_deadline() - 1us).empty());
  CHECK(ask(nack, nack.next_deadline()) == std::vector<int>{65535, 0});
}

TEST_CASE("reordering is not loss") {
  NackGenerator nack;
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  CHECK(nack.on_packet(number(2), kStart + 5ms) == Outcome::kLate);
  CHECK(nack.next_deadline() == kNever);
  CHECK(ask(nack, kStart + 1s).empty());
  CHECK(nack.recovered() == 0);
}

TEST_CASE("enough newer packets make a gap a loss before its time") {
  NackGenerator nack;
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  nack.on_packet(number(4), kStart);
  CHECK(ask(nack, kStart).empty());
  nack.on_packet(number(5), kStart);
  CHECK(nack.next_deadline() <= kStart);
  CHECK(ask(nack, kStart) == std::vector<int>{2});
}

TEST_CASE("who has seen reordering waits for longer, and counts no packets") {
  NackGenerator nack;
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  CHECK(nack.on_packet(number(2), kStart + 4ms, Came::kOriginal) == Outcome::kLate);
  const Instant later = kStart + 10ms;
  for (int n : {5, 6, 7, 8, 9}) nack.on_packet(number(n), later);
  CHECK(nack.next_deadline() == later + 11ms);  // 5 ms, and 4 ms half again
  CHECK(ask(nack, later + 10ms).empty());
  CHECK(ask(nack, later + 11ms) == std::vector<int>{4});
}

TEST_CASE("a packet that comes by itself after it was asked for was only late, and teaches patience") {
  NackGenerator nack;
  nack.set_round_trip_time(100ms);
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  REQUIRE(ask(nack, kStart + 5ms) == std::vector<int>{2});
  SECTION("before its repair") {
    // Without RTX nobody tells; but an answer takes a round trip.
    const auto came = GENERATE(Came::kOriginal, Came::kEither);
    CHECK(nack.on_packet(number(2), kStart + 20ms, came) == Outcome::kLate);
  }
  SECTION("after its repair") {
    CHECK(nack.on_packet(number(2), kStart + 15ms, Came::kRepair) == Outcome::kRecovered);
    CHECK(nack.on_packet(number(2), kStart + 20ms, Came::kOriginal) == Outcome::kOld);
    CHECK(nack.on_packet(number(2), kStart + 21ms, Came::kOriginal) == Outcome::kOld);  // a duplicate
  }
  CHECK(nack.spurious() == 1);
  nack.on_packet(number(5), kStart + 30ms);
  CHECK(nack.next_deadline() > kStart + 35ms);
  CHECK(nack.next_deadline() < kStart + 60ms);
}

TEST_CASE("a single stray, however late, does not slow down every repair after it") {
  NackGenerator nack;
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  (void)ask(nack, kStart + 5ms);
  nack.on_packet(number(2), kStart + 2s, Came::kOriginal);
  nack.on_packet(number(5), kStart + 2s);
  CHECK(nack.next_deadline() <= kStart + 2s + 20ms);
}

TEST_CASE("patience that is not needed any more goes away again") {
  ReorderTolerance tolerance;
  for (int i = 0; i < 10; ++i) tolerance.on_late(50ms, kStart);
  CHECK(tolerance.patience(kStart) > 60ms);
  CHECK_FALSE(tolerance.orderly());
  Instant now = kStart;
  for (int i = 0; i < 60; ++i) CHECK(tolerance.patience(now += 1s) > 25ms);
  for (int i = 0; i < 300; ++i) (void)tolerance.patience(now += 1s);
  CHECK(tolerance.patience(now) < 10ms);
  CHECK(tolerance.orderly());
}

TEST_CASE("a number is asked for again a round trip later, and what comes back is recovered") {
  NackGenerator nack;
  nack.set_round_trip_time(80ms);
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  Instant now = nack.next_deadline();
  CHECK(ask(nack, now) == std::vector<int>{2});
  CHECK(ask(nack, now + 99ms).empty());
  CHECK(nack.next_deadline() == now + 100ms);
  CHECK(ask(nack, now + 100ms) == std::vector<int>{2});
  CHECK(nack.on_packet(number(2), now + 110ms) == Outcome::kRecovered);
  CHECK(nack.on_packet(number(2), now + 110ms) == Outcome::kOld);
  CHECK(nack.next_deadline() == kNever);
  CHECK(nack.recovered() == 1);
  CHECK(nack.requested() == 2);
}

TEST_CASE("a round trip that varies is given more time before a number is asked for again") {
  NackGenerator nack;
  for (int i = 0; i < 100; ++i) nack.set_round_trip_time(i % 2 == 0 ? 150ms : 250ms);
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  Instant now = nack.next_deadline();
  CHECK(ask(nack, now).size() == 1);
  CHECK(nack.next_deadline() > now + 300ms);
  CHECK(nack.next_deadline() < now + 450ms);
}

TEST_CASE("the answers themselves tell the round trip") {
  NackGenerator nack;
  Instant now = kStart;
  nack.on_packet(number(0), now);
  for (int n = 2; n < 80; n += 2) {
    nack.on_packet(number(n), now);
    now = nack.next_deadline();
    REQUIRE(ask(nack, now) == std::vector<int>{n - 1});
    now += 30ms;
    CHECK(nack.on_packet(number(n - 1), now, Came::kRepair) == Outcome::kRecovered);
  }
  nack.on_packet(number(82), now);
  now = nack.next_deadline();
  CHECK(ask(nack, now).size() == 3);
  CHECK(nack.next_deadline() < now + 45ms);
}

TEST_CASE("video that nobody sends again is given up in favour of a key frame, once") {
  const auto rtt = GENERATE(10ms, 80ms, 300ms, 700ms);
  NackGenerator nack;
  nack.set_round_trip_time(rtt);
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  int asked = 0;
  Instant now = kStart;
  while (nack.next_deadline() != kNever) {
    CHECK_FALSE(nack.take_key_frame_needed());
    now = nack.next_deadline();
    asked += static_cast<int>(ask(nack, now).size());
  }
  CHECK(asked >= 2);
  CHECK(asked <= NackPolicy::video().max_requests);
  CHECK(now - kStart <= std::max<Duration>(1s + 5ms + rtt * 5 / 4, 3 * rtt));
  CHECK(nack.given_up() == 1);
  CHECK(nack.take_key_frame_needed());
  CHECK_FALSE(nack.take_key_frame_needed());
  CHECK(nack.on_packet(number(2), kStart + 10s) == Outcome::kOld);
}

TEST_CASE("audio is not asked for when it would come too late to be played, and never needs a key frame") {
  const auto rtt = GENERATE(20ms, 60ms, 150ms, 400ms);
  NackGenerator nack(NackPolicy::audio());
  nack.set_round_trip_time(rtt);
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  int asked = 0;
  Instant last = kStart;
  while (nack.next_deadline() != kNever) {
    const Instant now = nack.next_deadline();
    if (ask(nack, now).empty()) continue;
    ++asked;
    last = now;
  }
  CHECK(asked >= 1);
  if (asked > 1) CHECK(last + rtt < kStart + 200ms);
  if (rtt <= 60ms) CHECK(asked > 1);
  CHECK(nack.given_up() == 1);
  CHECK_FALSE(nack.take_key_frame_needed());
}

TEST_CASE("what no other frame needs is given up without a key frame") {
  NackGenerator nack;
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(5), kStart);
  const int last = GENERATE(4, 3);
  nack.on_discardable(number(2), number(last));
  while (nack.next_deadline() != kNever) (void)ask(nack, nack.next_deadline());
  CHECK(nack.given_up() == 3);
  CHECK(nack.take_key_frame_needed() == (last == 3));
}

TEST_CASE("after a restart any number may follow") {
  NackGenerator nack;
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(5), kStart);
  nack.restart();
  CHECK(nack.next_deadline() == kNever);
  CHECK(nack.on_packet(number(60000), kStart) == Outcome::kInOrder);
  CHECK(nack.on_packet(number(60001), kStart) == Outcome::kInOrder);
  CHECK(nack.missing() == 0);
}

TEST_CASE("more missing than the bound is given up at once in favour of a key frame") {
  NackGenerator nack;
  nack.on_packet(number(0), kStart);
  nack.on_packet(number(1001), kStart);
  CHECK(nack.missing() == 1000);
  CHECK_FALSE(nack.take_key_frame_needed());
  nack.on_packet(number(1003), kStart);
  CHECK(nack.missing() == 0);
  CHECK(nack.take_key_frame_needed());
  CHECK(nack.given_up() == 1001);
  CHECK(nack.next_deadline() == kNever);
}

TEST_CASE("a key frame makes what is older not worth asking for") {
  NackGenerator nack;
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(10), kStart);
  nack.on_packet(number(12), kStart);
  nack.on_key_frame(number(10));
  CHECK(nack.missing() == 1);
  CHECK(ask(nack, kStart + 20ms) == std::vector<int>{11});
}

}  // namespace
}  // namespace sluice::rtp
