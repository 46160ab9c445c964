#include "rtp/receive_statistics.h"

#include "base/random.h"
#include "catch.h"

namespace sluice::rtp {
namespace {

constexpr Instant kStart{10s};

SequenceNumber number(int n) {
  return {static_cast<std::uint16_t>(n)};
}

/// A packet every 20 ms at 48 kHz, arriving `late` after its time.
Arrival feed(ReceiveStatistics& statistics, int n, Duration late = 0us) {
  return statistics.on_packet(number(n), {static_cast<std::uint32_t>(960 * n)}, 100,
                              kStart + n * 20ms + late);
}

TEST_CASE("a stream without loss reports none, and counts cycles") {
  ReceiveStatistics statistics(48000);
  for (int n = 65000; n < 66000; ++n) CHECK(feed(statistics, n) == Arrival::kNewest);
  const Reception reception = statistics.report(kStart);
  CHECK(reception.fraction_lost == 0);
  CHECK(reception.cumulative_lost == 0);
  CHECK(reception.extended_highest == 65999);  // one cycle and 463
  CHECK(reception.jitter == 0);
  CHECK(statistics.packets() == 1000);
  CHECK(statistics.bytes() == 100'000);
}

TEST_CASE("loss is told of the interval and in total (RFC 3550 A.3)") {
  ReceiveStatistics statistics(48000);
  for (int n = 0; n < 100; ++n) {
    if (n % 4 != 2) feed(statistics, n);
  }
  CHECK(statistics.peek(kStart).cumulative_lost == 25);
  Reception reception = statistics.report(kStart);
  CHECK(reception.fraction_lost == 64);
  CHECK(reception.expected_since == 100);
  CHECK(reception.lost_since == 25);
  CHECK(reception.cumulative_lost == 25);
  for (int n = 100; n < 200; ++n) feed(statistics, n);
  reception = statistics.report(kStart);
  CHECK(reception.fraction_lost == 0);
  CHECK(reception.expected_since == 100);
  CHECK(reception.lost_since == 0);
  CHECK(reception.cumulative_lost == 25);
}

TEST_CASE("duplicates make the loss negative, never the fraction") {
  ReceiveStatistics statistics(48000);
  for (int n = 0; n < 10; ++n) {
    feed(statistics, n);
    CHECK(feed(statistics, n) == Arrival::kDuplicate);
  }
  const Reception reception = statistics.report(kStart);
  CHECK(reception.cumulative_lost == -10);
  CHECK(reception.fraction_lost == 0);
  CHECK(statistics.duplicates() == 10);
}

TEST_CASE("a late packet is reordered once and a duplicate after") {
  ReceiveStatistics statistics(48000);
  for (const int n : {1, 2, 4, 5}) feed(statistics, n);
  CHECK(feed(statistics, 3) == Arrival::kReordered);
  CHECK(feed(statistics, 3) == Arrival::kDuplicate);
  CHECK(feed(statistics, 0) == Arrival::kReordered);
  CHECK(statistics.reordered() == 2);
}

TEST_CASE("jitter follows RFC 3550 A.8") {
  ReceiveStatistics statistics(48000);
  // Transit times alternate by 10 ms (480 units), so that J approaches 480.
  feed(statistics, 0);
  feed(statistics, 1, 10ms);
  CHECK(statistics.peek(kStart).jitter == 480 / 16);
  for (int n = 2; n < 400; ++n) feed(statistics, n, n % 2 == 0 ? 0ms : 10ms);
  CHECK(statistics.peek(kStart).jitter == Approx(480).margin(2));
  CHECK(statistics.jitter().count() == Approx(10'000).margin(50));
}

TEST_CASE("timestamps that start anew are not jitter") {
  ReceiveStatistics statistics(90000);
  for (int n = 0; n < 10; ++n)
    statistics.on_packet(number(n), {static_cast<std::uint32_t>(n * 3000)}, 1, kStart);
  const auto before = statistics.peek(kStart).jitter;
  statistics.on_packet(number(10), {0x80000000}, 1, kStart);
  CHECK(statistics.peek(kStart).jitter == before);
}

TEST_CASE("a sender that restarts is believed at its second packet") {
  ReceiveStatistics statistics(48000);
  for (int n = 0; n < 10; ++n) feed(statistics, n);
  CHECK(feed(statistics, 30000) == Arrival::kTooOld);
  CHECK(statistics.peek(kStart).extended_highest == 9);
  CHECK(feed(statistics, 30001) == Arrival::kNewest);
  const Reception reception = statistics.report(kStart);
  CHECK(reception.extended_highest == 30001);
  CHECK(reception.cumulative_lost == 0);
}

TEST_CASE("the last sender report is echoed with its delay") {
  ReceiveStatistics statistics(48000);
  CHECK(statistics.report(kStart).last_sr == 0);
  statistics.on_sender_report(0x0123456789ABCDEF, {5}, kStart);
  const Reception reception = statistics.report(kStart + 1500ms);
  CHECK(reception.last_sr == 0x456789AB);
  CHECK(reception.delay_since_last_sr == 65536 + 32768);
}

TEST_CASE("loss at random is counted to the packet") {
  const std::uint64_t seed = GENERATE(range(0, 5));
  INFO("seed " << seed);
  Random random(seed);
  ReceiveStatistics statistics(48000);
  int lost = 0;
  const int first = static_cast<int>(random.below(65536));
  for (int i = 0; i < 200'000; ++i) {
    if (i > 0 && i < 199'999 && random.chance(0.1)) {
      ++lost;
    } else {
      feed(statistics, first + i);
    }
  }
  const Reception reception = statistics.report(kStart);
  CHECK(reception.cumulative_lost == lost);
  CHECK(reception.extended_highest == static_cast<std::uint32_t>(first + 199'999));
  CHECK(reception.fraction_lost == Approx(25.6).margin(1.5));
}

TEST_CASE("the sequence window tells what it has forgotten") {
  SequenceWindow window;
  CHECK(window.insert({100}) == Arrival::kNewest);
  CHECK(window.insert({100 + 1024}) == Arrival::kNewest);
  CHECK(window.insert({100}) == Arrival::kTooOld);
  CHECK(window.insert({101}) == Arrival::kReordered);
  CHECK(window.insert({101}) == Arrival::kDuplicate);
  CHECK(window.insert({30000}) == Arrival::kNewest);
  CHECK(window.insert({29999}) == Arrival::kReordered);
}

}  // namespace
}  // namespace sluice::rtp
