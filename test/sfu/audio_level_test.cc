#include "sfu/audio_level.h"

#include "catch.h"

namespace sluice::sfu {
namespace {

constexpr Instant kStart{1000s};

/// A packet every 20 ms at one level, over one interval.
void feed(LevelMeter& meter, std::uint8_t level, Instant from, Duration duration = 1s) {
  for (Duration at{}; at < duration; at += 20ms) meter.on_level({true, level}, from + at);
}

TEST_CASE("the loudest are told, loudest first, at most so many") {
  AudioLevel observer({.max_entries = 2, .threshold = -80, .interval = 1s});
  feed(observer.add("a", kStart), 50, kStart);
  feed(observer.add("b", kStart), 30, kStart);
  feed(observer.add("c", kStart), 40, kStart);
  CHECK_FALSE(observer.advance(kStart + 999ms).has_value());
  const auto volumes = observer.advance(kStart + 1s);
  REQUIRE(volumes.has_value());
  REQUIRE(volumes->size() == 2);
  CHECK(volumes->at(0).producer_id == "b");
  CHECK(volumes->at(0).volume == -30);
  CHECK(volumes->at(1).producer_id == "c");
}

TEST_CASE("a volume is the mean of the interval, and starts anew with the next") {
  AudioLevel observer({});
  LevelMeter& meter = observer.add("a", kStart);
  feed(meter, 20, kStart, 500ms);
  feed(meter, 61, kStart + 500ms, 500ms);
  CHECK(observer.advance(kStart + 1s)->at(0).volume == -41);  // 40.5, rounded
  feed(meter, 70, kStart + 1s);
  CHECK(observer.advance(kStart + 2s)->at(0).volume == -70);
}

TEST_CASE("silence is told once, and not before anybody was loud") {
  AudioLevel observer({.max_entries = 1, .threshold = -60, .interval = 1s});
  LevelMeter& meter = observer.add("a", kStart);
  Instant now = kStart;
  const auto interval = [&](std::uint8_t level) {
    feed(meter, level, now);
    now += 1s;
    return observer.advance(now);
  };
  CHECK_FALSE(interval(90).has_value());
  CHECK(interval(60)->size() == 1);
  CHECK(interval(61)->empty());
  CHECK_FALSE(interval(90).has_value());
  CHECK(interval(10)->size() == 1);
}

TEST_CASE("the few packets of discontinuous transmission are silence") {
  AudioLevel observer({});
  LevelMeter& meter = observer.add("a", kStart);
  feed(meter, 30, kStart);
  CHECK(observer.advance(kStart + 1s)->size() == 1);
  meter.on_level({false, 30}, kStart + 1200ms);
  meter.on_level({false, 30}, kStart + 1600ms);
  CHECK(observer.advance(kStart + 2s)->empty());
}

TEST_CASE("when the last producer goes, silence is told and then nothing is due") {
  AudioLevel observer({});
  CHECK(observer.next_deadline() == kNever);
  feed(observer.add("a", kStart), 30, kStart);
  CHECK(observer.next_deadline() == kStart + 1s);
  CHECK(observer.advance(kStart + 1s)->size() == 1);
  observer.remove("a");
  CHECK(observer.next_deadline() == kStart + 2s);
  CHECK(observer.advance(kStart + 2s)->empty());
  CHECK(observer.next_deadline() == kNever);
}

}  // namespace
}  // namespace sluice::sfu
