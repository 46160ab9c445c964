// Simulcast and SVC through a whole server and bad networks, every viewer held to the reference decoder
// (client/decoder_model.h), and sound to the picture.
#include <type_traits>

#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

constexpr bool kCanPrefer = std::is_constructible_v<Command, SetPreferredLayers>;

/// Templates, so that this compiles where commands have no layers yet.
template <typename AnyCommand = Command>
void prefer(World& world, const Participant& viewer, const Participant& publisher, ConsumerLayers layers) {
  const std::string consumer = world.consumer_id(viewer, publisher, MediaKind::kVideo);
  if constexpr (std::is_constructible_v<AnyCommand, SetPreferredLayers>)
    world.execute(AnyCommand(SetPreferredLayers{consumer, layers}));
}

std::vector<client::LayeredSource::Options> simulcast(std::size_t encodings) {
  std::vector<client::LayeredSource::Options> out(encodings);
  for (std::size_t i = 0; i < encodings; ++i) {
    out[i].encoding = static_cast<std::uint8_t>(i);
    out[i].width = static_cast<std::uint16_t>(320U << i);
    out[i].height = static_cast<std::uint16_t>(180U << i);
    out[i].bitrate = i == 0 ? 150'000 : i == 1 ? 400'000 : 900'000;
  }
  return out;
}

std::vector<client::LayeredSource::Options> svc(client::LayeredCodec codec, client::Scalability scalability) {
  std::vector<client::LayeredSource::Options> out(1);
  out[0].codec = codec;
  out[0].scalability = scalability;
  out[0].bitrate = 900'000;
  return out;
}

/// Whether rooms route the codec.
bool routes(World& world, const std::string& mime_type) {
  RtpCodecCapability codec;
  codec.kind = MediaKind::kVideo;
  codec.mime_type = mime_type;
  codec.clock_rate = 90'000;
  const auto reply = world.engine().execute(CreateRoom{"probe", {codec}}, world.now());
  if (reply.ok()) world.execute(Close{ObjectKind::kRoom, "probe"});
  return reply.ok();
}

TEST_CASE("one encoding with temporal layers comes whole over a lossy network") {
  const auto seed = GENERATE(from_range(seeds(1, 4)));
  INFO("seed " << seed);
  const LinkSpec link{
      .loss = 0.02 * static_cast<double>(seed), .duplication = 0.02, .delay = 20ms, .jitter = 40ms};
  World world({.seed = seed, .up = link, .down = link});
  Participant& publisher = world.join({.layered = simulcast(1)});
  Participant& viewer = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected(20s));
  world.run_for(8s);
  quiet(world);
  client::DecoderModel* model = model_of(world, viewer, publisher);
  REQUIRE(model != nullptr);
  CHECK(model->counts().pictures > 100);
  expect_clean(*model);
  world.finish();
}

TEST_CASE("each viewer of a simulcast gets the layers that it asks for, one after the other") {
  if (!kCanPrefer) return;
  World world({.seed = 2});
  Participant& publisher = world.join({.audio = false, .layered = simulcast(3)});
  const client::DecoderModel::Options strict{.strict = true};
  Participant& viewer = world.join({.audio = false, .video = false, .judge = strict});
  Participant& steady = world.join({.audio = false, .video = false, .judge = strict});
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  prefer(world, steady, publisher, {1, 1});
  world.run_for(1s);
  client::DecoderModel* model = model_of(world, viewer, publisher);
  REQUIRE(model != nullptr);
  model->reset_freeze();
  for (int round = 0; round < 12; ++round) {
    const auto spatial = static_cast<std::uint8_t>(2 - round % 3);
    prefer(world, viewer, publisher, {spatial, static_cast<std::uint8_t>(round % 2 + 1)});
    world.run_for(1s);
    REQUIRE(model->current());
    CHECK(int{model->current()->encoding} == int{spatial});
    CHECK(model->current()->width == 320U << spatial);
  }
  CHECK(model->longest_gap() <= 300ms);
  CHECK(model_of(world, steady, publisher)->current()->encoding == 1);
  quiet(world);
  expect_clean(*model);
  expect_clean(*model_of(world, steady, publisher));
  world.finish();
}

TEST_CASE("a layer that stops is replaced within a second, over a network") {
  if (!kCanPrefer) return;
  const LinkSpec link{.loss = 0.01, .delay = 25ms, .jitter = 5ms};
  World world({.seed = 3, .up = link, .down = link});
  Participant& publisher = world.join({.audio = false, .layered = simulcast(3)});
  Participant& viewer = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected());
  prefer(world, viewer, publisher, {2, 2});
  world.run_for(4s);
  client::DecoderModel* model = model_of(world, viewer, publisher);
  REQUIRE(model != nullptr);
  for (const std::size_t stopped : {2U, 1U}) {
    REQUIRE(model->current()->encoding == stopped);
    model->reset_freeze();
    world.set_active(publisher, stopped, false);
    world.run_for(2s);
    CHECK(model->current()->encoding == stopped - 1);
    CHECK(model->longest_gap() <= 1s);
  }
  quiet(world);
  expect_clean(*model);
  world.finish();
}

/// Pauses from both sides, layers asked for, encoders that stop and start anew.
void disturb(World& world, Participant& publisher, Participant& viewer, Random& random) {
  const auto encodings = static_cast<std::uint32_t>(publisher.options.layered.size());
  const std::string consumer = world.consumer_id(viewer, publisher, MediaKind::kVideo);
  const std::string& producer = publisher.producer_id(MediaKind::kVideo);
  const bool by_viewer = random.chance(0.5);
  const ObjectKind kind = by_viewer ? ObjectKind::kConsumer : ObjectKind::kProducer;
  switch (random.below(8)) {
    case 0:
      world.execute(Pause{kind, by_viewer ? consumer : producer});
      world.run_for(Duration(random.below(900'000)));
      return (void)world.execute(Resume{kind, by_viewer ? consumer : producer});
    case 1:
      return world.restart_video(publisher);
    case 2:
      if (encodings > 1) world.set_active(publisher, 1 + random.below(encodings - 1), random.chance(0.4));
      return;
    case 3:  // a new track, under new SSRCs
      if (random.chance(0.5)) return;
      world.close_producer(publisher, MediaKind::kVideo);
      return world.produce(publisher, MediaKind::kVideo);
    default:
      prefer(world, viewer, publisher,
             {static_cast<std::uint8_t>(random.below(3)), static_cast<std::uint8_t>(random.below(3))});
  }
}

void live(std::vector<client::LayeredSource::Options> layered, std::uint64_t seed) {
  Random random(seed);
  const auto link = [&] {
    return LinkSpec{.loss = random.chance(0.25) ? 0 : random.unit() * 0.3,
                    .duplication = random.chance(0.5) ? 0.02 : 0,
                    .delay = Duration(random.below(60'000)),
                    .jitter = Duration(random.below(90'000))};
  };
  World world({.seed = seed, .up = link(), .down = link()});
  Participant& publisher = world.join({.layered = std::move(layered)});
  const client::DecoderModel::Options judge{.tolerance =
                                                700ms};  // reports are lost, first packets come as repairs
  Participant& viewer = world.join({.audio = false, .video = false, .judge = judge});
  Participant& other = world.join({.audio = false, .video = false, .judge = judge});
  REQUIRE(world.run_until_connected(60s));
  for (int round = 0; round < 20; ++round) {
    disturb(world, publisher, random.chance(0.5) ? viewer : other, random);
    world.run_for(Duration(random.below(700'000)));
  }
  world.run_for(2s);
  quiet(world);
  for (const Participant* one : {&viewer, &other}) {
    INFO("viewer " << one->id);
    if (client::DecoderModel* model = model_of(world, *one, publisher)) expect_clean(*model);
  }
  for (const FinishedTrack& track : world.finished()) {
    INFO("a finished track of " << track.viewer);
    if (track.model) expect_clean(*track.model);
  }
  world.finish();
}

TEST_CASE("a simulcast on bad networks, paused, starved and restarted: what comes decodes, numbers fit") {
  if (!kCanPrefer) return;
  const auto seed = GENERATE(from_range(seeds(100, 8)));
  INFO("seed " << seed);
  live(simulcast(3), seed);
}

TEST_CASE("SVC on bad networks, paused and restarted: what comes decodes, numbers fit") {
  if (!kCanPrefer) return;
  const auto seed = GENERATE(from_range(seeds(200, 6)));
  const bool vp9 = seed % 2 == 0;
  INFO("seed " << seed << (vp9 ? ", VP9" : ", AV1"));
  World probe({.seed = 1});
  if (!routes(probe, vp9 ? "video/VP9" : "video/AV1")) return;
  const client::Scalability mode{static_cast<std::uint8_t>(vp9 || seed % 4 == 1 ? 3 : 1), 3, seed % 3 == 0};
  live(svc(vp9 ? client::LayeredCodec::kVp9 : client::LayeredCodec::kAv1, mode), seed);
}

/// How far sound and picture of `publisher` are apart at `viewer`, as its sender reports tell.
std::optional<Duration> lip_sync_error(const World& world, const Participant& viewer,
                                       const Participant& publisher) {
  const auto* sound = world.find_receiver(viewer, publisher, MediaKind::kAudio);
  const auto* picture = world.find_receiver(viewer, publisher, MediaKind::kVideo);
  const auto a = sound->capture_offset(world.wall_clock());
  const auto b = picture->capture_offset(world.wall_clock());
  if (!a || !b) return std::nullopt;
  return std::chrono::abs(*a - *b);
}

TEST_CASE("sound and picture stay together within 40 ms over a minute of drift and layer switches") {
  const LinkSpec link{.loss = 0.01, .delay = 30ms, .jitter = 30ms};
  World world({.seed = 5, .up = link, .down = link});
  auto layered = simulcast(kCanPrefer ? 3 : 1);
  for (auto& one : layered) one.drift_ppm = -150;
  Participant& publisher = world.join({.layered = layered, .audio_drift_ppm = 200, .clock_drift_ppm = 300});
  // Drift moves timestamps apart from nothing: they are judged by the media clock.
  Participant& viewer = world.join({.audio = false, .video = false, .judge = {.tolerance = 40ms}});
  REQUIRE(world.run_until_connected(20s));
  world.run_for(4s);  // the first reports have come
  Random random(5);
  Duration worst{};
  for (int second = 0; second < 60; ++second) {
    prefer(world, viewer, publisher,
           {static_cast<std::uint8_t>(random.below(3)), static_cast<std::uint8_t>(random.below(3))});
    for (int i = 0; i < 4; ++i) {
      world.run_for(250ms);
      const auto error = lip_sync_error(world, viewer, publisher);
      REQUIRE(error.has_value());
      worst = std::max(worst, *error);
    }
  }
  CAPTURE(worst.count());
  CHECK(worst < 40ms);
  CHECK(worst > 0ms);  // drift was there
  quiet(world);
  client::DecoderModel* model = model_of(world, viewer, publisher);
  if (kCanPrefer) CHECK(model->counts().switches > 20);
  expect_clean(*model);
  world.finish();
}

}  // namespace
}  // namespace sluice::net
