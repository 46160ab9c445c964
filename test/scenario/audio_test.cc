// Audio: loss repaired without RTX, and RED, for viewers who differ in what they take.
#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

constexpr std::uint16_t kAesCm80 = 1;  // RFC 5764 §4.1.2
constexpr std::uint16_t kGcm128 = 7;   // RFC 7714 §14.2
constexpr std::uint16_t kGcm256 = 8;

const std::vector<std::string> kNoRtx{"audio/rtx"};
const std::vector<std::string> kNeither{"audio/rtx", "audio/red"};

const client::MediaReceiver& audio_of(const World& world, const Participant& viewer,
                                      const Participant& publisher) {
  const auto* receiver = world.find_receiver(viewer, publisher, MediaKind::kAudio);
  REQUIRE(receiver != nullptr);
  return *receiver;
}

/// Of what was sent.
double concealed(const client::MediaReceiver& receiver) {
  const auto& counts = receiver.continuity().counts();
  return static_cast<double>(counts.lost) / static_cast<double>(counts.packets + counts.lost);
}

std::uint64_t repeated(World& world, const Participant& viewer, const Participant& publisher) {
  const auto stats = world.request<StatsReply>(
      GetStats{ObjectKind::kConsumer, world.consumer_id(viewer, publisher, MediaKind::kAudio)});
  return stats.streams.front().packets_retransmitted;
}

TEST_CASE("at 5 % loss audio is whole without RTX, by every cipher") {
  const auto profile = GENERATE(kAesCm80, kGcm128, kGcm256);
  const auto seed = GENERATE(from_range(seeds(1, 2)));
  INFO("profile " << profile << ", seed " << seed);
  World world({.seed = seed, .client_profiles = {profile}});
  Participant& publisher = world.join({.video = false});
  const LinkSpec lossy{.loss = 0.05, .delay = 25ms};
  Participant& viewer =
      world.join({.audio = false, .video = false, .lacks = kNoRtx, .up = lossy, .down = lossy});
  Participant& deaf = world.join(
      {.audio = false, .video = false, .nack = false, .lacks = kNoRtx, .up = lossy, .down = lossy});
  REQUIRE(world.run_until_connected(20s));
  world.run_for(30s);
  const auto& receiver = audio_of(world, viewer, publisher);
  expect_no_errors(receiver.continuity());
  CHECK(!receiver.rtx_ssrc());
  CHECK(receiver.continuity().counts().packets > 1400);
  CHECK(concealed(receiver) < 0.01);
  CHECK(repeated(world, viewer, publisher) > 40);
  CHECK(concealed(audio_of(world, deaf, publisher)) > 0.03);
  // What left twice reached the viewer once: bit for bit the same, or its SRTP would have taken it.
  CHECK(receiver.continuity().counts().duplicates == 0);
  world.finish();
}

TEST_CASE("audio is repaired by default, by offer and answer and by ORTC, with RTX where both have it") {
  const bool jsep = GENERATE(true, false);
  INFO((jsep ? "offer and answer" : "ORTC"));
  World world({.seed = 7});
  Participant& publisher = world.join({.video = false});
  const LinkSpec lossy{.loss = 0.05, .delay = 25ms};
  Participant& viewer = world.join({.audio = jsep, .video = false, .jsep = jsep, .up = lossy, .down = lossy});
  REQUIRE(world.run_until_connected(20s));
  world.run_for(30s);
  const auto& receiver = audio_of(world, viewer, publisher);
  expect_no_errors(receiver.continuity());
  CHECK(concealed(receiver) < 0.01);
  CHECK(repeated(world, viewer, publisher) > 40);
  if (!jsep) CHECK(receiver.rtx_ssrc());
  world.finish();
}

TEST_CASE("RED reaches each viewer in its own numbers, and as plain Opus who has none") {
  const auto seed = GENERATE(from_range(seeds(1, 3)));
  const double loss = GENERATE(0.0, 0.05);
  INFO("seed " << seed << ", loss " << loss);
  World world({.seed = seed});
  Participant& publisher = world.join({.video = false, .red = true});
  const LinkSpec link{.loss = loss, .delay = 25ms};
  const auto join = [&](std::vector<std::string> lacks) -> Participant& {
    return world.join({.audio = false, .video = false, .lacks = std::move(lacks), .up = link, .down = link});
  };
  Participant& with_red = join(kNoRtx);
  Participant& without = join(kNeither);
  Participant& with_both = join({});
  REQUIRE(world.run_until_connected(20s));
  world.run_for(20s);
  quiet(world);
  for (const Participant* viewer : {&with_red, &without, &with_both}) {
    const auto& receiver = audio_of(world, *viewer, publisher);
    INFO("viewer " << viewer->id);
    expect_no_errors(receiver.continuity());
    CHECK(receiver.malformed() == 0);
    CHECK(receiver.continuity().counts().packets > 900);
    CHECK(receiver.red_packets() == (viewer == &without ? 0 : receiver.continuity().counts().packets));
    CHECK(concealed(receiver) <= (loss == 0 ? 0 : 0.01));
    if (loss > 0) CHECK(repeated(world, *viewer, publisher) > 20);
  }
  CHECK(audio_of(world, with_red, publisher).parameters().codecs.at(0).payload_type != 63);
  world.finish();
}

TEST_CASE("RED and plain Opus go on over pauses and a change of address") {
  World world({.seed = 5});
  Participant& publisher = world.join({.video = false, .red = true});
  Participant& with_red = world.join({.audio = false, .video = false, .lacks = kNoRtx});
  Participant& without = world.join({.audio = false, .video = false, .lacks = kNeither});
  REQUIRE(world.run_until_connected());
  for (int round = 0; round < 5; ++round) {
    world.run_for(1s);
    for (const Participant* viewer : {&with_red, &without}) {
      const std::string id = world.consumer_id(*viewer, publisher, MediaKind::kAudio);
      world.execute(Pause{ObjectKind::kConsumer, id});
      world.run_for(300ms);
      world.execute(Resume{ObjectKind::kConsumer, id});
    }
    world.rebind(publisher);
  }
  world.run_for(1s);
  for (const Participant* viewer : {&with_red, &without}) {
    const auto& receiver = audio_of(world, *viewer, publisher);
    expect_no_errors(receiver.continuity());
    CHECK(receiver.malformed() == 0);
    CHECK(receiver.continuity().counts().lost == 0);
  }
  world.finish();
}

}  // namespace
}  // namespace sluice::net
