#include "rtp/retransmission_budget.h"

#include <algorithm>

#include "base/random.h"
#include "catch.h"

namespace sluice::rtp {
namespace {

constexpr Instant kStart{1000s};

SequenceNumber number(int n) {
  return {static_cast<std::uint16_t>(n)};
}

TEST_CASE("a number is not sent again within a round trip, and is after it") {
  const auto rtt = GENERATE(0ms, 5ms, 50ms, 300ms, 2000ms);
  RetransmissionBudget budget;
  const Duration wait = rtt == 0ms ? 20ms : std::clamp<Duration>(rtt, 10ms, 500ms);
  CHECK(budget.may_send(number(7), 1000, kStart, rtt));
  CHECK_FALSE(budget.may_send(number(7), 1000, kStart, rtt));
  CHECK_FALSE(budget.may_send(number(7), 1000, kStart + wait * 3 / 4, rtt));
  CHECK(budget.may_send(number(8), 1000, kStart + wait * 3 / 4, rtt));
  CHECK(budget.may_send(number(7), 1000, kStart + wait, rtt));
  CHECK(budget.refused().repeated == 2);
  CHECK(budget.refused().budget == 0);
}

TEST_CASE("without an available bitrate nothing else is bounded") {
  RetransmissionBudget budget;
  for (int n = 0; n < 5000; ++n) CHECK(budget.may_send(number(n), 1200, kStart, 50ms));
}

TEST_CASE("what would arrive too late is not sent") {
  RetransmissionBudget budget;
  CHECK(budget.may_send(number(1), 100, kStart, 80ms, 10s));
  budget.set_max_age(200ms);
  CHECK(budget.may_send(number(2), 100, kStart, 80ms, 160ms));
  CHECK_FALSE(budget.may_send(number(3), 100, kStart, 80ms, 161ms));
  CHECK(budget.refused().too_old == 1);
}

/// Sends media at `media` bps for `seconds`, and asks for every packet of it again at once; gives the
/// repairs' bitrate.
double repairs(RetransmissionBudget& budget, double media, int seconds, int first = 0) {
  const Duration every(static_cast<std::int64_t>(1000 * 8 * 1e6 / media));
  double bytes = 0;
  int n = first;
  Instant now = kStart;
  for (; now < kStart + std::chrono::seconds(seconds); now += every) {
    budget.on_media_sent(1000, now);
    if (budget.may_send(number(n++), 1000, now, 50ms)) bytes += 1000;
  }
  return bytes * 8 / seconds;
}

TEST_CASE("repairs get what media leaves of the available bitrate") {
  RetransmissionBudget budget;
  budget.set_available_bitrate(1'500'000, kStart);
  const double bitrate = repairs(budget, 1'000'000, 20);
  CHECK(bitrate > 600'000);  // with their own tenth
  CHECK(bitrate < 680'000);
}

TEST_CASE("where media takes it all, or more, repairs keep a tenth of their own") {
  const double media = GENERATE(1'000'000.0, 3'000'000.0);
  RetransmissionBudget budget;
  budget.set_available_bitrate(1'000'000, kStart);
  const double bitrate = repairs(budget, media, 20);
  CHECK(bitrate > 90'000);
  CHECK(bitrate < 115'000);
  CHECK(budget.refused().budget > 100);
}

TEST_CASE("a voice is repaired whatever is left") {
  RetransmissionBudget budget;
  budget.set_available_bitrate(30'000, kStart);
  Instant now = kStart;
  for (int n = 0; n < 500; ++n) {
    now += 20ms;
    budget.on_media_sent(2000, now);
    REQUIRE(budget.may_send(number(n), 100, now, 50ms));
  }
}

TEST_CASE("a link that has just shrunk is not flooded with what it has dropped") {
  RetransmissionBudget budget;
  budget.set_available_bitrate(5'000'000, kStart);
  budget.set_available_bitrate(300'000, kStart + 1s);
  std::size_t bytes = 0;
  for (int n = 0; n < 100; ++n) bytes += budget.may_send(number(n), 1200, kStart + 1s, 50ms) ? 1200 : 0;
  CHECK(bytes >= 4'800);
  CHECK(bytes <= 14'400);
  // What was refused may be sent later: it counts as never sent.
  CHECK(budget.may_send(number(99), 1200, kStart + 1100ms, 50ms));
}

TEST_CASE("whatever is asked for, never more than the bitrate and two bursts is sent") {
  const std::uint64_t seed = GENERATE(range(0, 20));
  INFO("seed " << seed);
  Random random(seed);
  RetransmissionBudget budget;
  const std::uint32_t bitrate = 50'000 + random.below(5'000'000);
  budget.set_available_bitrate(bitrate, kStart);
  Instant now = kStart;
  double repaired = 0;
  double media = 0;
  while (now < kStart + 20s) {
    now += Duration(random.below(20'000));
    const std::size_t size = 50 + random.below(1200);
    if (random.chance(0.3)) {
      budget.on_media_sent(size, now);
      media += static_cast<double>(size);
    } else if (budget.may_send(number(static_cast<int>(random.below(65536))), size, now, 50ms)) {
      repaired += static_cast<double>(size);
    }
  }
  const double share = std::max(bitrate / 10.0, 48'000.0);
  const double left = std::max(bitrate - media * 8 / 20, 0.0);
  // Media overdraws by 100 ms at most, the rest is forgiven.
  CHECK(repaired * 8 / 20 <= left + share + bitrate * 0.2 + 10'000);
}

}  // namespace
}  // namespace sluice::rtp
