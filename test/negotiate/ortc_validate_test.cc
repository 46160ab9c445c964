// Every rule of validate(), by the field that its error names.
#include <functional>

#include "catch.h"
#include "ortc_fixtures.h"

namespace sluice::negotiate {
namespace {

using namespace testing;

void refuses(const std::string& field, const std::function<void(RtpParameters&)>& spoil) {
  RtpParameters parameters = vp8_producer();
  spoil(parameters);
  INFO(field);
  expect_error(validate(parameters), ErrorCode::kInvalidArgument, "rtpParameters." + field);
}

void refuses_capabilities(const std::string& field, const std::function<void(RtpCapabilities&)>& spoil) {
  RtpCapabilities capabilities = room();
  spoil(capabilities);
  INFO(field);
  expect_error(validate(capabilities), ErrorCode::kInvalidArgument, "rtpCapabilities." + field);
}

TEST_CASE("what a browser sends is valid and stays as it is") {
  for (const auto& sent : {opus_producer(), vp8_producer(), vp8_simulcast_producer()}) {
    RtpParameters parameters = sent;
    CHECK(validate(parameters).ok());
    CHECK(parameters == sent);
  }
}

TEST_CASE("missing encodings become one that takes every packet of the mid") {
  RtpParameters parameters = vp8_producer();
  parameters.encodings.clear();
  REQUIRE(validate(parameters).ok());
  CHECK(parameters.encodings == std::vector<RtpEncodingParameters>(1));
}

TEST_CASE("the path of a field begins with the caller's name for the whole") {
  RtpParameters parameters = vp8_producer();
  parameters.codecs[0].clock_rate = 0;
  expect_error(validate(parameters, "producer"), ErrorCode::kInvalidArgument, "producer.codecs[0].clockRate");
}

TEST_CASE("a malformed mid, cname or msid is refused") {
  refuses("mid", [](auto& p) { p.mid = "a b"; });
  refuses("mid", [](auto& p) { p.mid = std::string(256, 'a'); });
  refuses("rtcp.cname", [](auto& p) { p.rtcp.cname = "a\r\nb"; });
  refuses("rtcp.cname", [](auto& p) { p.rtcp.cname = std::string(256, 'a'); });
  refuses("msid", [](auto& p) { p.msid = "stream\ntrack"; });
  refuses("msid", [](auto& p) { p.msid = std::string(257, 'a'); });
}

TEST_CASE("a malformed codec is refused") {
  refuses("codecs", [](auto& p) { p.codecs.clear(); });
  refuses("codecs", [](auto& p) { p.codecs.resize(129); });
  refuses("codecs[0].mimeType", [](auto& p) { p.codecs[0].mime_type = ""; });
  refuses("codecs[0].mimeType", [](auto& p) { p.codecs[0].mime_type = "video/"; });
  refuses("codecs[0].mimeType", [](auto& p) { p.codecs[0].mime_type = "application/VP8"; });
  refuses("codecs[0].mimeType", [](auto& p) { p.codecs[0].mime_type = "video/V P8"; });
  refuses("codecs[0].mimeType", [](auto& p) { p.codecs[0].mime_type = "video/" + std::string(59, 'x'); });
  refuses("codecs[0].clockRate", [](auto& p) { p.codecs[0].clock_rate = 0; });
  refuses("codecs[0].channels", [](auto& p) {
    p.codecs[0].mime_type = "audio/opus";
    p.codecs[0].channels = 0;
  });
  refuses("codecs[1].payloadType", [](auto& p) { p.codecs[1].payload_type = 128; });
  refuses("codecs[1].payloadType", [](auto& p) { p.codecs[1].payload_type = 96; });
}

TEST_CASE("malformed format parameters are refused") {
  refuses("codecs[0].parameters", [](auto& p) { p.codecs[0].parameters.resize(33); });
  refuses("codecs[0].parameters", [](auto& p) { p.codecs[0].parameters = {{"a=b", std::int64_t{1}}}; });
  refuses("codecs[0].parameters", [](auto& p) {
    p.codecs[0].parameters = {{std::string(65, 'a'), std::int64_t{1}}};
  });
  refuses("codecs[0].parameters.x", [](auto& p) { p.codecs[0].parameters = {{"x", std::string("1;y=2")}}; });
  refuses("codecs[0].parameters.x", [](auto& p) {
    p.codecs[0].parameters = {{"x", std::string("1\r\na=evil")}};
  });
  refuses("codecs[0].parameters.x", [](auto& p) {
    p.codecs[0].parameters = {{"x", std::string(1025, '1')}};
  });
}

TEST_CASE("a parameter without a name, as telephone-event writes its events, is valid") {
  RtpParameters parameters = opus_producer();
  parameters.codecs.push_back(
      codec_parameters("audio/telephone-event", 110, 8000, 1, {{"", std::string("0-16")}}));
  CHECK(validate(parameters).ok());
}

TEST_CASE("RTX must name a codec that is not RTX") {
  refuses("codecs[1].parameters.apt", [](auto& p) { p.codecs[1].parameters.clear(); });
  refuses("codecs[1].parameters.apt", [](auto& p) { p.codecs[1].parameters[0].value = std::int64_t{98}; });
  refuses("codecs[1].parameters.apt", [](auto& p) { p.codecs[1].parameters[0].value = std::int64_t{97}; });
  refuses("codecs[1].parameters.apt", [](auto& p) { p.codecs[1].parameters[0].value = std::int64_t{-1}; });
  refuses("codecs[1].parameters.apt", [](auto& p) { p.codecs[1].parameters[0].value = std::int64_t{128}; });
  refuses("codecs[1].parameters.apt", [](auto& p) { p.codecs[1].parameters[0].value = std::string("96x"); });
}

TEST_CASE("malformed feedback is refused") {
  refuses("codecs[0].rtcpFeedback", [](auto& p) { p.codecs[0].rtcp_feedback.resize(33, {"nack", ""}); });
  refuses("codecs[0].rtcpFeedback[0].type", [](auto& p) { p.codecs[0].rtcp_feedback = {{"", ""}}; });
  refuses("codecs[0].rtcpFeedback[1].type", [](auto& p) {
    p.codecs[0].rtcp_feedback = {{"nack", ""}, {"na ck", ""}};
  });
  refuses("codecs[0].rtcpFeedback[0].parameter", [](auto& p) {
    p.codecs[0].rtcp_feedback = {{"nack", "p\nli"}};
  });
}

TEST_CASE("malformed header extensions are refused") {
  refuses("headerExtensions", [](auto& p) { p.header_extensions.resize(65); });
  refuses("headerExtensions[0].uri", [](auto& p) { p.header_extensions[0].uri = ""; });
  refuses("headerExtensions[0].uri", [](auto& p) { p.header_extensions[0].uri = "urn:a b"; });
  refuses("headerExtensions[0].uri", [](auto& p) { p.header_extensions[0].uri = std::string(257, 'u'); });
  refuses("headerExtensions[0].id", [](auto& p) { p.header_extensions[0].id = 0; });
  refuses("headerExtensions[1].id", [](auto& p) { p.header_extensions.push_back({"urn:other", 4, false}); });
}

TEST_CASE("malformed encodings are refused") {
  refuses("encodings", [](auto& p) { p.encodings.resize(17); });
  refuses("encodings[0].rid", [](auto& p) { p.encodings[0].rid = "a.b"; });
  refuses("encodings[0].rid", [](auto& p) { p.encodings[0].rid = std::string(256, 'a'); });
  refuses("encodings[0].scalabilityMode", [](auto& p) { p.encodings[0].scalability_mode = "L1 T1"; });
  refuses("encodings[0].rtx.ssrc", [](auto& p) { p.encodings[0].rtx_ssrc = p.encodings[0].ssrc; });
  refuses("encodings[0].codecPayloadType", [](auto& p) { p.encodings[0].codec_payload_type = 97; });
  refuses("encodings[0].codecPayloadType", [](auto& p) { p.encodings[0].codec_payload_type = 50; });
  refuses("encodings[1].ssrc", [](auto& p) { p.encodings.push_back(encoding(2223, 9)); });
}

TEST_CASE("several encodings must be told apart by SSRC or rid") {
  refuses("encodings[1]", [](auto& p) { p.encodings.emplace_back(); });
  refuses("encodings[1].rid", [](auto& p) { p.encodings = {encoding("a", "", 1), encoding("a", "", 1)}; });
}

TEST_CASE("capabilities are completed: kind from the MIME type, one channel for video") {
  RtpCapabilities capabilities = room();
  capabilities.codecs[1].kind = MediaKind::kAudio;
  capabilities.codecs[1].channels = 0;
  REQUIRE(validate(capabilities).ok());
  CHECK(capabilities == room());
}

TEST_CASE("empty capabilities are valid") {
  RtpCapabilities capabilities;
  CHECK(validate(capabilities).ok());
}

TEST_CASE("malformed capabilities are refused") {
  refuses_capabilities("codecs", [](auto& c) { c.codecs.resize(129); });
  refuses_capabilities("codecs[0].mimeType", [](auto& c) { c.codecs[0].mime_type = "opus"; });
  refuses_capabilities("codecs[0].clockRate", [](auto& c) { c.codecs[0].clock_rate = 0; });
  refuses_capabilities("codecs[0].channels", [](auto& c) { c.codecs[0].channels = 0; });
  refuses_capabilities("codecs[1].preferredPayloadType",
                       [](auto& c) { c.codecs[1].preferred_payload_type = 200; });
  refuses_capabilities("codecs[2].preferredPayloadType",
                       [](auto& c) { c.codecs[2].preferred_payload_type = 101; });
  refuses_capabilities("codecs[2].parameters.apt",
                       [](auto& c) { c.codecs[2].parameters[0].value = std::string("x"); });
  refuses_capabilities("codecs[1].rtcpFeedback[0].type",
                       [](auto& c) { c.codecs[1].rtcp_feedback[0].type = ""; });
  refuses_capabilities("headerExtensions", [](auto& c) { c.header_extensions.resize(65); });
  refuses_capabilities("headerExtensions[0].uri", [](auto& c) { c.header_extensions[0].uri = ""; });
  refuses_capabilities("headerExtensions[0].preferredId",
                       [](auto& c) { c.header_extensions[0].preferred_id = 0; });
  refuses_capabilities("headerExtensions[2].preferredId",
                       [](auto& c) { c.header_extensions[2].preferred_id = 1; });
}

TEST_CASE("audio and video may use the same payload type in capabilities") {
  RtpCapabilities capabilities = room();
  capabilities.codecs[0].preferred_payload_type = 101;
  CHECK(validate(capabilities).ok());
}

}  // namespace
}  // namespace sluice::negotiate
