// Objects come and go in the middle of a call: who is told, what is left.
#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

std::size_t closed(const World& world, std::string_view id, std::string_view reason) {
  return count_events<ObjectClosed>(world,
                                    [&](const ObjectClosed& e) { return e.id == id && e.reason == reason; });
}

TEST_CASE("a producer that is closed closes its consumers, whose owners are told") {
  World world({.seed = 1});
  Participant& publisher = world.join();
  Participant& a = world.join({.video = false});
  Participant& b = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  const std::string at_a = world.consumer_id(a, publisher, MediaKind::kVideo);
  const std::string at_b = world.consumer_id(b, publisher, MediaKind::kVideo);
  world.close_producer(publisher, MediaKind::kVideo);
  CHECK(closed(world, at_a, "producerclose") == 1);
  CHECK(closed(world, at_b, "producerclose") == 1);
  world.run_for(500ms);
  expect_flowing(world, a, publisher);  // its audio
  // The camera is switched on again.
  world.produce(publisher, MediaKind::kVideo);
  world.run_for(1s);
  expect_flowing(world, a, publisher);
  expect_flowing(world, b, publisher);
  world.finish();
}

TEST_CASE("who leaves takes along all that is theirs, and nothing else") {
  World world({.seed = 2});
  Participant& alice = world.join();
  Participant& bob = world.join();
  Participant& carol = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  const std::string consumer = world.consumer_id(bob, alice, MediaKind::kVideo);
  const std::string producer = alice.producer_id(MediaKind::kVideo);
  world.leave(alice);
  CHECK(closed(world, consumer, "producerclose") == 1);
  for (const auto& [kind, id] :
       std::vector<std::pair<ObjectKind, std::string>>{{ObjectKind::kPeer, "p1"},
                                                       {ObjectKind::kTransport, "t-p1"},
                                                       {ObjectKind::kProducer, producer},
                                                       {ObjectKind::kConsumer, consumer}}) {
    const auto gone = world.engine().execute(Dump{kind, id}, world.now());
    REQUIRE_FALSE(gone.ok());
    CHECK(gone.error().code == ErrorCode::kNotFound);
  }
  world.run_for(1s);
  expect_flowing(world, bob, carol);
  expect_flowing(world, carol, bob);
  CHECK(bob.consumers.size() == 2);
  world.finish();
}

TEST_CASE("a room that is closed in the middle of everything leaves nothing behind") {
  const auto after = GENERATE(0, 15, 35, 55, 400, 1500);
  INFO("after " << after << " ms");
  World world({.seed = 3});
  for (int i = 0; i < 4; ++i) world.join();
  world.run_for(std::chrono::milliseconds(after));
  for (Participant* p : world.present()) world.vanish(*p);
  world.finish();
}

TEST_CASE("an engine may be destroyed with everything alive and packets queued") {
  World world({.seed = 4});
  for (int i = 0; i < 3; ++i) world.join();
  world.run_for(1s);
}

TEST_CASE("who leaves while the handshake is under way leaves nothing behind") {
  for (int ms = 0; ms < 120; ms += 10) {
    World world({.seed = 5});
    Participant& alice = world.join();
    Participant& bob = world.join();
    world.run_for(std::chrono::milliseconds(ms));
    world.leave(alice);
    world.run_for(1s);
    CHECK(bob.peer->connection().ready());
    CHECK(bob.consumers.empty());
    world.finish();
  }
}

TEST_CASE("a publisher that starts after its viewers have come is seen at once") {
  World world({.seed = 6});
  Participant& quiet_one = world.join({.audio = false, .video = false});
  Participant& viewer = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  const Instant started = world.now();
  world.produce(quiet_one, MediaKind::kVideo);
  world.produce(quiet_one, MediaKind::kAudio);
  world.run_for(1s);
  expect_flowing(world, viewer, quiet_one);
  const auto& video = world.find_receiver(viewer, quiet_one, MediaKind::kVideo)->continuity();
  CHECK((video.first_frame_at() - started).count() <= 150'000);
  world.finish();
}

TEST_CASE("anything at any time, on bad networks, breaks no stream and leaks nothing") {
  const auto seed = GENERATE(from_range(seeds(200, 16)));
  INFO("seed " << seed);
  const LinkSpec link{.loss = 0.03, .duplication = 0.02, .delay = 20ms, .jitter = 20ms};
  World world({.seed = seed, .up = link, .down = link, .batch = seed % 2 == 0 ? Duration(0) : Duration(3ms)});
  Random random(seed);
  for (int i = 0; i < 3; ++i) world.join({.video_options = {.bitrate = 200'000}});
  for (int round = 0; round < 60; ++round) {
    const auto people = world.present();
    Participant& p = *people[random.below(static_cast<std::uint32_t>(people.size()))];
    switch (random.below(10)) {
      case 0:
        if (people.size() < 5) world.join({.video_options = {.bitrate = 200'000}});
        break;
      case 1:
        if (people.size() > 2) world.leave(p);
        break;
      case 2:
        if (p.video() != nullptr) world.close_producer(p, MediaKind::kVideo);
        break;
      case 3:
        if (p.video() == nullptr) world.produce(p, MediaKind::kVideo);
        break;
      case 4:
        world.restart_ice(p);
        break;
      case 5:
        world.rebind(p);
        break;
      case 6:
        if (!p.tracks.empty()) world.execute(Pause{ObjectKind::kProducer, p.tracks.front().producer_id});
        break;
      case 7:
        if (!p.tracks.empty()) world.execute(Resume{ObjectKind::kProducer, p.tracks.front().producer_id});
        break;
      case 8:
        if (!p.consumers.empty()) world.execute(Pause{ObjectKind::kConsumer, p.consumers.begin()->first});
        break;
      default:
        if (!p.consumers.empty()) world.execute(Resume{ObjectKind::kConsumer, p.consumers.begin()->first});
        break;
    }
    world.run_for(Duration(random.below(500'000)));
  }
  for (const FinishedTrack& track : world.finished()) expect_no_errors(track.continuity);
  for (const Participant* p : world.present()) {
    for (const auto& receiver : p->peer->receivers()) expect_no_errors(receiver->continuity());
  }
  world.finish();
}

}  // namespace
}  // namespace sluice::net
