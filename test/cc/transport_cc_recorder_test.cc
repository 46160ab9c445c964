#include "cc/transport_cc_recorder.h"

#include <map>
#include <vector>

#include "base/random.h"
#include "catch.h"

namespace sluice::cc {
namespace {

constexpr Instant kStart{10s};

SequenceNumber number(int n) {
  return {static_cast<std::uint16_t>(n)};
}

TEST_CASE("nothing noted, nothing to report") {
  TransportCcRecorder recorder;
  CHECK(recorder.next_deadline() == kNever);
  CHECK_FALSE(recorder.advance(kStart));
}

TEST_CASE("a report is due 100 ms after the first packet it tells of") {
  TransportCcRecorder recorder;
  recorder.note(number(65535), kStart);
  recorder.note(number(1), kStart + 30ms);
  CHECK(recorder.next_deadline() == kStart + 100ms);
  CHECK_FALSE(recorder.advance(kStart + 99ms));
  const auto report = recorder.advance(kStart + 100ms);
  REQUIRE(report);
  CHECK(report->base == number(65535));
  REQUIRE(report->arrivals.size() == 3);
  CHECK(report->arrivals[0] == kStart);
  CHECK(report->arrivals[1] == kNever);
  CHECK(report->arrivals[2] == kStart + 30ms);
  CHECK(recorder.next_deadline() == kNever);
}

TEST_CASE("many packets make it due after 50 ms") {
  TransportCcRecorder recorder;
  for (int n = 0; n < 64; ++n) recorder.note(number(n), kStart);
  CHECK(recorder.next_deadline() == kStart + 50ms);
}

TEST_CASE("losses between two reports are told by the second") {
  TransportCcRecorder recorder;
  recorder.note(number(1), kStart);
  (void)recorder.advance(kStart + 100ms);
  recorder.note(number(4), kStart + 150ms);
  const auto report = recorder.advance(kStart + 250ms);
  REQUIRE(report);
  CHECK(report->base == number(2));
  CHECK(report->arrivals.size() == 3);
  CHECK(report->arrivals[0] == kNever);
}

TEST_CASE("a late packet is told of after all, a duplicate is not") {
  TransportCcRecorder recorder;
  recorder.note(number(1), kStart);
  recorder.note(number(3), kStart);
  (void)recorder.advance(kStart + 100ms);
  recorder.note(number(3), kStart + 110ms);
  CHECK(recorder.next_deadline() == kNever);
  recorder.note(number(2), kStart + 120ms);
  const auto report = recorder.advance(kStart + 220ms);
  REQUIRE(report);
  CHECK(report->base == number(2));
  REQUIRE(report->arrivals.size() == 2);
  CHECK(report->arrivals[0] == kStart + 120ms);
  CHECK(report->arrivals[1] == kStart);
}

TEST_CASE("a packet later than the back window is not told of") {
  TransportCcRecorder recorder;
  recorder.note(number(1), kStart);
  recorder.note(number(3), kStart);
  (void)recorder.advance(kStart + 100ms);
  recorder.note(number(2), kStart + TransportCcRecorder::kBackWindow + 1us);
  CHECK(recorder.next_deadline() == kNever);
}

TEST_CASE("a jump over the whole window starts anew") {
  TransportCcRecorder recorder;
  recorder.note(number(1), kStart);
  recorder.note(number(20000), kStart + 1ms);
  const auto report = recorder.advance(kStart + 101ms);
  REQUIRE(report);
  CHECK(report->base == number(20000));
  CHECK(report->arrivals.size() == 1);
  recorder.note(number(2), kStart + 102ms);
  CHECK(recorder.next_deadline() == kNever);
}

TEST_CASE("a report is never longer than the window") {
  TransportCcRecorder recorder;
  for (int n = 0; n < 10'000; n += 7) recorder.note(number(n), kStart);
  const auto report = recorder.advance(kStart + 100ms);
  REQUIRE(report);
  CHECK(report->arrivals.size() == TransportCcRecorder::kWindow);
  CHECK(report->arrivals.back() == kStart);
}

TEST_CASE("feedback packets are counted modulo 256") {
  TransportCcRecorder recorder;
  for (int n = 0; n < 256; ++n) CHECK(recorder.next_feedback_count() == n);
  CHECK(recorder.next_feedback_count() == 0);
}

TEST_CASE("over a lossy, reordering line every arrival is reported with its time") {
  const std::uint64_t seed = GENERATE(range(0, 10));
  INFO("seed " << seed);
  Random random(seed);
  TransportCcRecorder recorder;
  std::multimap<Instant, int> line;
  const int first = static_cast<int>(random.below(65536));
  for (int i = 0; i < 20'000; ++i) {
    if (!random.chance(0.1)) line.emplace(kStart + i * 1ms + Duration(random.below(30'000)), first + i);
  }
  std::map<std::uint16_t, Instant> noted;
  std::map<std::uint16_t, Instant> told;
  int reports = 0;
  const auto report_until = [&](Instant now) {
    while (recorder.next_deadline() <= now) {
      const auto report = recorder.advance(now);
      REQUIRE(report);
      REQUIRE(report->arrivals.back() != kNever);
      SequenceNumber n = report->base;
      for (const Instant at : report->arrivals) {
        if (at != kNever) told[n.value] = at;
        n = n.plus(1);
      }
      ++reports;
    }
  };
  for (const auto& [at, n] : line) {
    report_until(at);
    recorder.note(number(n), at);
    noted[number(n).value] = at;
  }
  report_until(kStart + 60s);
  CHECK(told == noted);
  CHECK(reports > 200);
  CHECK(reports < 450);
}

}  // namespace
}  // namespace sluice::cc
