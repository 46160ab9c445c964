// From what a producer offers to what one peer receives.
#include <set>

#include "catch.h"
#include "ortc_fixtures.h"

namespace sluice::negotiate {
namespace {

using namespace testing;

/// A peer that knows what the room knows but RTX for audio, in numbers of its own.
RtpCapabilities browser() {
  RtpCapabilities peer = room();
  peer.codecs.pop_back();
  peer.codecs[0].preferred_payload_type = 111;
  peer.codecs[1].preferred_payload_type = 96;
  peer.codecs[2].preferred_payload_type = 97;
  peer.codecs[2].parameters = {{"apt", std::int64_t{96}}};
  for (auto& extension : peer.header_extensions) {
    extension.preferred_id = static_cast<std::uint8_t>(15 - extension.preferred_id);
    extension.direction = ExtensionDirection::kSendRecv;
  }
  return peer;
}

RtpParameters consume(const RtpParameters& offered, const RtpCapabilities& peer,
                      const ConsumerOptions& options = {}) {
  Random random(3);
  const auto consumer = consumer_parameters(offered, peer, random, options);
  REQUIRE(consumer.ok());
  return *consumer;
}

const RtpParameters& video() {
  static const RtpParameters parameters = consumable(MediaKind::kVideo, vp8_producer());
  return parameters;
}

const RtpParameters& audio() {
  static const RtpParameters parameters = consumable(MediaKind::kAudio, opus_producer());
  return parameters;
}

void drop_extension(RtpCapabilities& peer, std::string_view uri) {
  std::erase_if(peer.header_extensions, [&](const auto& extension) { return extension.uri == uri; });
}

constexpr ConsumerOptions kPeerNumbers{
    .pipe = false, .enable_rtx = std::nullopt, .peer_numbers = true, .taken_ssrcs = {}};

TEST_CASE("a peer that knows the codec can consume") {
  CHECK(can_consume(video(), browser()));
  CHECK(can_consume(audio(), browser()));
}

TEST_CASE("a peer without the codec cannot consume, and is told which one it lacks") {
  RtpCapabilities peer = browser();
  peer.codecs.erase(peer.codecs.begin() + 1);
  CHECK_FALSE(can_consume(video(), peer));
  CHECK_FALSE(can_consume(video(), RtpCapabilities{}));
  Random random(3);
  const auto refused = consumer_parameters(video(), peer, random);
  expect_error(refused, ErrorCode::kUnsupported, "rtpCapabilities.codecs");
  CHECK(refused.error().message.find("video/VP8") != std::string::npos);
}

TEST_CASE("a peer with another H264 profile cannot consume") {
  auto producer = vp8_producer();
  producer.codecs = {codec_parameters(
      "video/H264", 96, 90000, 1,
      {{"profile-level-id", std::string("42e01f")}, {"packetization-mode", std::int64_t{1}}})};
  const auto offered = consumable(MediaKind::kVideo, producer, h264_room("42e01f"));
  CHECK(can_consume(offered, h264_room("42e034")));
  CHECK_FALSE(can_consume(offered, h264_room("64001f")));
}

TEST_CASE("a consumer has the room's payload types") {
  const auto consumer = consume(video(), browser());
  REQUIRE(consumer.codecs.size() == 2);
  CHECK(consumer.codecs[0].payload_type == 101);
  CHECK(consumer.codecs[1].payload_type == 102);
  CHECK(integer_parameter(consumer.codecs[1].parameters, "apt") == 101);
  for (const auto& extension : consumer.header_extensions) {
    if (extension.uri == extension_uri::kMid) CHECK(extension.id == 1);
  }
}

TEST_CASE("a JSEP peer gets the numbers that its own description fixed") {
  const auto consumer = consume(video(), browser(), kPeerNumbers);
  REQUIRE(consumer.codecs.size() == 2);
  CHECK(consumer.codecs[0].payload_type == 96);
  CHECK(consumer.codecs[1].payload_type == 97);
  CHECK(integer_parameter(consumer.codecs[1].parameters, "apt") == 96);
  for (const auto& extension : consumer.header_extensions) {
    if (extension.uri == extension_uri::kMid) CHECK(extension.id == 14);
  }
}

TEST_CASE("capabilities without payload types leave the room's") {
  RtpCapabilities peer = browser();
  for (auto& codec : peer.codecs) codec.preferred_payload_type.reset();
  peer.codecs[2].parameters.clear();
  const auto consumer = consume(video(), peer, kPeerNumbers);
  REQUIRE(consumer.codecs.size() == 2);
  CHECK(consumer.codecs[0].payload_type == 101);
  CHECK(consumer.codecs[1].payload_type == 102);
}

TEST_CASE("a video consumer has RTX by default, with an SSRC beside its own") {
  const auto consumer = consume(video(), browser());
  REQUIRE(consumer.encodings.size() == 1);
  REQUIRE(consumer.encodings[0].ssrc);
  CHECK(consumer.encodings[0].rtx_ssrc == *consumer.encodings[0].ssrc + 1);
  CHECK(has_feedback(consumer.codecs[0], {"nack", ""}));
}

TEST_CASE("without RTX there is no generic NACK, and PLI stays") {
  const auto consumer = consume(
      video(), browser(), {.pipe = false, .enable_rtx = false, .peer_numbers = false, .taken_ssrcs = {}});
  CHECK(consumer.codecs.size() == 1);
  CHECK_FALSE(consumer.encodings[0].rtx_ssrc);
  CHECK_FALSE(has_feedback(consumer.codecs[0], {"nack", ""}));
  CHECK(has_feedback(consumer.codecs[0], {"nack", "pli"}));
}

TEST_CASE("an audio consumer has NACK by default, and none when it is asked to do without") {
  const auto consumer = consume(audio(), browser());
  CHECK(consumer.codecs.size() == 1);
  CHECK(has_feedback(consumer.codecs[0], {"nack", ""}));
  CHECK_FALSE(consumer.encodings[0].rtx_ssrc);
  const ConsumerOptions without{.pipe = false, .enable_rtx = false, .peer_numbers = false, .taken_ssrcs = {}};
  CHECK_FALSE(has_feedback(consume(audio(), browser(), without).codecs[0], {"nack", ""}));
}

TEST_CASE("an audio consumer has RTX where the peer takes it") {
  RtpCapabilities peer = browser();
  peer.codecs.push_back(capability("audio/rtx", 48000, 112, {{"apt", std::int64_t{111}}}));
  const auto consumer = consume(audio(), peer, kPeerNumbers);
  REQUIRE(consumer.codecs.size() == 2);
  CHECK(consumer.codecs[1].mime_type == "audio/rtx");
  CHECK(consumer.codecs[1].payload_type == 112);
  CHECK(integer_parameter(consumer.codecs[1].parameters, "apt") == 111);
  CHECK(consumer.encodings[0].rtx_ssrc);
}

TEST_CASE("RED names the consumer's Opus, and is left out for a peer without it") {
  const auto red = media_codec("audio/red", 48000, 2);
  const auto opus = media_codec("audio/opus", 48000, 2);
  auto producer = opus_producer();
  producer.codecs.insert(producer.codecs.begin(),
                         codec_parameters("audio/red", 63, 48000, 2, {{"111/111", std::string()}}));
  const auto in_room = *room_capabilities({opus, red});
  const auto offered = consumable(MediaKind::kAudio, producer, in_room);
  REQUIRE(offered.codecs.size() == 3);
  CHECK(offered.codecs[0].parameters == std::vector<CodecParameter>{{"100/100", std::string()}});

  RtpCapabilities peer = in_room;
  peer.codecs[0].preferred_payload_type = 96;
  peer.codecs[1].preferred_payload_type = 97;
  const auto consumer = consume(offered, peer, kPeerNumbers);
  CHECK(consumer.codecs[0].payload_type == 97);
  CHECK(consumer.codecs[0].parameters == std::vector<CodecParameter>{{"96/96", std::string()}});
  CHECK(consumer.codecs[1].payload_type == 96);
  peer.codecs.erase(peer.codecs.begin() + 1);
  CHECK(consume(offered, peer).codecs[0].mime_type == "audio/opus");
}

TEST_CASE("a peer without RTX is retransmitted to in the stream itself") {
  RtpCapabilities peer = browser();
  peer.codecs.pop_back();
  const auto consumer = consume(video(), peer);
  CHECK(consumer.codecs.size() == 1);
  CHECK_FALSE(consumer.encodings[0].rtx_ssrc);
  CHECK(has_feedback(consumer.codecs[0], {"nack", ""}));
}

TEST_CASE("RTX for another codec of the peer is not RTX for this one") {
  RtpCapabilities peer = browser();
  peer.codecs[2].parameters = {{"apt", std::int64_t{98}}};
  CHECK(consume(video(), peer).codecs.size() == 1);
}

TEST_CASE("feedback is what both give") {
  RtpCapabilities peer = browser();
  peer.codecs[1].rtcp_feedback = {{"nack", "pli"}, {"made-up", ""}};
  CHECK(consume(video(), peer).codecs[0].rtcp_feedback == std::vector<RtcpFeedback>{{"nack", "pli"}});
}

TEST_CASE("transport-cc is preferred when its extension is there") {
  const auto codec = consume(video(), browser()).codecs[0];
  CHECK(has_feedback(codec, {"transport-cc", ""}));
  CHECK_FALSE(has_feedback(codec, {"goog-remb", ""}));
}

TEST_CASE("REMB is used when only abs-send-time is there") {
  RtpCapabilities peer = browser();
  drop_extension(peer, extension_uri::kTransportWideCc);
  const auto codec = consume(video(), peer).codecs[0];
  CHECK_FALSE(has_feedback(codec, {"transport-cc", ""}));
  CHECK(has_feedback(codec, {"goog-remb", ""}));
}

TEST_CASE("REMB is used when the peer gives no transport-cc feedback") {
  RtpCapabilities peer = browser();
  peer.codecs[1].rtcp_feedback = {{"goog-remb", ""}};
  CHECK(has_feedback(consume(video(), peer).codecs[0], {"goog-remb", ""}));
}

TEST_CASE("without either extension there is no estimation feedback") {
  RtpCapabilities peer = browser();
  drop_extension(peer, extension_uri::kTransportWideCc);
  drop_extension(peer, extension_uri::kAbsSendTime);
  const auto codec = consume(video(), peer).codecs[0];
  CHECK_FALSE(has_feedback(codec, {"transport-cc", ""}));
  CHECK_FALSE(has_feedback(codec, {"goog-remb", ""}));
}

TEST_CASE("an extension is used when the peer receives it for this kind") {
  RtpCapabilities peer = browser();
  for (auto& extension : peer.header_extensions) {
    if (extension.uri == extension_uri::kVideoOrientation)
      extension.direction = ExtensionDirection::kSendOnly;
    if (extension.uri == extension_uri::kTimeOffset) extension.direction = ExtensionDirection::kRecvOnly;
    if (extension.uri == extension_uri::kAbsSendTime) extension.direction = ExtensionDirection::kInactive;
  }
  std::erase_if(peer.header_extensions, [](const auto& extension) {
    return extension.uri == extension_uri::kMid && extension.kind == MediaKind::kVideo;
  });
  const auto consumer = consume(video(), peer);
  CHECK(has_extension(consumer.header_extensions, extension_uri::kTimeOffset));
  CHECK_FALSE(has_extension(consumer.header_extensions, extension_uri::kVideoOrientation));
  CHECK_FALSE(has_extension(consumer.header_extensions, extension_uri::kAbsSendTime));
  CHECK_FALSE(has_extension(consumer.header_extensions, extension_uri::kMid));
}

TEST_CASE("simulcast is consumed as one encoding with that many spatial layers") {
  const auto offered = consumable(MediaKind::kVideo, vp8_simulcast_producer());
  const auto consumer = consume(offered, browser());
  REQUIRE(consumer.encodings.size() == 1);
  CHECK(consumer.encodings[0].scalability_mode == "L3T3");
  CHECK(consumer.encodings[0].max_bitrate == 2'000'000u);
}

TEST_CASE("the layers of a single encoding are passed on") {
  auto producer = vp8_producer();
  producer.encodings[0].scalability_mode = "L1T2";
  const auto consumer = consume(consumable(MediaKind::kVideo, producer), browser());
  CHECK(consumer.encodings[0].scalability_mode == "L1T2");
  CHECK_FALSE(consumer.encodings[0].max_bitrate);
}

TEST_CASE("a pipe consumer has every encoding, each with SSRCs of its own") {
  const auto offered = consumable(MediaKind::kVideo, vp8_simulcast_producer());
  const auto consumer =
      consume(offered, browser(),
              {.pipe = true, .enable_rtx = std::nullopt, .peer_numbers = false, .taken_ssrcs = {}});
  REQUIRE(consumer.encodings.size() == 3);
  std::set<std::uint32_t> ssrcs;
  for (const auto& layer : consumer.encodings) {
    ssrcs.insert(*layer.ssrc);
    ssrcs.insert(*layer.rtx_ssrc);
    CHECK(layer.scalability_mode == "L1T3");
  }
  CHECK(ssrcs.size() == 6);
}

TEST_CASE("every consumer has fresh SSRCs, never 0 and never a taken one") {
  Random random(9);
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 200; ++i) {
    const auto consumer = consumer_parameters(video(), browser(), random);
    REQUIRE(consumer.ok());
    CHECK(*consumer->encodings[0].ssrc != 0);
    CHECK(seen.insert(*consumer->encodings[0].ssrc).second);
  }
  Random first(5);
  const std::uint32_t chosen = *consumer_parameters(video(), browser(), first)->encodings[0].ssrc;
  for (const std::uint32_t taken : {chosen, chosen + 1}) {
    Random again(5);
    ConsumerOptions options;
    options.taken_ssrcs = std::span(&taken, 1);
    const auto consumer = consumer_parameters(video(), browser(), again, options);
    REQUIRE(consumer.ok());
    CHECK(*consumer->encodings[0].ssrc != chosen);
  }
}

TEST_CASE("cname and msid reach the consumer, and the mid is the caller's to set") {
  const auto consumer = consume(audio(), browser());
  CHECK(consumer.rtcp.cname == "alice");
  CHECK(consumer.msid == "stream audio");
  CHECK(consumer.mid.empty());
}

TEST_CASE("what a consumer receives is valid by our own rules") {
  for (const auto& offered : {video(), audio(), consumable(MediaKind::kVideo, vp8_simulcast_producer())}) {
    RtpParameters consumer = consume(offered, browser());
    const RtpParameters before = consumer;
    CHECK(validate(consumer).ok());
    CHECK(consumer == before);
  }
}

}  // namespace
}  // namespace sluice::negotiate
