// Tracks between two peer connections over a network that loses, delays and reorders.
#include "peer/peers_rig.h"

using namespace sluice;
using sluice::test::Peers;
using sluice::test::vp8_frame;

namespace {

/// Sends `count` frames at 30 a second, every 30th a key frame and whenever one is asked for.
void send_video(Peers& peers, RtpSender sender, int count, std::size_t size, std::string_view rid = {}) {
  std::size_t asked = peers.a.key_frame_requests.size();
  for (int i = 0; i < count; ++i) {
    const bool key = i % 30 == 0 || peers.a.key_frame_requests.size() > asked;
    asked = peers.a.key_frame_requests.size();
    const auto bytes = vp8_frame(key, key ? size * 3 : size, static_cast<std::uint8_t>(i));
    FrameMetadata metadata;
    metadata.rtp_timestamp = static_cast<std::uint32_t>(i * 3000);
    metadata.key_frame = key;
    sender.send_frame({bytes, metadata}, peers.now(), rid);
    peers.run_for(33ms);
  }
}

}  // namespace

TEST_CASE("frames of PCMU and VP8 arrive whole and in order") {
  Peers peers({});
  const auto audio =
      peers.a.pc->add_track(MediaKind::kAudio, {.id = "", .stream_ids = {"s"}, .codecs = {"audio/PCMU"}});
  const auto video =
      peers.a.pc->add_track(MediaKind::kVideo, {.id = "", .stream_ids = {"s"}, .codecs = {"video/VP8"}});
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  CHECK(peers.b.tracks.size() == 2);
  CHECK(peers.b.tracks[0].receiver().stream_ids() == std::vector<std::string>{"s"});
  CHECK(audio->parameters()->codecs[0].mime_type == "audio/PCMU");
  CHECK(audio->parameters()->codecs[0].payload_type == 0);
  for (int i = 0; i < 10; ++i) {
    const std::vector<std::uint8_t> samples(160, static_cast<std::uint8_t>(i));
    FrameMetadata metadata;
    metadata.rtp_timestamp = static_cast<std::uint32_t>(i * 160);
    CHECK(RtpSender(*audio).send_frame({samples, metadata}, peers.now()));
    peers.run_for(20ms);
  }
  send_video(peers, *video, 10, 3000);
  peers.run_for(500ms);
  std::size_t sounds = 0;
  std::size_t pictures = 0;
  for (const auto& f : peers.b.frames) {
    if (f.transceiver.kind() == MediaKind::kAudio) {
      CHECK((f.frame.data == std::vector<std::uint8_t>(160, static_cast<std::uint8_t>(sounds++))));
    } else {
      CHECK((f.frame.data ==
             vp8_frame(pictures == 0, pictures == 0 ? 9000 : 3000, static_cast<std::uint8_t>(pictures))));
      CHECK(f.frame.metadata.key_frame == (pictures == 0));
      ++pictures;
    }
  }
  CHECK(sounds == 10);
  CHECK(pictures == 10);
}

TEST_CASE("no media before SRTP: what is sent earlier is refused, and nothing of it leaves") {
  Peers peers({});
  auto audio =
      peers.a.pc->add_track(MediaKind::kAudio, {.id = "", .stream_ids = {}, .codecs = {"audio/PCMU"}});
  const std::vector<std::uint8_t> samples(160, 1);
  CHECK(!audio->send_frame({samples, {}}, peers.now()));
  peers.negotiate();
  while (peers.a.pc->connection_state() != PeerConnectionState::kConnected) {
    CHECK(!audio->send_frame({samples, {}}, peers.now()));
    peers.run_for(1ms);
  }
  CHECK(audio->send_frame({samples, {}}, peers.now()));
}

TEST_CASE("losses are repaired by RTX, and what is not leads to a key frame") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  INFO("seed " << seed);
  Peers::Options options;
  options.seed = seed;
  options.up = options.down = {.loss = 0.05, .duplication = 0.02, .delay = 20ms, .jitter = 10ms};
  Peers peers(options);
  const auto video =
      peers.a.pc->add_track(MediaKind::kVideo, {.id = "", .stream_ids = {}, .codecs = {"video/VP8"}});
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  send_video(peers, *video, 300, 4000);
  peers.run_for(2s);
  CHECK(peers.b.frames.size() > 280);
  const auto stats = peers.b.pc->get_stats(peers.now()).all<InboundRtpStats>();
  REQUIRE(stats.size() == 1);
  CHECK(stats[0].nack_count > 0);
  CHECK(stats[0].retransmitted_packets_received > 20);
  const auto sent = peers.a.pc->get_stats(peers.now());
  REQUIRE(sent.all<OutboundRtpStats>().size() == 1);
  CHECK(sent.all<OutboundRtpStats>()[0].retransmitted_packets_sent > 20);
  CHECK(sent.all<OutboundRtpStats>()[0].frames_sent == 300);
  REQUIRE(sent.all<RemoteInboundRtpStats>().size() == 1);
  CHECK(sent.all<RemoteInboundRtpStats>()[0].round_trip_time);
  CHECK(peers.b.pc->get_stats(peers.now()).all<RemoteOutboundRtpStats>().size() == 1);
}

TEST_CASE("a key frame that is asked for is asked of the sender") {
  Peers peers({});
  const auto video = peers.a.pc->add_track(MediaKind::kVideo);
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  send_video(peers, *video, 5, 1000);
  peers.b.tracks[0].receiver().request_key_frame(peers.now());
  peers.run_for(100ms);
  REQUIRE(peers.a.key_frame_requests.size() == 1);
  CHECK(peers.a.key_frame_requests[0].transceiver.sender() == *video);
}

TEST_CASE("payloads that are cut already go as they are, and packets come out when asked for") {
  Peers peers({});
  auto audio =
      peers.a.pc->add_track(MediaKind::kAudio, {.id = "", .stream_ids = {}, .codecs = {"audio/PCMU"}});
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  peers.b.tracks[0].receiver().deliver_packets(true);
  const std::vector<std::uint8_t> payload(80, 7);
  CHECK(audio->send_rtp({160, true, payload}, peers.now()));
  peers.run_for(200ms);
  REQUIRE(peers.b.packets.size() == 1);
  const auto& packet = peers.b.packets[0].packet;
  REQUIRE(packet.size() > 80);
  CHECK(std::equal(payload.begin(), payload.end(), packet.end() - 80));
}

TEST_CASE("both directions at once, and a track that is added and taken away under way") {
  Peers peers({});
  const auto from_a = peers.a.pc->add_track(MediaKind::kVideo);
  const auto from_b = peers.b.pc->add_track(MediaKind::kVideo);
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  CHECK(peers.a.tracks.size() == 1);
  send_video(peers, *from_a, 5, 500);
  CHECK(peers.b.frames.size() == 5);
  const auto second =
      peers.b.pc->add_track(MediaKind::kAudio, {.id = "", .stream_ids = {}, .codecs = {"audio/PCMU"}});
  peers.negotiate(peers.b, peers.a);
  REQUIRE(peers.a.tracks.size() == 2);
  const std::vector<std::uint8_t> samples(160, 9);
  CHECK(RtpSender(*second).send_frame({samples, {}}, peers.now()));
  peers.run_for(300ms);
  CHECK(peers.a.frames.size() == 1);
  REQUIRE(peers.b.pc->remove_track(*second).ok());
  peers.negotiate(peers.b, peers.a);
  CHECK(peers.a.count("trackremoved") == 1);
  CHECK(!RtpSender(*second).send_frame({samples, {}}, peers.now()));
}
