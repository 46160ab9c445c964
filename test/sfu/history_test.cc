#include "sfu/history.h"

#include <cstring>

#include "base/random.h"
#include "catch.h"

namespace sluice::sfu {
namespace {

constexpr Instant kStart{10s};

PacketRef make(PacketPool& pool, int number) {
  PacketRef packet = pool.allocate();
  const std::uint8_t header[] = {0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xAA};
  std::memcpy(packet->data, header, sizeof header);
  store16(packet->data + 2, static_cast<std::uint16_t>(number));
  packet->size = sizeof header;
  return packet;
}

void insert(History& history, PacketPool& pool, int number, Instant now = kStart) {
  const PacketRef packet = make(pool, number);
  history.insert({packet, *rtp::PacketView::parse(packet->bytes()), {}, 0, 0, true, 0, 0, {}}, now);
}

bool holds(const History& history, int number, Instant now = kStart) {
  const SequenceNumber wanted{static_cast<std::uint16_t>(number)};
  const History::Entry* entry = history.lookup(wanted, now);
  if (entry != nullptr) CHECK(entry->view.sequence_number() == wanted);
  return entry != nullptr;
}

TEST_CASE("the newest packets are found by their numbers, older ones have returned to the pool") {
  PacketPool pool;
  History history(16);
  CHECK_FALSE(holds(history, 5));
  for (int n = 65500; n < 65600; ++n) insert(history, pool, n);
  for (int n = 65500; n < 65584; ++n) CHECK_FALSE(holds(history, n));
  for (int n = 65584; n < 65600; ++n) CHECK(holds(history, n));
  CHECK_FALSE(holds(history, 65600));
  CHECK(pool.in_use() == 16);
  CHECK(history.size() == 16);
  history.clear();
  CHECK(pool.in_use() == 0);
}

TEST_CASE("a late packet takes its place, one behind the ring does not") {
  PacketPool pool;
  History history(16);
  insert(history, pool, 100);
  insert(history, pool, 110);
  insert(history, pool, 105);
  insert(history, pool, 99);
  insert(history, pool, 94);
  CHECK(holds(history, 105));
  CHECK(holds(history, 99));
  CHECK_FALSE(holds(history, 94));
  insert(history, pool, 105);
  CHECK(history.size() == 4);
  CHECK(pool.in_use() == 4);
}

TEST_CASE("packets leave at their age, also when the stream has gone quiet") {
  PacketPool pool;
  History history(1024, 500ms);
  CHECK(history.next_deadline() == kNever);
  for (int n = 0; n < 100; ++n) insert(history, pool, n, kStart + n * 10ms);
  CHECK(history.size() == 50);
  CHECK_FALSE(holds(history, 40, kStart + 990ms));
  CHECK(holds(history, 60, kStart + 990ms));
  CHECK_FALSE(holds(history, 60, kStart + 1200ms));
  history.advance(history.next_deadline());
  CHECK(history.size() == 0);
  CHECK(pool.in_use() == 0);
  CHECK(history.next_deadline() == kNever);
}

TEST_CASE("it is known from where on everything that came is still here") {
  PacketPool pool;
  History history(16);
  const auto complete = [&](int number) {
    return history.has_all_behind({static_cast<std::uint16_t>(number)});
  };
  for (int n = 100; n < 110; ++n) insert(history, pool, n);
  CHECK(complete(90));  // what has not come is not missing
  history.leave_out({110});
  insert(history, pool, 111);
  CHECK_FALSE(complete(109));
  CHECK(complete(110));
  for (int n = 112; n < 130; ++n) insert(history, pool, n);
  CHECK_FALSE(complete(112));
  CHECK(complete(113));
}

TEST_CASE("a jump in numbers empties the history") {
  PacketPool pool;
  History history(16);
  for (int n = 0; n < 16; ++n) insert(history, pool, n);
  insert(history, pool, 20000);
  CHECK(history.size() == 1);
  CHECK(holds(history, 20000));
  CHECK(pool.in_use() == 1);
}

TEST_CASE("whatever comes, the history holds what it counts and leaks nothing") {
  const std::uint64_t seed = GENERATE(range(0, 5));
  INFO("seed " << seed);
  Random random(seed);
  PacketPool pool;
  {
    History history(64, 100ms);
    int number = 0;
    Instant now = kStart;
    for (int i = 0; i < 20'000; ++i) {
      now += Duration(random.below(5000));
      number +=
          random.chance(0.01) ? static_cast<int>(random.below(30000)) : static_cast<int>(random.below(4)) - 1;
      insert(history, pool, number + static_cast<int>(random.below(20)) - 10, now);
      if (random.chance(0.01)) history.advance(now + 200ms);
      REQUIRE(history.size() == pool.in_use());
      REQUIRE(history.size() <= 64);
    }
  }
  CHECK(pool.in_use() == 0);
}

}  // namespace
}  // namespace sluice::sfu
