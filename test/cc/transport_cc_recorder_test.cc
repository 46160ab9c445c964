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
  recorder.note(number(65535), 1000, kStart);
  recorder.note(number(1), 1000, kStart + 30ms);
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

/// Receives `size` bytes every `every` for `seconds`; gives the number of reports.
int reports_in(TransportCcRecorder& recorder, Duration every, std::size_t size, int seconds) {
  int reports = 0;
  int n = 0;
  for (Duration at{}; at < std::chrono::seconds(seconds); at += every) {
    while (recorder.next_deadline() <= kStart + at) {
      REQUIRE(recorder.advance(recorder.next_deadline()));
      ++reports;
    }
    recorder.note(number(n++), size, kStart + at);
  }
  return reports;
}

TEST_CASE("reports take a twentieth of the bitrate, every 50 to 250 ms") {
  TransportCcRecorder recorder;
  SECTION("a voice: four a second") {
    const int reports = reports_in(recorder, 20ms, 100, 20);  // 40 kbps
    CHECK(reports >= 76);
    CHECK(reports <= 90);
  }
  SECTION("a picture: twenty a second") {
    const int reports = reports_in(recorder, 33ms / 4, 1000, 20);  // 1 Mbps
    CHECK(reports >= 380);
    CHECK(reports <= 400);
  }
  SECTION("in between") {
    const int reports = reports_in(recorder, 20ms, 250, 20);  // 100 kbps: 108.8 ms
    CHECK(reports >= 170);
    CHECK(reports <= 190);
  }
}

TEST_CASE("after a silence a packet is not reported alone") {
  TransportCcRecorder recorder;
  reports_in(recorder, 20ms, 1000, 5);
  while (recorder.next_deadline() != kNever) (void)recorder.advance(recorder.next_deadline());
  recorder.note(number(5000), 1000, kStart + 20s);
  CHECK(recorder.next_deadline() == kStart + 20s + 50ms);
}

TEST_CASE("losses between two reports are told by the second") {
  TransportCcRecorder recorder;
  recorder.note(number(1), 1000, kStart);
  (void)recorder.advance(kStart + 100ms);
  recorder.note(number(4), 1000, kStart + 150ms);
  const auto report = recorder.advance(kStart + 250ms);
  REQUIRE(report);
  CHECK(report->base == number(2));
  CHECK(report->arrivals.size() == 3);
  CHECK(report->arrivals[0] == kNever);
}

TEST_CASE("a late packet is told of after all, a duplicate is not") {
  TransportCcRecorder recorder;
  recorder.note(number(1), 1000, kStart);
  recorder.note(number(3), 1000, kStart);
  (void)recorder.advance(kStart + 100ms);
  recorder.note(number(3), 1000, kStart + 110ms);
  CHECK(recorder.next_deadline() == kNever);
  recorder.note(number(2), 1000, kStart + 120ms);
  const auto report = recorder.advance(kStart + 220ms);
  REQUIRE(report);
  CHECK(report->base == number(2));
  REQUIRE(report->arrivals.size() == 2);
  CHECK(report->arrivals[0] == kStart + 120ms);
  CHECK(report->arrivals[1] == kStart);
}

TEST_CASE("a packet later than the back window is not told of") {
  TransportCcRecorder recorder;
  recorder.note(number(1), 1000, kStart);
  recorder.note(number(3), 1000, kStart);
  (void)recorder.advance(kStart + 100ms);
  recorder.note(number(2), 1000, kStart + TransportCcRecorder::kBackWindow + 1us);
  CHECK(recorder.next_deadline() == kNever);
}

TEST_CASE("a jump over the whole window starts anew") {
  TransportCcRecorder recorder;
  recorder.note(number(1), 1000, kStart);
  recorder.note(number(20000), 1000, kStart + 1ms);
  const auto report = recorder.advance(kStart + 101ms);
  REQUIRE(report);
  CHECK(report->base == number(20000));
  CHECK(report->arrivals.size() == 1);
  recorder.note(number(2), 1000, kStart + 102ms);
  CHECK(recorder.next_deadline() == kNever);
}

TEST_CASE("a report is never longer than the window") {
  TransportCcRecorder recorder;
  for (int n = 0; n < 10'000; n += 7) recorder.note(number(n), 1000, kStart);
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
    recorder.note(number(n), 1000, at);
    noted[number(n).value] = at;
  }
  report_until(kStart + 60s);
  CHECK(told == noted);
  CHECK(reports > 350);
  CHECK(reports < 450);
}

}  // namespace
}  // namespace sluice::cc
