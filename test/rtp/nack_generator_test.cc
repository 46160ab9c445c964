#include "rtp/nack_generator.h"

#include <map>
#include <set>
#include <vector>

#include "base/random.h"
#include "catch.h"

namespace sluice::rtp {
namespace {

using Outcome = NackGenerator::Outcome;
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

TEST_CASE("a gap is asked for after the grace, oldest first, across the wrap") {
  NackGenerator nack;
  nack.on_packet(number(65534), kStart);
  nack.on_packet(number(1), kStart);
  CHECK(nack.next_deadline() == kStart + NackGenerator::kGrace);
  CHECK(ask(nack, kStart + NackGenerator::kGrace - 1us).empty());
  CHECK(ask(nack, kStart + NackGenerator::kGrace) == std::vector<int>{65535, 0});
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

TEST_CASE("enough newer packets end the grace") {
  NackGenerator nack;
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  nack.on_packet(number(4), kStart);
  CHECK(ask(nack, kStart).empty());
  nack.on_packet(number(5), kStart);
  CHECK(nack.next_deadline() <= kStart);
  CHECK(ask(nack, kStart) == std::vector<int>{2});
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

TEST_CASE("after the last retry a key frame is wanted instead, once") {
  NackGenerator nack;
  nack.set_round_trip_time(10ms);
  nack.on_packet(number(1), kStart);
  nack.on_packet(number(3), kStart);
  int asked = 0;
  while (nack.next_deadline() != kNever) {
    CHECK_FALSE(nack.take_key_frame_needed());
    asked += static_cast<int>(ask(nack, nack.next_deadline()).size());
  }
  CHECK(asked == NackGenerator::kMaxRetries);
  CHECK(nack.given_up() == 1);
  CHECK(nack.take_key_frame_needed());
  CHECK_FALSE(nack.take_key_frame_needed());
  CHECK(nack.on_packet(number(2), kStart + 10s) == Outcome::kOld);
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

TEST_CASE("over a lossy line every packet comes in the end, or a key frame is asked for") {
  const std::uint64_t seed = GENERATE(range(0, 10));
  INFO("seed " << seed);
  Random random(seed);
  NackGenerator nack;
  nack.set_round_trip_time(40ms);
  std::multimap<Instant, int> on_the_way;
  std::set<int> received;
  Instant now = kStart;
  const auto send = [&](int n) {
    if (!random.chance(0.2)) on_the_way.emplace(now + 20ms + Duration(random.below(8000)), n);
  };
  // 65,536 is passed in the middle; the first and the last packet always arrive.
  const int first = 64536;
  const int last = 66536;
  on_the_way.emplace(now, first);
  for (int n = first + 1; n < last; ++n) {
    now += 1ms;
    send(n);
    while (!on_the_way.empty() && on_the_way.begin()->first <= now) {
      const int arrived = on_the_way.begin()->second;
      on_the_way.erase(on_the_way.begin());
      nack.on_packet(number(arrived), now);
      received.insert(arrived);
    }
    for (const int wanted : ask(nack, now)) send(wanted < 32768 ? wanted + 65536 : wanted);
  }
  on_the_way.emplace(now, last);
  for (int i = 0; i < 5000; ++i) {
    now += 1ms;
    while (!on_the_way.empty() && on_the_way.begin()->first <= now) {
      const int arrived = on_the_way.begin()->second;
      on_the_way.erase(on_the_way.begin());
      nack.on_packet(number(arrived), now);
      received.insert(arrived);
    }
    for (const int wanted : ask(nack, now)) send(wanted < 32768 ? wanted + 65536 : wanted);
  }
  CHECK(nack.missing() == 0);
  CHECK(nack.next_deadline() == kNever);
  CHECK(received.size() + nack.given_up() == static_cast<std::size_t>(last - first + 1));
  CHECK(nack.given_up() < 3);
}

}  // namespace
}  // namespace sluice::rtp
