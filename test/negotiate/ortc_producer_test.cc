// From a producer's parameters to the room's.
#include "catch.h"
#include "ortc_fixtures.h"

namespace sluice::negotiate {
namespace {

using namespace testing;

Result<RtpMapping> map(MediaKind kind, const RtpParameters& producer,
                       const RtpCapabilities& in_room = room()) {
  Random random(1);
  return producer_mapping(kind, producer, in_room, random);
}

TEST_CASE("a producer's payload types are mapped to the room's, RTX by its apt") {
  const auto mapping = map(MediaKind::kVideo, vp8_producer());
  REQUIRE(mapping.ok());
  CHECK(mapping->codecs == std::vector<RtpMapping::Codec>{{96, 101}, {97, 102}});
  CHECK(mapping->mapped_payload_type(97) == 102);
  CHECK_FALSE(mapping->mapped_payload_type(98));
}

TEST_CASE("RTX may stand before its original") {
  auto producer = vp8_producer();
  std::swap(producer.codecs[0], producer.codecs[1]);
  const auto mapping = map(MediaKind::kVideo, producer);
  REQUIRE(mapping.ok());
  CHECK(mapping->mapped_payload_type(96) == 101);
  CHECK(mapping->mapped_payload_type(97) == 102);
}

TEST_CASE("every encoding keeps what identifies it and gets an SSRC of its own") {
  auto producer = vp8_simulcast_producer();
  producer.encodings[0].ssrc = 5;
  const auto mapping = map(MediaKind::kVideo, producer);
  REQUIRE(mapping.ok());
  REQUIRE(mapping->encodings.size() == 3);
  CHECK(mapping->encodings[0].ssrc == 5u);
  CHECK(mapping->encodings[2].rid == "f");
  CHECK(mapping->encodings[2].scalability_mode == "L1T3");
  CHECK(mapping->encodings[0].mapped_ssrc != 0);
  CHECK(mapping->encodings[1].mapped_ssrc == mapping->encodings[0].mapped_ssrc + 1);
  CHECK(mapping->encodings[2].mapped_ssrc == mapping->encodings[0].mapped_ssrc + 2);
}

TEST_CASE("the same seed maps the same way") {
  CHECK(*map(MediaKind::kVideo, vp8_producer()) == *map(MediaKind::kVideo, vp8_producer()));
}

TEST_CASE("a codec that the room does not route is refused") {
  auto producer = vp8_producer();
  producer.codecs.push_back(codec_parameters("video/VP9", 98, 90000));
  expect_error(map(MediaKind::kVideo, producer), ErrorCode::kUnsupported, "rtpParameters.codecs[2]");
  producer = opus_producer();
  producer.codecs[0].channels = 1;
  expect_error(map(MediaKind::kAudio, producer), ErrorCode::kUnsupported, "rtpParameters.codecs[0]");
}

TEST_CASE("a codec of the other kind is refused") {
  expect_error(map(MediaKind::kAudio, vp8_producer()), ErrorCode::kInvalidArgument,
               "rtpParameters.codecs[0].mimeType");
}

TEST_CASE("RTX alone is refused") {
  auto producer = vp8_producer();
  producer.codecs.erase(producer.codecs.begin());
  expect_error(map(MediaKind::kVideo, producer), ErrorCode::kInvalidArgument, "rtpParameters.codecs");
}

TEST_CASE("RTX of a codec that is not there is refused") {
  auto producer = vp8_producer();
  producer.codecs[1].parameters[0].value = std::int64_t{50};
  expect_error(map(MediaKind::kVideo, producer), ErrorCode::kInvalidArgument,
               "rtpParameters.codecs[1].parameters.apt");
}

TEST_CASE("RTX is refused in a room that has none for the codec") {
  auto producer = opus_producer();
  producer.codecs = {codec_parameters("audio/PCMU", 0, 8000),
                     codec_parameters("audio/rtx", 112, 8000, 1, {{"apt", std::int64_t{0}}})};
  const auto in_room = *room_capabilities({media_codec("audio/PCMU", 8000)});
  expect_error(map(MediaKind::kAudio, producer, in_room), ErrorCode::kUnsupported, "rtpParameters.codecs[1]");
}

TEST_CASE("H264 of another profile or packetization mode is refused") {
  RtpParameters producer = vp8_producer();
  producer.codecs = {codec_parameters(
      "video/H264", 96, 90000, 1,
      {{"profile-level-id", std::string("42e01f")}, {"packetization-mode", std::int64_t{1}}})};
  CHECK(map(MediaKind::kVideo, producer, h264_room("42e034")).ok());
  expect_error(map(MediaKind::kVideo, producer, h264_room("640c1f")), ErrorCode::kUnsupported,
               "rtpParameters.codecs[0]");
  expect_error(map(MediaKind::kVideo, producer, h264_room("42e01f", 0)), ErrorCode::kUnsupported,
               "rtpParameters.codecs[0]");
}

TEST_CASE("consumable codecs have the room's numbers and feedback, and the producer's format parameters") {
  const auto audio = consumable(MediaKind::kAudio, opus_producer());
  REQUIRE(audio.codecs.size() == 2);
  CHECK(audio.codecs[0].mime_type == "audio/opus");
  CHECK(audio.codecs[0].payload_type == 100);
  CHECK(audio.codecs[1].mime_type == "audio/rtx");
  CHECK(audio.codecs[0].channels == 2);
  CHECK(audio.codecs[0].parameters == opus_producer().codecs[0].parameters);
  CHECK(audio.codecs[0].rtcp_feedback == room().codecs[0].rtcp_feedback);
}

TEST_CASE("video is consumable with RTX even when the producer sends none") {
  auto producer = vp8_producer();
  producer.codecs.pop_back();
  const auto video = consumable(MediaKind::kVideo, producer);
  REQUIRE(video.codecs.size() == 2);
  CHECK(video.codecs[0].mime_type == "video/VP8");
  CHECK(video.codecs[1].mime_type == "video/rtx");
  CHECK(video.codecs[1].payload_type == 102);
  CHECK(integer_parameter(video.codecs[1].parameters, "apt") == 101);
}

TEST_CASE("two codecs of a producer that are one of the room are consumable once") {
  auto producer = vp8_producer();
  producer.codecs.push_back(codec_parameters("video/VP8", 120, 90000));
  CHECK(consumable(MediaKind::kVideo, producer).codecs.size() == 2);
}

TEST_CASE("consumable extensions are those of the room that it sends, whatever the producer has") {
  const auto video = consumable(MediaKind::kVideo, vp8_producer());
  CHECK(has_extension(video.header_extensions, extension_uri::kMid));
  CHECK(has_extension(video.header_extensions, extension_uri::kTransportWideCc));
  CHECK(has_extension(video.header_extensions, extension_uri::kVideoOrientation));
  CHECK_FALSE(has_extension(video.header_extensions, extension_uri::kRid));
  CHECK_FALSE(has_extension(video.header_extensions, extension_uri::kRrid));
  CHECK_FALSE(has_extension(video.header_extensions, extension_uri::kSsrcAudioLevel));
  CHECK(video.header_extensions[0].id == 1);
}

TEST_CASE("consumable encodings have the mapped SSRC in place of the producer's names") {
  Random random(1);
  auto producer = vp8_simulcast_producer();
  producer.encodings[1].rtx_ssrc = 77;
  producer.encodings[1].codec_payload_type = 96;
  const auto mapping = producer_mapping(MediaKind::kVideo, producer, room(), random);
  REQUIRE(mapping.ok());
  const auto video = consumable_parameters(MediaKind::kVideo, producer, room(), *mapping);
  REQUIRE(video.encodings.size() == 3);
  CHECK(video.encodings[1].ssrc == mapping->encodings[1].mapped_ssrc);
  CHECK_FALSE(video.encodings[1].rtx_ssrc);
  CHECK_FALSE(video.encodings[1].codec_payload_type);
  CHECK(video.encodings[1].rid.empty());
  CHECK(video.encodings[1].scalability_mode == "L1T3");
  CHECK(video.encodings[1].max_bitrate == 500'000u);
}

TEST_CASE("cname and msid are passed on, the mid is not") {
  const auto audio = consumable(MediaKind::kAudio, opus_producer());
  CHECK(audio.rtcp.cname == "alice");
  CHECK(audio.rtcp.reduced_size);
  CHECK(audio.msid == "stream audio");
  CHECK(audio.mid.empty());
}

TEST_CASE("a producer's type is what a consumer can choose from") {
  const auto type = [](std::string mime_type, std::string mode) {
    auto producer = vp8_producer();
    producer.codecs[0].mime_type = std::move(mime_type);
    producer.encodings[0].scalability_mode = std::move(mode);
    return std::string(producer_type(MediaKind::kVideo, producer));
  };
  CHECK(type("video/VP8", "") == "simple");
  CHECK(type("video/VP8", "L1T1") == "simple");
  CHECK(type("video/vp8", "L1T3") == "simulcast");
  CHECK(type("video/H264", "L1T2") == "simulcast");
  CHECK(type("video/VP9", "L1T1") == "simple");
  CHECK(type("video/vp9", "L3T3_KEY") == "svc");
  CHECK(type("video/AV1", "L1T3") == "svc");
  CHECK(producer_type(MediaKind::kVideo, vp8_simulcast_producer()) == "simulcast");
  CHECK(producer_type(MediaKind::kAudio, opus_producer()) == "simple");
}

TEST_CASE("consumable H264 has the level that producer and room agree on") {
  auto producer = vp8_producer();
  producer.codecs = {codec_parameters(
      "video/H264", 96, 90000, 1,
      {{"profile-level-id", std::string("42e034")}, {"packetization-mode", std::int64_t{1}}})};
  const auto video = consumable(MediaKind::kVideo, producer, h264_room("42e01f"));
  CHECK(string_parameter(video.codecs[0].parameters, "profile-level-id") == "42e01f");
}

}  // namespace
}  // namespace sluice::negotiate
