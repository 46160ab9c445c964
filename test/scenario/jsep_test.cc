// The same conferences by offer and answer, as a page with one RTCPeerConnection has them.
#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

void expect_all(const World& world) {
  for (const Participant* viewer : world.present()) {
    for (const Participant* publisher : world.present()) {
      if (viewer != publisher) expect_flowing(world, *viewer, *publisher);
    }
  }
}

TEST_CASE("people who offer what they send are offered what the others send") {
  World world({.seed = 1});
  for (int i = 0; i < 3; ++i) world.join({.jsep = true});
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  expect_all(world);
  quiet(world);
  for (const Participant* viewer : world.present()) {
    CHECK(viewer->consumers.size() == 4);
    CHECK(viewer->peer->counts().unknown_ssrc == 0);
    for (const Participant* publisher : world.present()) {
      if (viewer != publisher) expect_complete(world, *viewer, *publisher, MediaKind::kVideo);
    }
  }
  world.finish();
}

TEST_CASE("one room joins people by offer and answer with people by ORTC") {
  const LinkSpec link{.loss = 0.03, .jitter = 15ms};
  World world({.seed = 2, .up = link, .down = link});
  for (int i = 0; i < 4; ++i)
    world.join({.family = i == 2 ? IpFamily::kIPv6 : IpFamily::kIPv4, .jsep = i % 2 == 0});
  REQUIRE(world.run_until_connected(20s));
  world.run_for(3s);
  expect_all(world);
  world.finish();
}

TEST_CASE("one who only watches is offered everything") {
  World world({.seed = 3});
  Participant& publisher = world.join({.jsep = true});
  Participant& viewer = world.join({.audio = false, .video = false, .jsep = true});
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  expect_flowing(world, viewer, publisher);
  world.finish();
}

TEST_CASE("cameras go off and on, people come and go, and descriptions do not grow for ever") {
  World world({.seed = 4});
  Participant& stays = world.join({.jsep = true});
  REQUIRE(world.run_until_connected());
  std::size_t most = 0;
  for (int round = 0; round < 6; ++round) {
    Participant& guest = world.join({.jsep = true});
    REQUIRE(world.run_until_connected());
    world.run_for(600ms);
    expect_all(world);
    world.close_producer(guest, MediaKind::kVideo);
    world.run_for(200ms);
    CHECK(stays.consumers.size() == 1);
    world.produce(guest, MediaKind::kVideo);
    world.run_for(600ms);
    expect_all(world);
    world.leave(guest);
    world.run_for(200ms);
    CHECK(stays.consumers.empty());
    if (round == 0) most = stays.jsep->section_count();
    CHECK(stays.jsep->section_count() == most);
  }
  world.finish();
}

TEST_CASE("an ICE restart by either side keeps media flowing") {
  World world({.seed = 5});
  Participant& alice = world.join({.jsep = true});
  Participant& bob = world.join({.jsep = true});
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  for (auto* viewer : {&alice, &bob}) {
    for (auto& receiver : viewer->peer->receivers()) receiver->continuity().reset_freeze();
  }
  world.restart_ice(alice);
  world.run_for(1s);
  const auto by_server = world.request<IceParametersReply>(RestartIce{"", alice.id});
  world.run_for(1s);
  CHECK(world.transport_stats(alice).ice_state != "disconnected");
  CHECK(alice.peer->connection().ice().state() == IceState::kConnected);
  expect_all(world);
  CHECK(world.find_receiver(alice, bob, MediaKind::kVideo)->continuity().freezes() == 0);
  CHECK(world.find_receiver(bob, alice, MediaKind::kVideo)->continuity().freezes() == 0);
  CHECK(by_server.ice_parameters.ice_lite);
  world.finish();
}

TEST_CASE("crowds by offer and answer come and go on bad networks, and nothing leaks") {
  const auto seed = GENERATE(from_range(seeds(300, 8)));
  INFO("seed " << seed);
  const LinkSpec link{.loss = 0.03, .duplication = 0.02, .delay = 20ms, .jitter = 20ms};
  World world({.seed = seed, .up = link, .down = link});
  Random random(seed);
  for (int round = 0; round < 30; ++round) {
    const auto people = world.present();
    const std::uint32_t what = random.below(8);
    Participant* any =
        people.empty() ? nullptr : people[random.below(static_cast<std::uint32_t>(people.size()))];
    if (people.size() < 2 || (what < 3 && people.size() < 6)) {
      world.join(
          {.video = random.chance(0.8), .video_options = {.bitrate = 200'000}, .jsep = random.chance(0.8)});
    } else if (what < 5) {
      world.leave(*any);
    } else if (what == 5) {
      world.restart_ice(*any);
    } else if (any->video() != nullptr) {
      world.close_producer(*any, MediaKind::kVideo);
    } else {
      world.produce(*any, MediaKind::kVideo);
    }
    world.run_for(Duration(random.below(800'000)));
  }
  REQUIRE(world.run_until_connected(20s));
  world.run_for(3s);
  expect_all(world);
  for (const FinishedTrack& track : world.finished()) expect_no_errors(track.continuity);
  world.finish();
}

}  // namespace
}  // namespace sluice::net
