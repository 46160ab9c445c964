// Reports and feedback: round-trip times, lip sync, loss, and what bandwidth estimation lives on.
#include <cmath>

#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

/// NTP time (seconds) that the stream's last sender report gives to RTP time `timestamp`.
double to_ntp_seconds(const client::MediaReceiver& receiver, RtpTimestamp timestamp) {
  const auto& report = receiver.statistics().last_sender_report();
  REQUIRE(report.has_value());
  const double rate = receiver.parameters().codecs.front().clock_rate;
  return static_cast<double>(report->ntp) / 4294967296.0 + timestamp.minus(report->timestamp) / rate;
}

TEST_CASE("round-trip times on both sides are what the network takes") {
  const LinkSpec link{.delay = 40ms};
  World world({.seed = 1, .up = link, .down = link});
  Participant& publisher = world.join();
  Participant& viewer = world.join({.video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(6s);
  REQUIRE(publisher.video()->round_trip_time().has_value());
  CHECK(std::abs(publisher.video()->round_trip_time()->count() - 80'000) < 5'000);
  REQUIRE(publisher.audio()->round_trip_time().has_value());
  const auto stats = world.request<StatsReply>(
      GetStats{ObjectKind::kConsumer, world.consumer_id(viewer, publisher, MediaKind::kVideo)});
  REQUIRE(stats.streams.front().round_trip_time.has_value());
  CHECK(std::abs(*stats.streams.front().round_trip_time - 80) < 5);
  world.finish();
}

TEST_CASE("who only sends and who only watches know the round-trip time at both ends") {
  const bool plain = GENERATE(false, true);
  const LinkSpec link{.delay = 40ms};
  World world({.seed = 6, .up = link, .down = link});
  JoinOptions sending;
  if (plain) sending.plain = PlainOptions{};
  Participant& publisher = world.join(sending);
  Participant& viewer = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(6s);
  // The publisher hears no report of ours on media; its own are answered, and ours ask.
  CHECK(publisher.peer->counts().reference_times >= 3);
  REQUIRE(viewer.peer->round_trip_time().known());
  CHECK(std::abs(viewer.peer->round_trip_time().smoothed().count() - 80'000) < 5'000);
  CHECK(viewer.peer->counts().reference_times == 0);
  world.finish();
}

TEST_CASE("viewers are told goodbye when what they watch ends") {
  World world({.seed = 7});
  Participant& publisher = world.join();
  Participant& viewer = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  CHECK(viewer.peer->counts().goodbyes == 0);
  world.close_producer(publisher, MediaKind::kVideo);
  world.run_for(100ms);
  CHECK(viewer.peer->counts().goodbyes == 2);  // the stream and its repairs
  CHECK(viewer.peer->counts().malformed == 0);
  expect_no_errors(world.find_receiver(viewer, publisher, MediaKind::kAudio)->continuity());
  world.finish();
}

TEST_CASE("sender reports keep what was captured together together") {
  const LinkSpec slow{.delay = 120ms, .jitter = 30ms};
  World world({.seed = 2, .up = slow, .down = LinkSpec{.delay = 20ms}});
  Participant& publisher = world.join();
  Participant& viewer = world.join();
  REQUIRE(world.run_until_connected(20s));
  world.run_for(6s);
  const auto* audio = world.find_receiver(viewer, publisher, MediaKind::kAudio);
  const auto* video = world.find_receiver(viewer, publisher, MediaKind::kVideo);
  CHECK(viewer.peer->counts().sender_reports >= 6);
  const double audio_offset =
      to_ntp_seconds(*audio, audio->newest_timestamp()) -
      std::chrono::duration<double>(audio->newest_sent_at().time_since_epoch()).count();
  const double video_offset =
      to_ntp_seconds(*video, video->newest_timestamp()) -
      std::chrono::duration<double>(video->newest_sent_at().time_since_epoch()).count();
  CHECK(std::abs(audio_offset - video_offset) < 0.002);
  world.finish();
}

TEST_CASE("the publisher is told what its link loses, each viewer's loss is known apart") {
  World world({.seed = 3});
  Participant& publisher = world.join({.up = LinkSpec{.loss = 0.1}});
  Participant& lossy = world.join({.audio = false, .video = false, .down = LinkSpec{.loss = 0.2}});
  Participant& clean = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected(20s));
  world.run_for(8s);
  const auto& report = publisher.audio()->last_report();
  REQUIRE(report.has_value());
  CHECK(report->cumulative_lost > 10);
  const auto lost = [&](const Participant& viewer) {
    return world
        .request<StatsReply>(
            GetStats{ObjectKind::kConsumer, world.consumer_id(viewer, publisher, MediaKind::kAudio)})
        .streams.front()
        .packets_lost;
  };
  CHECK(lost(lossy) > lost(clean) + 20);
  world.finish();
}

TEST_CASE("transport-wide feedback tells of every packet, both ways") {
  const bool lossy = GENERATE(false, true);
  const LinkSpec link{.loss = lossy ? 0.05 : 0};
  World world({.seed = 4, .up = link, .down = link});
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected(20s));
  world.run_for(3s);
  quiet(world, 1s);
  for (const Participant* p : {&alice, &bob}) {
    const auto& counts = p->peer->counts();
    const std::uint64_t sent = p->audio()->packets() + p->video()->packets() + p->video()->retransmitted();
    CAPTURE(sent, counts.feedback_received, counts.feedback_missing);
    CHECK(counts.transport_feedback > 20);
    if (lossy) {
      CHECK(counts.feedback_received > sent * 8 / 10);
      CHECK(counts.feedback_missing > 0);
    } else {
      CHECK(counts.feedback_received == sent);
      CHECK(counts.feedback_missing == 0);
    }
  }
  world.finish();
}

TEST_CASE("bitrates in statistics are what is sent") {
  World world({.seed = 5});
  Participant& publisher = world.join({.audio = false});
  Participant& viewer = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(5s);
  const auto producer = world.producer_stats(publisher, MediaKind::kVideo).front();
  CHECK(producer.bitrate > 500'000);
  CHECK(producer.bitrate < 800'000);
  CHECK(producer.packet_count + 4 >= publisher.video()->packets());  // the newest are under way
  CHECK(producer.packet_count <= publisher.video()->packets());
  CHECK(producer.key_frame_count == publisher.video()->key_frames());
  const auto consumer = world.request<StatsReply>(
      GetStats{ObjectKind::kConsumer, world.consumer_id(viewer, publisher, MediaKind::kVideo)});
  CHECK(consumer.streams.front().bitrate > 500'000);
  CHECK(consumer.streams.front().bitrate < 800'000);
  const auto transport = world.transport_stats(viewer);
  CHECK(transport.send_bitrate > 500'000);
  CHECK(transport.rtp_bytes_sent > 250'000);
  CHECK(world.transport_stats(publisher).recv_bitrate > 500'000);
  world.finish();
}

}  // namespace
}  // namespace sluice::net
