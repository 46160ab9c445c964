#include "rtp/stream_score.h"

#include "catch.h"

namespace sluice::rtp {
namespace {

int settled(const StreamScore::Interval& interval) {
  StreamScore score;
  for (int i = 0; i < 30; ++i) score.update(interval);
  return score.value();
}

TEST_CASE("a stream that arrives whole has 10, one of which nothing arrives 0") {
  StreamScore score;
  CHECK(score.value() == 0);
  CHECK(score.update({100, 0, 0, 0}));
  CHECK(score.value() == 10);
  CHECK_FALSE(score.update({100, 0, 0, 0}));
  CHECK(score.update({0, 0, 0, 0}));
  CHECK(score.value() == 0);
  CHECK_FALSE(score.on_silence());
}

TEST_CASE("a stream of which all is lost arrives as little as one that is not sent") {
  StreamScore score;
  score.update({100, 0, 0, 0});
  CHECK(score.update({100, 100, 0, 0}));
  CHECK(score.value() == 0);
}

TEST_CASE("what is missing costs a point for each 2 %, what was repaired a quarter of that") {
  CHECK(settled({100, 2, 0, 0}) == 9);
  CHECK(settled({100, 10, 0, 0}) == 5);
  CHECK(settled({100, 40, 0, 0}) == 1);
  CHECK(settled({100, 2, 2, 0}) == 10);
  CHECK(settled({100, 8, 8, 0}) == 9);
  CHECK(settled({100, 10, 8, 0}) == 8);
  CHECK(settled({100, 0, 0, 10}) == 5);
}

TEST_CASE("repairs of an interval before are not more than a whole stream") {
  CHECK(settled({100, 0, 1000, 0}) == 1);
  CHECK(settled({100, 4, 16, 0}) == 8);
}

TEST_CASE("a bad second shows at once, and is forgotten slowly") {
  StreamScore score;
  score.update({100, 0, 0, 0});
  CHECK(score.update({100, 20, 0, 0}));
  CHECK(score.value() == 6);
  int seconds = 0;
  while (score.value() < 9 && seconds < 100) {
    score.update({100, 0, 0, 0});
    ++seconds;
  }
  CHECK(seconds >= 4);
  CHECK(seconds <= 8);
}

TEST_CASE("a score between two numbers does not flicker") {
  StreamScore score;
  for (int i = 0; i < 20; ++i) score.update({1000, 30, 0, 0});  // 8.5
  int changes = 0;
  for (int i = 0; i < 100; ++i) changes += score.update({1000, i % 2 == 0 ? 26U : 34U, 0, 0}) ? 1 : 0;
  CHECK(changes <= 1);
}

TEST_CASE("a stream that comes back starts from what it is now") {
  StreamScore score;
  for (int i = 0; i < 10; ++i) score.update({100, 18, 0, 0});
  score.on_silence();
  CHECK(score.update({100, 0, 0, 0}));
  CHECK(score.value() == 10);
}

TEST_CASE("a viewer's report gives its loss, and repairs are lost as the rest is") {
  const auto interval = StreamScore::of_report(64, 1000, 200);
  CHECK(interval.expected == 1000);
  CHECK(interval.lost == 250);
  CHECK(interval.repaired == 150);
  CHECK(StreamScore::of_report(26, 1000, 5000).repaired == 101);
  CHECK(StreamScore::of_report(255, 0, 0).expected == 0);
}

}  // namespace
}  // namespace sluice::rtp
