// People join, talk and leave: what everyone must get of everyone else, on good and on bad networks.
#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

const LinkSpec kBadLink{.loss = 0.05, .duplication = 0.02, .delay = 15ms, .jitter = 25ms};

void expect_everyone_complete(const World& world, std::uint32_t video_tail) {
  for (const Participant* viewer : world.present()) {
    for (const Participant* publisher : world.present()) {
      if (viewer == publisher) continue;
      for (const auto& track : publisher->tracks) {
        const MediaKind kind = track.sender->kind();
        if (kind == MediaKind::kVideo) {
          expect_complete(world, *viewer, *publisher, kind, video_tail);
        } else if (video_tail == 0) {
          expect_complete(world, *viewer, *publisher, kind, 0);
        } else {
          expect_flowing(world, *viewer, *publisher);  // audio is not repaired
        }
      }
    }
  }
}

TEST_CASE("two people see and hear each other, every packet once and in order") {
  World world({.seed = 1});
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(3s);
  quiet(world);
  expect_everyone_complete(world, 0);
  for (const Participant* p : {&alice, &bob}) {
    CHECK(p->peer->connection().drops().total() == 0);
    CHECK(p->peer->counts().unknown_ssrc == 0);
    CHECK(p->peer->counts().malformed == 0);
  }
  CHECK(world.transport_stats(alice).dropped.empty());
  const auto& video = world.find_receiver(bob, alice, MediaKind::kVideo)->continuity();
  CHECK(video.freezes() == 0);
  CHECK(video.counts().repaired == 0);
  CHECK(video.counts().frames == alice.video()->frames());
  world.finish();
}

TEST_CASE("on a bad network every video packet arrives once and in order, repaired both ways") {
  const auto seed = GENERATE(from_range(seeds(10, 8)));
  INFO("seed " << seed);
  World world({.seed = seed, .up = kBadLink, .down = kBadLink});
  for (int i = 0; i < 3; ++i) world.join();
  REQUIRE(world.run_until_connected(20s));
  world.run_for(4s);
  std::uint64_t repaired = 0;
  quiet(world);
  expect_everyone_complete(world, 20);
  for (const auto& p : world.participants()) {
    for (const auto& receiver : p->peer->receivers()) repaired += receiver->continuity().counts().repaired;
  }
  CHECK(repaired > 0);
  world.finish();
}

TEST_CASE("datagrams read in batches of 20 ms lose nothing") {
  const auto seed = GENERATE(from_range(seeds(20, 2)));
  INFO("seed " << seed);
  World world({.seed = seed, .up = kBadLink, .down = kBadLink, .batch = 20ms});
  for (int i = 0; i < 3; ++i) world.join();
  REQUIRE(world.run_until_connected(20s));
  world.run_for(3s);
  quiet(world);
  expect_everyone_complete(world, 20);
  world.finish();
}

TEST_CASE("a stream whose numbers wrap soon goes on") {
  World world({.seed = 5, .up = kBadLink, .down = kBadLink});
  Participant& alice = world.join();
  alice.video()->set_next_number({65'400});
  alice.audio()->set_next_number({65'500});
  world.join();
  REQUIRE(world.run_until_connected(20s));
  world.run_for(5s);
  quiet(world);
  expect_everyone_complete(world, 20);
  world.finish();
}

TEST_CASE("people come and go at random, each with a link of its own, and nothing leaks") {
  const auto seed = GENERATE(from_range(seeds(100, 12)));
  INFO("seed " << seed);
  World world({.seed = seed});
  Random random(seed);
  const auto random_link = [&] {
    LinkSpec link;
    link.loss = random.unit() * 0.08;
    link.duplication = random.unit() * 0.03;
    link.delay = Duration(random.below(80'000));
    link.jitter = Duration(random.below(40'000));
    return link;
  };
  std::size_t joined = 0;
  for (int round = 0; round < 24; ++round) {
    const auto present = world.present();
    if (present.size() < 2 || (present.size() < 6 && random.chance(0.55))) {
      JoinOptions options;
      options.room = random.chance(0.8) ? "big" : "small";
      options.family = random.chance(0.3) ? IpFamily::kIPv6 : IpFamily::kIPv4;
      options.dtls_role = random.chance(0.2) ? dtls::Role::kServer : dtls::Role::kClient;
      options.video = random.chance(0.7);
      options.video_options.bitrate = 200'000;
      options.up = random_link();
      options.down = random_link();
      world.join(options);
      ++joined;
    } else {
      world.leave(*present[random.below(static_cast<std::uint32_t>(present.size()))]);
    }
    world.run_for(Duration(random.below(1'500'000)));
  }
  REQUIRE(world.run_until_connected(20s));
  world.run_for(3s);  // who came last has had its key frame
  quiet(world, 4s);
  for (const Participant* viewer : world.present()) {
    for (const Participant* publisher : world.present()) {
      if (viewer == publisher || viewer->options.room != publisher->options.room) continue;
      for (const auto& track : publisher->tracks) {
        if (track.sender->kind() != MediaKind::kVideo) continue;
        const auto* receiver = world.find_receiver(*viewer, *publisher, MediaKind::kVideo);
        REQUIRE(receiver != nullptr);
        INFO("viewer " << viewer->id << ", publisher " << publisher->id);
        expect_no_errors(receiver->continuity());
        CHECK(receiver->continuity().holes() == 0);
        CHECK(receiver->continuity().counts().lost <= receiver->given_up());
      }
    }
  }
  for (const FinishedTrack& track : world.finished()) {
    INFO("finished, viewer " << track.viewer);
    expect_no_errors(track.continuity);
    if (track.kind == MediaKind::kVideo) CHECK(track.continuity.counts().lost <= track.given_up);
  }
  CHECK(joined >= 8);
  world.finish();
}

TEST_CASE("fifty people in one room: some speak, some show themselves, all get everything") {
  const LinkSpec link{.loss = 0.01, .duplication = 0.01, .delay = 20ms, .jitter = 10ms};
  World world({.seed = 50, .up = link, .down = link, .batch = 5ms});
  for (int i = 0; i < 50; ++i) {
    JoinOptions options;
    options.audio = i < 6;
    options.video = i < 3;
    options.video_options = {.bitrate = 120'000, .frame_rate = 10};
    world.join(options);
    world.run_for(10ms);
  }
  REQUIRE(world.run_until_connected(20s));
  world.run_for(2s);
  quiet(world, 2s);
  for (const Participant* viewer : world.present()) {
    for (const Participant* publisher : world.present()) {
      if (viewer == publisher || publisher->tracks.empty()) continue;
      expect_flowing(world, *viewer, *publisher);
      if (publisher->video() != nullptr) expect_complete(world, *viewer, *publisher, MediaKind::kVideo, 10);
    }
  }
  // Half of them leave at once.
  for (int i = 0; i < 25; ++i) world.leave(*world.present().front());
  world.run_for(500ms);
  CHECK(world.present().size() == 25);
  for (const Participant* p : world.present()) CHECK(p->consumers.empty());
  world.finish();
}

TEST_CASE("in a long call every counter wraps unnoticed") {
  const LinkSpec link{.loss = 0.01, .delay = 15ms, .jitter = 5ms};
  World world({.seed = 60, .up = link, .down = link, .batch = 2ms});
  Participant& publisher = world.join({.video_options = {.bitrate = 4'000'000}});
  Participant& viewer = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(180s);
  quiet(world);
  expect_complete(world, viewer, publisher, MediaKind::kVideo, 10);
  CHECK(publisher.video()->packets() > 70'000);
  CHECK(viewer.peer->connection().drops().total() == 0);
  CHECK(world.find_receiver(viewer, publisher, MediaKind::kVideo)->continuity().freezes() == 0);
  world.finish();
}

TEST_CASE("one may watch oneself") {
  World world({.seed = 61});
  Participant& alice = world.join();
  REQUIRE(world.run_until_connected());
  world.consume(alice, alice.producer_id(MediaKind::kVideo));
  world.consume(alice, alice.producer_id(MediaKind::kAudio));
  world.run_for(2s);
  expect_flowing(world, alice, alice);
  quiet(world);
  expect_complete(world, alice, alice, MediaKind::kVideo);
  expect_complete(world, alice, alice, MediaKind::kAudio);
  world.close_producer(alice, MediaKind::kVideo);
  CHECK(alice.consumers.size() == 1);
  world.finish();
}

}  // namespace
}  // namespace sluice::net
