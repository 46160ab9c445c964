// Pausing and resuming: nothing of the gap is seen in the numbers, and video goes on with a key frame.
#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

TEST_CASE("a paused consumer gets nothing; resumed, its numbers go on as if nothing had been left out") {
  World world({.seed = 1});
  Participant& publisher = world.join();
  Participant& viewer = world.join({.audio = false, .video = false});
  Participant& other = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  for (int round = 0; round < 3; ++round) {
    for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo}) {
      world.execute(Pause{ObjectKind::kConsumer, world.consumer_id(viewer, publisher, kind)});
    }
    world.run_for(50ms);
    const std::uint64_t packets = viewer.peer->counts().rtp;
    world.run_for(700ms);
    CHECK(viewer.peer->counts().rtp == packets);
    for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo}) {
      world.execute(Resume{ObjectKind::kConsumer, world.consumer_id(viewer, publisher, kind)});
    }
    world.run_for(800ms);
    CHECK(viewer.peer->counts().rtp > packets);
  }
  quiet(world);
  for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo}) {
    expect_complete(world, viewer, publisher, kind);
    expect_complete(world, other, publisher, kind);
    CHECK(world.find_receiver(viewer, publisher, kind)->continuity().counts().left_out > 20);
    CHECK(world.find_receiver(other, publisher, kind)->continuity().counts().left_out == 0);
  }
  world.finish();
}

TEST_CASE("a paused producer is silent for everyone, who are told, and goes on with a key frame") {
  World world({.seed = 2});
  Participant& publisher = world.join();
  std::vector<Participant*> viewers = {&world.join({.video = false}), &world.join({.video = false})};
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  world.execute(Pause{ObjectKind::kProducer, publisher.producer_id(MediaKind::kVideo)});
  world.execute(Pause{ObjectKind::kProducer, publisher.producer_id(MediaKind::kVideo)});  // twice is no error
  world.run_for(50ms);
  std::vector<std::uint64_t> frames;
  for (const Participant* viewer : viewers) frames.push_back(frames_of(world, *viewer, publisher));
  world.run_for(1s);
  for (std::size_t i = 0; i < viewers.size(); ++i)
    CHECK(frames_of(world, *viewers[i], publisher) == frames[i]);
  world.execute(Resume{ObjectKind::kProducer, publisher.producer_id(MediaKind::kVideo)});
  world.run_for(1s);
  CHECK(world.transport_stats(publisher).dropped.at("producer-paused") > 10);
  for (Participant* viewer : viewers) {
    const std::string consumer = world.consumer_id(*viewer, publisher, MediaKind::kVideo);
    for (const bool paused : {true, false}) {
      CHECK(count_events<ProducerPaused>(world, [&](const ProducerPaused& e) {
              return e.consumer_id == consumer && e.paused == paused;
            }) == 1);
    }
  }
  quiet(world);
  for (const Participant* viewer : viewers) {
    expect_complete(world, *viewer, publisher, MediaKind::kVideo);
    CHECK(world.find_receiver(*viewer, publisher, MediaKind::kVideo)->continuity().counts().left_out > 10);
  }
  world.finish();
}

TEST_CASE("a consumer made paused starts when it is resumed") {
  World world({.seed = 3});
  Participant& publisher = world.join({.audio = false});
  Participant& viewer = world.join({.audio = false, .video = false, .consume = false});
  REQUIRE(world.run_until_connected());
  client::MediaReceiver* receiver = world.consume(viewer, publisher.producer_id(MediaKind::kVideo), true);
  world.run_for(500ms);
  CHECK(receiver->continuity().counts().packets == 0);
  const Instant resumed = world.now();
  world.execute(Resume{ObjectKind::kConsumer, receiver->id()});
  world.run_for(1s);
  REQUIRE(receiver->continuity().first_frame_at() != kNever);
  CHECK((receiver->continuity().first_frame_at() - resumed).count() <= 150'000);
  expect_flowing(world, viewer, publisher);
  world.finish();
}

TEST_CASE("pauses at random on bad networks leave no error in anyone's numbers") {
  const auto seed = GENERATE(from_range(seeds(30, 8)));
  INFO("seed " << seed);
  // Without duplication by the network, a number that the server uses twice shows as a replay.
  const bool duplicates = seed % 2 == 0;
  const LinkSpec link{.loss = 0.04, .duplication = duplicates ? 0.02 : 0, .delay = 20ms, .jitter = 40ms};
  World world({.seed = seed, .up = link, .down = link});
  Random random(seed);
  for (int i = 0; i < 3; ++i) world.join({.video_options = {.bitrate = 300'000}});
  REQUIRE(world.run_until_connected(20s));
  const auto people = world.present();
  const auto any = [&] { return people[random.below(static_cast<std::uint32_t>(people.size()))]; };
  for (int round = 0; round < 40; ++round) {
    Participant* viewer = any();
    Participant* publisher = any();
    if (viewer == publisher) continue;
    const MediaKind kind = random.chance(0.7) ? MediaKind::kVideo : MediaKind::kAudio;
    const bool of_producer = random.chance(0.3);
    const ObjectKind what = of_producer ? ObjectKind::kProducer : ObjectKind::kConsumer;
    const std::string id =
        of_producer ? publisher->producer_id(kind) : world.consumer_id(*viewer, *publisher, kind);
    if (random.chance(0.45)) {
      world.execute(Pause{what, id});
    } else {
      world.execute(Resume{what, id});
    }
    world.run_for(Duration(random.below(400'000)));
  }
  for (Participant* publisher : people) {
    for (const auto& track : publisher->tracks)
      world.execute(Resume{ObjectKind::kProducer, track.producer_id});
    for (const auto& [consumer, producer] : publisher->consumers)
      world.execute(Resume{ObjectKind::kConsumer, consumer});
  }
  world.run_for(3s);
  quiet(world);
  for (const Participant* viewer : people) {
    for (const Participant* publisher : people) {
      if (viewer == publisher) continue;
      expect_flowing(world, *viewer, *publisher);
      CHECK(world.find_receiver(*viewer, *publisher, MediaKind::kVideo)->continuity().holes() == 0);
    }
    if (!duplicates) CHECK(viewer->peer->connection().drops().srtp_replayed == 0);
    CHECK(viewer->peer->connection().drops().srtp_failed == 0);
  }
  world.finish();
}

}  // namespace
}  // namespace sluice::net
