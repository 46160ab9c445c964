// What the worker supports, and what a room makes of the codecs it was asked for.
#include <set>

#include "catch.h"
#include "ortc_fixtures.h"

namespace sluice::negotiate {
namespace {

using namespace testing;

TEST_CASE("the supported capabilities are valid by our own rules") {
  RtpCapabilities supported = supported_capabilities();
  CHECK(validate(supported).ok());
  CHECK(supported == supported_capabilities());
}

TEST_CASE("the worker supports what browsers and gateways send") {
  std::set<std::string> names;
  for (const auto& codec : supported_capabilities().codecs) names.insert(codec.mime_type);
  CHECK(names == std::set<std::string>{"audio/CN", "audio/G722", "audio/ISAC", "audio/PCMA", "audio/PCMU",
                                       "audio/SILK", "audio/iLBC", "audio/multiopus", "audio/opus",
                                       "audio/red", "audio/telephone-event", "video/AV1", "video/H264",
                                       "video/H264-SVC", "video/H265", "video/VP8", "video/VP9"});
}

TEST_CASE("a room can route each supported codec as it is told") {
  for (const auto& codec : supported_capabilities().codecs) {
    if (is_red(codec.mime_type)) continue;
    INFO(codec.mime_type << " " << codec.clock_rate);
    const auto capabilities = room_capabilities({codec});
    REQUIRE(capabilities.ok());
    CHECK(capabilities->codecs[0].parameters == codec.parameters);
    CHECK(capabilities->codecs[0].rtcp_feedback == codec.rtcp_feedback);
  }
}

TEST_CASE("multiopus is told apart by its streams") {
  auto surround = media_codec("audio/multiopus", 48000, 6);
  expect_error(room_capabilities({surround}), ErrorCode::kUnsupported, "mediaCodecs[0].parameters");
  surround.parameters = {{"num_streams", std::int64_t{4}}, {"coupled_streams", std::int64_t{2}}};
  const auto capabilities = room_capabilities({surround});
  REQUIRE(capabilities.ok());
  CHECK(string_parameter(capabilities->codecs[0].parameters, "channel_mapping") == "0,4,1,2,3,5");
}

TEST_CASE("RED names the room's Opus, and cannot be without it") {
  const auto red = media_codec("audio/red", 48000, 2);
  const auto capabilities = room_capabilities({red, media_codec("audio/opus", 48000, 2)});
  REQUIRE(capabilities.ok());
  CHECK(capabilities->codecs[0].parameters == std::vector<CodecParameter>{{"101/101", std::string()}});
  CHECK(capabilities->codecs[1].preferred_payload_type == 101);
  expect_error(room_capabilities({media_codec("audio/PCMU", 8000), red}), ErrorCode::kUnsupported,
               "mediaCodecs[1]");
}

TEST_CASE("an extension has one id for audio and video, small enough for one-byte headers") {
  std::set<std::pair<std::string, std::uint8_t>> pairs;
  std::set<std::string> uris;
  for (const auto& extension : supported_capabilities().header_extensions) {
    CHECK(extension.preferred_id <= 14);
    pairs.emplace(extension.uri, extension.preferred_id);
    uris.insert(extension.uri);
  }
  CHECK(pairs.size() == uris.size());
  CHECK(uris.size() == 12);
  std::set<std::uint8_t> ids;
  for (const auto& [uri, id] : pairs) ids.insert(id);
  CHECK(ids.size() == 12);
}

TEST_CASE("rids and layer allocations are read from producers and not sent to consumers") {
  for (const auto& extension : supported_capabilities().header_extensions) {
    const bool read_only = extension.uri == extension_uri::kRid || extension.uri == extension_uri::kRrid ||
                           extension.uri == extension_uri::kVideoLayersAllocation;
    CHECK(extension.direction == (read_only ? ExtensionDirection::kRecvOnly : ExtensionDirection::kSendRecv));
  }
}

TEST_CASE("a room of opus and VP8 has payload types from 100, and RTX for both") {
  const RtpCapabilities capabilities = room();
  REQUIRE(capabilities.codecs.size() == 4);
  CHECK(capabilities.codecs[0].mime_type == "audio/opus");
  CHECK(capabilities.codecs[0].preferred_payload_type == 100);
  CHECK(capabilities.codecs[1].mime_type == "video/VP8");
  CHECK(capabilities.codecs[1].preferred_payload_type == 101);
  CHECK(capabilities.codecs[2].mime_type == "video/rtx");
  CHECK(capabilities.codecs[2].kind == MediaKind::kVideo);
  CHECK(capabilities.codecs[2].preferred_payload_type == 102);
  CHECK(capabilities.codecs[2].clock_rate == 90000);
  CHECK(capabilities.codecs[2].parameters == std::vector<CodecParameter>{{"apt", std::int64_t{101}}});
  CHECK(capabilities.codecs[2].rtcp_feedback.empty());
  CHECK(capabilities.codecs[3].mime_type == "audio/rtx");
  CHECK(capabilities.codecs[3].preferred_payload_type == 103);
  CHECK(capabilities.codecs[3].clock_rate == 48000);
  CHECK(capabilities.codecs[3].parameters == std::vector<CodecParameter>{{"apt", std::int64_t{100}}});
  CHECK(capabilities.header_extensions == supported_capabilities().header_extensions);
}

TEST_CASE("a room's capabilities are valid") {
  RtpCapabilities capabilities = room();
  CHECK(validate(capabilities).ok());
}

TEST_CASE("feedback is the worker's, not what was asked for") {
  auto vp8 = media_codec("video/VP8", 90000);
  vp8.rtcp_feedback = {{"made-up", ""}};
  const auto capabilities = room_capabilities({vp8});
  REQUIRE(capabilities.ok());
  const std::vector<RtcpFeedback> video = {
      {"nack", ""}, {"nack", "pli"}, {"ccm", "fir"}, {"goog-remb", ""}, {"transport-cc", ""}};
  CHECK(capabilities->codecs[0].rtcp_feedback == video);
  const std::vector<RtcpFeedback> audio = {{"nack", ""}, {"transport-cc", ""}};
  CHECK(room().codecs[0].rtcp_feedback == audio);
}

TEST_CASE("format parameters that were asked for are the room's") {
  auto opus = media_codec("audio/opus", 48000, 2);
  opus.parameters = {{"useinbandfec", std::int64_t{1}}};
  CHECK(room_capabilities({opus})->codecs[0].parameters == opus.parameters);
}

TEST_CASE("a room without codecs routes data only") {
  const auto capabilities = room_capabilities({});
  REQUIRE(capabilities.ok());
  CHECK(capabilities->codecs.empty());
}

TEST_CASE("the kind follows the MIME type, written as the worker writes it") {
  auto vp8 = media_codec("VIDEO/vp8", 90000, 0);
  vp8.kind = MediaKind::kAudio;
  const auto capabilities = room_capabilities({vp8});
  REQUIRE(capabilities.ok());
  CHECK(capabilities->codecs[0].kind == MediaKind::kVideo);
  CHECK(capabilities->codecs[0].mime_type == "video/VP8");
}

TEST_CASE("PCMU and PCMA keep their static payload types") {
  const auto capabilities =
      room_capabilities({media_codec("audio/PCMA", 8000), media_codec("audio/PCMU", 8000)});
  REQUIRE(capabilities.ok());
  CHECK(capabilities->codecs[0].preferred_payload_type == 8);
  CHECK(capabilities->codecs[1].preferred_payload_type == 0);
}

TEST_CASE("payload types asked for are kept, whatever comes before them") {
  auto vp8 = media_codec("video/VP8", 90000);
  vp8.preferred_payload_type = 100;
  const auto capabilities = room_capabilities({media_codec("audio/opus", 48000, 2), vp8});
  REQUIRE(capabilities.ok());
  CHECK(capabilities->codecs[0].preferred_payload_type == 101);
  CHECK(capabilities->codecs[1].preferred_payload_type == 100);
  CHECK(capabilities->codecs[2].preferred_payload_type == 102);
  CHECK(capabilities->codecs[2].parameters[0].value ==
        std::variant<std::int64_t, std::string>(std::int64_t{100}));
}

TEST_CASE("PCMU moves to a dynamic payload type when another codec was given 0") {
  auto opus = media_codec("audio/opus", 48000, 2);
  opus.preferred_payload_type = 0;
  const auto capabilities = room_capabilities({media_codec("audio/PCMU", 8000), opus});
  REQUIRE(capabilities.ok());
  CHECK(capabilities->codecs[0].preferred_payload_type == 100);
  CHECK(capabilities->codecs[1].preferred_payload_type == 0);
}

TEST_CASE("dynamic payload types never look like RTCP, and run out with an error") {
  std::vector<RtpCodecCapability> codecs(30, media_codec("video/VP8", 90000));
  const auto capabilities = room_capabilities(codecs);
  REQUIRE(capabilities.ok());
  std::set<int> seen;
  for (const auto& codec : capabilities->codecs) {
    const int payload_type = *codec.preferred_payload_type;
    CHECK(seen.insert(payload_type).second);
    CHECK_FALSE((payload_type >= 64 && payload_type <= 95));
  }
  codecs.push_back(media_codec("video/VP8", 90000));
  expect_error(room_capabilities(codecs), ErrorCode::kLimitExceeded, "mediaCodecs[30]");
}

TEST_CASE("a room refuses what it cannot route, and names the field") {
  const auto opus = media_codec("audio/opus", 48000, 2);
  const auto refused = [&](RtpCodecCapability second) {
    return room_capabilities({opus, std::move(second)});
  };
  expect_error(refused(media_codec("video/theora", 90000)), ErrorCode::kUnsupported,
               "mediaCodecs[1].mimeType");
  expect_error(refused(media_codec("video/rtx", 90000)), ErrorCode::kUnsupported, "mediaCodecs[1].mimeType");
  expect_error(refused(media_codec("video/VP8", 48000)), ErrorCode::kUnsupported, "mediaCodecs[1].clockRate");
  expect_error(refused(media_codec("audio/opus", 48000, 1)), ErrorCode::kUnsupported,
               "mediaCodecs[1].channels");
}

TEST_CASE("a room refuses malformed codecs, and names the field") {
  const auto opus = media_codec("audio/opus", 48000, 2);
  const auto with_payload_type = [&](int payload_type) {
    auto codec = media_codec("video/VP8", 90000);
    codec.preferred_payload_type = static_cast<std::uint8_t>(payload_type);
    auto first = opus;
    first.preferred_payload_type = 110;
    return room_capabilities({first, codec});
  };
  CHECK(with_payload_type(96).ok());
  expect_error(with_payload_type(128), ErrorCode::kInvalidArgument, "mediaCodecs[1].preferredPayloadType");
  expect_error(with_payload_type(110), ErrorCode::kInvalidArgument, "mediaCodecs[1].preferredPayloadType");
  expect_error(with_payload_type(64), ErrorCode::kInvalidArgument, "mediaCodecs[1].preferredPayloadType");
  expect_error(with_payload_type(95), ErrorCode::kInvalidArgument, "mediaCodecs[1].preferredPayloadType");
  expect_error(room_capabilities({media_codec("VP8", 90000)}), ErrorCode::kInvalidArgument,
               "mediaCodecs[0].mimeType");
  expect_error(room_capabilities({media_codec("video/VP8", 0)}), ErrorCode::kInvalidArgument,
               "mediaCodecs[0].clockRate");
  expect_error(room_capabilities({media_codec("audio/opus", 48000, 0)}), ErrorCode::kInvalidArgument,
               "mediaCodecs[0].channels");
  expect_error(room_capabilities(std::vector(129, opus)), ErrorCode::kInvalidArgument, "mediaCodecs");
}

}  // namespace
}  // namespace sluice::negotiate
