// What loss costs: who repairs it, how, and what happens when it cannot be repaired.
#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

TEST_CASE("what the publisher's link loses is asked of the publisher and forwarded") {
  const auto seed = GENERATE(from_range(seeds(1, 4)));
  INFO("seed " << seed);
  World world({.seed = seed});
  Participant& publisher = world.join({.up = LinkSpec{.loss = 0.1}});
  Participant& viewer = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(5s);
  quiet(world);
  expect_complete(world, viewer, publisher, MediaKind::kVideo, 10);
  CHECK(publisher.video()->retransmitted() > 10);
  const auto stats = world.producer_stats(publisher, MediaKind::kVideo).front();
  CHECK(stats.packets_repaired > 10);
  CHECK(stats.nack_count > 5);
  CHECK(stats.nack_packet_count >= stats.packets_repaired);
  world.finish();
}

TEST_CASE("what a viewer's link loses is sent to it again, and the publisher hears nothing of it") {
  const auto seed = GENERATE(from_range(seeds(1, 4)));
  INFO("seed " << seed);
  World world({.seed = seed});
  Participant& publisher = world.join();
  Participant& viewer = world.join({.video = false, .down = LinkSpec{.loss = 0.1}});
  Participant& other = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(5s);
  quiet(world);
  expect_complete(world, viewer, publisher, MediaKind::kVideo, 10);
  expect_complete(world, other, publisher, MediaKind::kVideo);
  CHECK(world.find_receiver(viewer, publisher, MediaKind::kVideo)->continuity().counts().repaired > 10);
  CHECK(world.find_receiver(other, publisher, MediaKind::kVideo)->continuity().counts().repaired == 0);
  CHECK(publisher.video()->nacked() == 0);
  const auto stats = world.request<StatsReply>(
      GetStats{ObjectKind::kConsumer, world.consumer_id(viewer, publisher, MediaKind::kVideo)});
  CHECK(stats.streams.front().packets_retransmitted > 10);
  CHECK(stats.streams.front().nack_packet_count >= stats.streams.front().packets_retransmitted);
  CHECK(stats.streams.front().packets_lost > 0);
  world.finish();
}

TEST_CASE("retransmissions that are lost themselves are sent again") {
  World world({.seed = 3});
  Participant& publisher = world.join({.up = LinkSpec{.loss = 0.25}});
  Participant& viewer = world.join({.video = false, .down = LinkSpec{.loss = 0.25}});
  REQUIRE(world.run_until_connected(30s));
  world.run_for(8s);
  quiet(world, 5s);
  const auto* receiver = world.find_receiver(viewer, publisher, MediaKind::kVideo);
  expect_no_errors(receiver->continuity());
  CHECK(receiver->continuity().holes() == 0);
  CHECK(receiver->continuity().counts().lost == 0);
  world.finish();
}

TEST_CASE("a viewer that never asks is sent nothing again") {
  World world({.seed = 4});
  Participant& publisher = world.join();
  Participant& viewer = world.join({.video = false, .nack = false, .down = LinkSpec{.loss = 0.05}});
  REQUIRE(world.run_until_connected());
  world.run_for(3s);
  const auto* receiver = world.find_receiver(viewer, publisher, MediaKind::kVideo);
  expect_no_errors(receiver->continuity());
  CHECK(receiver->continuity().counts().repaired == 0);
  CHECK(receiver->continuity().counts().repeated == 0);
  world.finish();
}

TEST_CASE("after an outage of the publisher's link the picture is back within a second") {
  World world({.seed = 6});
  Participant& publisher = world.join();
  Participant& viewer = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  const auto outage = GENERATE(300, 1500, 6000);
  INFO("outage of " << outage << " ms");
  world.network().cut(publisher.address, true);
  world.run_for(std::chrono::milliseconds(outage));
  world.network().cut(publisher.address, false);
  world.run_for(1500ms);
  const std::uint64_t before = frames_of(world, viewer, publisher);
  world.run_for(1s);
  CHECK(frames_of(world, viewer, publisher) >= before + 29);
  expect_flowing(world, viewer, publisher);
  world.finish();
}

TEST_CASE("after an outage of a viewer's link its picture is back, by repair or by a key frame") {
  World world({.seed = 7});
  Participant& publisher = world.join();
  Participant& viewer = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  const auto outage = GENERATE(300, 1500, 6000);
  INFO("outage of " << outage << " ms");
  world.network().cut(viewer.address, true);
  world.run_for(std::chrono::milliseconds(outage));
  world.network().cut(viewer.address, false);
  world.run_for(2500ms);
  const std::uint64_t before = frames_of(world, viewer, publisher);
  world.run_for(1s);
  CHECK(frames_of(world, viewer, publisher) >= before + 29);
  expect_flowing(world, viewer, publisher);
  world.finish();
}

TEST_CASE("with 70 to 130 ms of jitter nothing is asked for again that was only late, on either leg") {
  const auto seed = GENERATE(from_range(seeds(1, 4)));
  INFO("seed " << seed);
  const LinkSpec jittery{.duplication = 0.01, .delay = 70ms, .jitter = 60ms};
  World world({.seed = seed, .up = jittery, .down = jittery});
  Participant& publisher = world.join();
  Participant& viewer = world.join();
  REQUIRE(world.run_until_connected(20s));
  world.run_for(15s);
  const auto asked = [&] {
    std::uint64_t numbers = world.find_receiver(viewer, publisher, MediaKind::kVideo)->requested();
    for (const MediaKind kind : {MediaKind::kVideo, MediaKind::kAudio})
      numbers += world.producer_stats(publisher, kind).front().nack_packet_count;
    return numbers;
  };
  const std::uint64_t learning = asked();
  CHECK(learning < 150);
  world.run_for(60s);
  CHECK(asked() == learning);
  world.finish();
}

TEST_CASE("over a 25 ms link a loss is repaired before the picture would stand still") {
  const double loss = GENERATE(0.02, 0.05, 0.1);
  INFO("loss " << loss);
  const LinkSpec lossy{.loss = loss, .delay = 25ms};
  const bool publisher_leg = GENERATE(true, false);
  World world({.seed = 12});
  Participant& publisher =
      publisher_leg ? world.join({.up = lossy, .down = lossy}) : world.join({.audio = false});
  Participant& viewer =
      publisher_leg ? world.join({.video = false}) : world.join({.video = false, .up = lossy, .down = lossy});
  REQUIRE(world.run_until_connected(20s));
  world.run_for(2s);
  const std::uint64_t before = frames_of(world, viewer, publisher);
  std::uint64_t last = before;
  for (int second = 0; second < 30; ++second) {
    world.run_for(1s);
    const std::uint64_t frames = frames_of(world, viewer, publisher);
    CHECK(frames >= last + 20);
    last = frames;
  }
  CHECK(last - before >= 30 * 30 * 98 / 100);
  CHECK(world.find_receiver(viewer, publisher, MediaKind::kVideo)->given_up() == 0);
  world.finish();
}

}  // namespace
}  // namespace sluice::net
