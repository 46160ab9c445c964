// Key frames: when a viewer joins, when it asks, and how seldom the publisher is bothered.
#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

TEST_CASE("a late joiner sees everyone within 150 ms of being connected") {
  World world({.seed = 1});
  std::vector<Participant*> publishers;
  for (int i = 0; i < 4; ++i) publishers.push_back(&world.join());
  REQUIRE(world.run_until_connected());
  world.run_for(3s);
  Participant& late = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(500ms);
  for (const Participant* publisher : publishers) {
    const auto& video = world.find_receiver(late, *publisher, MediaKind::kVideo)->continuity();
    INFO("publisher " << publisher->id);
    CHECK(video.key_frame_first());
    REQUIRE(video.first_frame_at() != kNever);
    CHECK((video.first_frame_at() - late.peer->connection().ready_at()).count() <= 150'000);
    CHECK(video.counts().superseded == 0);
    expect_flowing(world, late, *publisher);
  }
  world.finish();
}

TEST_CASE("a viewer's PLI or FIR reaches the publisher") {
  const bool fir = GENERATE(false, true);
  World world({.seed = 2});
  Participant& publisher = world.join();
  Participant& viewer = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  const std::uint64_t requests = publisher.video()->key_frame_requests();
  auto* receiver = world.find_receiver(viewer, publisher, MediaKind::kVideo);
  const std::uint64_t key_frames = receiver->continuity().counts().key_frames;
  viewer.peer->request_key_frame(*receiver, fir, world.now());
  world.run_for(300ms);
  CHECK(publisher.video()->key_frame_requests() == requests + 1);
  CHECK(receiver->continuity().counts().key_frames == key_frames + 1);
  world.finish();
}

TEST_CASE("viewers that ask all the time bother the publisher ten times a second at most") {
  const std::uint32_t delay = GENERATE(0U, 1000U);
  World world({.seed = 3});
  Participant& publisher = world.join({.key_frame_request_delay_ms = delay});
  std::vector<Participant*> viewers;
  for (int i = 0; i < 5; ++i) viewers.push_back(&world.join({.audio = false, .video = false}));
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  const std::uint64_t requests = publisher.video()->key_frame_requests();
  for (int i = 0; i < 100; ++i) {
    for (Participant* viewer : viewers) {
      viewer->peer->request_key_frame(*world.find_receiver(*viewer, publisher, MediaKind::kVideo), false,
                                      world.now());
    }
    world.run_for(20ms);
  }
  const std::uint64_t more = publisher.video()->key_frame_requests() - requests;
  CAPTURE(more);
  CHECK(more >= (delay == 0 ? 10U : 1U));
  CHECK(more <= (delay == 0 ? 21U : 3U));
  CHECK(publisher.video()->shortest_request_interval() >= (delay == 0 ? Duration(100ms) : Duration(1s)));
  world.finish();
}

TEST_CASE("a key frame request that is lost is repeated until a key frame comes") {
  World world({.seed = 4});
  Participant& publisher = world.join({.down = LinkSpec{.loss = 0.6}});
  REQUIRE(world.run_until_connected(60s));
  world.run_for(2s);
  Participant& viewer = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  CHECK(world.run_until([&] { return frames_of(world, viewer, publisher) > 0; }, 5s));
  world.finish();
}

TEST_CASE("people who join together share one key frame") {
  World world({.seed = 5});
  Participant& publisher = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  const std::uint64_t before = publisher.video()->key_frames();
  for (int i = 0; i < 10; ++i) world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  CHECK(publisher.video()->key_frames() - before <= 2);
  for (const Participant* viewer : world.present()) {
    if (viewer != &publisher) expect_flowing(world, *viewer, publisher);
  }
  world.finish();
}

TEST_CASE("the controller can ask for a key frame") {
  World world({.seed = 6});
  Participant& publisher = world.join();
  Participant& viewer = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  const std::uint64_t requests = publisher.video()->key_frame_requests();
  world.execute(RequestKeyFrame{world.consumer_id(viewer, publisher, MediaKind::kVideo)});
  world.run_for(100ms);
  CHECK(publisher.video()->key_frame_requests() == requests + 1);
  world.finish();
}

}  // namespace
}  // namespace sluice::net
