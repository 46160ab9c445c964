// Plain transports in a conference: who sends RTP without ICE and DTLS is seen by everyone, and sees
// everyone.
#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

TEST_CASE("a plain publisher and WebRTC participants see each other") {
  World world({.seed = 1});
  Participant& plain = world.join({.plain = PlainOptions{}});
  Participant& ortc = world.join();
  Participant& jsep = world.join({.jsep = true});
  REQUIRE(world.run_until_connected());
  world.run_for(3s);
  expect_flowing(world, ortc, plain);
  expect_flowing(world, plain, ortc);
  expect_flowing(world, jsep, plain);
  expect_flowing(world, plain, jsep);
  quiet(world);
  expect_complete(world, ortc, plain, MediaKind::kVideo);
  expect_complete(world, plain, ortc, MediaKind::kVideo);
  CHECK(plain.peer->counts().receiver_reports > 2);
  CHECK(plain.peer->counts().sender_reports > 2);
  const TransportStats stats = world.transport_stats(plain);
  CHECK(stats.tuple->remote_address == plain.address.ip());
  CHECK(stats.dropped.empty());
  world.finish();
}

TEST_CASE("SRTP with keys from signaling carries media both ways, with each suite") {
  const auto suite = GENERATE(from_range(srtp::kSuites));
  const bool comedia = GENERATE(false, true);
  INFO(to_string(suite) << (comedia ? ", comedia" : ""));
  World world({.seed = 2});
  Participant& plain = world.join({.plain = PlainOptions{.comedia = comedia, .suite = suite}});
  Participant& viewer = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  quiet(world);
  for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo}) {
    expect_complete(world, viewer, plain, kind);
    expect_complete(world, plain, viewer, kind);
  }
  CHECK(plain.peer->connection().drops().total() == 0);
  CHECK(world.transport_stats(plain).dropped.empty());
  world.finish();
}

TEST_CASE("what a plain publisher's link loses is asked of it, with RTX or without") {
  const bool bare = GENERATE(false, true);
  const auto seed = GENERATE(from_range(seeds(3, 3)));
  INFO("seed " << seed << (bare ? ", bare" : ""));
  World world({.seed = seed});
  Participant& publisher = world.join({.plain = PlainOptions{.bare = bare}, .up = LinkSpec{.loss = 0.1}});
  Participant& viewer = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(5s);
  quiet(world);
  expect_complete(world, viewer, publisher, MediaKind::kVideo, 10);
  CHECK(publisher.video()->nacked() > 10);
  CHECK(publisher.video()->retransmitted() > 10);
  CHECK(publisher.video()->key_frame_requests() > 0);
  world.finish();
}

TEST_CASE("what a plain viewer's link loses is sent to it again, in the clear and with SRTP") {
  const auto suite = GENERATE(std::optional<srtp::Suite>(), std::optional(srtp::Suite::kAeadAes128Gcm),
                              std::optional(srtp::Suite::kAesCm128HmacSha1_80));
  const auto seed = GENERATE(from_range(seeds(6, 3)));
  INFO("seed " << seed << ", " << (suite ? to_string(*suite) : "in the clear"));
  World world({.seed = seed});
  Participant& publisher = world.join();
  Participant& viewer = world.join({.video = false,
                                    .plain = PlainOptions{.comedia = false, .suite = suite},
                                    .down = LinkSpec{.loss = 0.1}});
  REQUIRE(world.run_until_connected());
  world.run_for(5s);
  quiet(world);
  expect_complete(world, viewer, publisher, MediaKind::kVideo, 10);
  CHECK(world.find_receiver(viewer, publisher, MediaKind::kVideo)->continuity().counts().repaired > 10);
  CHECK(publisher.video()->nacked() == 0);
  world.finish();
}

TEST_CASE("two plain participants need no WebRTC between them") {
  World world({.seed = 9});
  Participant& alice = world.join({.plain = PlainOptions{}});
  Participant& bob = world.join({.family = IpFamily::kIPv6, .plain = PlainOptions{.comedia = false}});
  world.run_for(2s);
  quiet(world);
  expect_complete(world, alice, bob, MediaKind::kVideo);
  expect_complete(world, bob, alice, MediaKind::kVideo);
  world.finish();
}

TEST_CASE("whoever speaks second is not heard, whatever it says") {
  World world({.seed = 10});
  Random random(10);
  Participant& plain = world.join({.plain = PlainOptions{}});
  Participant& viewer = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  const auto stranger = *SocketAddress::parse("198.51.100.7", 666);
  const SocketId socket = 2;  // after the two that every WebRTC transport has
  std::uint64_t sent = 0;
  for (int i = 0; i < 500; ++i) {
    std::vector<std::uint8_t> bytes(random.below(10) == 0 ? random.below(13) : random.below(1400));
    random.fill(bytes);
    if (!bytes.empty()) bytes[0] = static_cast<std::uint8_t>(0x80 | (bytes[0] & 0x3F));
    sent += bytes.empty() ? 0 : 1;
    CHECK(world.inject(stranger, bytes, socket) == 0);
    if (i % 50 == 0) world.run_for(20ms);
  }
  CHECK(world.transport_stats(plain).dropped.at("unknown-source") == sent);
  world.run_for(1s);
  quiet(world);
  expect_complete(world, viewer, plain, MediaKind::kVideo);
  world.finish();
}

}  // namespace
}  // namespace sluice::net
