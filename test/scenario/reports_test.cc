// Reports and feedback: round-trip times, lip sync, loss, and what bandwidth estimation lives on.
#include <algorithm>
#include <cmath>
#include <numeric>

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

/// Of a type and kind.
const TrackTotals& tracks_of(const WorkerStats& stats, std::string_view type, MediaKind kind) {
  return *std::ranges::find_if(stats.tracks,
                               [&](const TrackTotals& one) { return one.type == type && one.kind == kind; });
}

std::uint64_t values_in(const Histogram& histogram) {
  CHECK(histogram.counts.size() == histogram.bounds.size() + 1);
  return std::accumulate(histogram.counts.begin(), histogram.counts.end(), std::uint64_t{0});
}

TEST_CASE("the worker's statistics are the sum of all, and what is closed stays in it") {
  const LinkSpec lossy{.loss = 0.05, .delay = 20ms};
  World world({.seed = 12, .up = lossy, .down = lossy});
  const auto worker_stats = [&] {
    return *world.request<StatsReply>(GetStats{ObjectKind::kWorker, ""}).worker;
  };
  Participant& ada = world.join();
  Participant& bob = world.join();
  Participant& cleo = world.join({.audio = false, .video = false});
  REQUIRE(world.run_until_connected());
  world.run_for(8s);

  const WorkerStats stats = worker_stats();
  CHECK(stats.rooms == 1);
  CHECK(stats.peers == 3);
  REQUIRE(stats.transports.size() == 1);
  CHECK(stats.transports[0].type == "webrtc");
  CHECK(stats.transports[0].dtls_state == "connected");
  CHECK(stats.transports[0].count == 3);
  const TrackTotals& producers = tracks_of(stats, "inbound-rtp", MediaKind::kVideo);
  const TrackTotals& consumers = tracks_of(stats, "outbound-rtp", MediaKind::kVideo);
  CHECK(producers.tracks == 2);
  CHECK(consumers.tracks == 4);
  CHECK(tracks_of(stats, "outbound-rtp", MediaKind::kAudio).tracks == 4);

  std::uint64_t packets = 0;
  std::uint64_t nacks = 0;
  for (const auto* one : {&ada, &bob}) {
    for (const RtpStreamStats& stream : world.producer_stats(*one, MediaKind::kVideo)) {
      packets += stream.packet_count;
      nacks += stream.nack_count;
    }
  }
  CHECK(producers.packet_count == packets);
  CHECK(producers.nack_count == nacks);
  CHECK(nacks > 0);
  std::uint64_t received = 0;
  std::uint64_t bitrate = 0;
  for (const auto* one : {&ada, &bob, &cleo}) {
    const TransportStats transport = world.transport_stats(*one);
    received += transport.packets_received;
    bitrate += transport.send_bitrate;
  }
  CHECK(stats.packets_received == received);
  CHECK(stats.send_bitrate == bitrate);
  CHECK(consumers.packets_retransmitted > 0);
  CHECK(values_in(stats.round_trip_time) > 10);
  CHECK(values_in(stats.loss_received) > 10);
  CHECK(values_in(stats.loss_sent) > 10);
  CHECK(stats.loss_sent.sum > 0);
  // 40 ms and what the last hop to the engine takes: in the bucket from 32 to 64 ms.
  CHECK(stats.round_trip_time.counts[6] == values_in(stats.round_trip_time));

  world.leave(ada);
  world.leave(bob);
  const WorkerStats later = worker_stats();
  CHECK(later.peers == 1);
  CHECK(tracks_of(later, "outbound-rtp", MediaKind::kVideo).tracks == 0);
  CHECK(tracks_of(later, "inbound-rtp", MediaKind::kVideo).packet_count >= producers.packet_count);
  CHECK(tracks_of(later, "outbound-rtp", MediaKind::kVideo).packet_count >= consumers.packet_count);
  CHECK(later.packets_received >= stats.packets_received);
  CHECK(later.bytes_sent >= stats.bytes_sent);
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
