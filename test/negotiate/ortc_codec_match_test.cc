// Which codec descriptions mean the same codec, and the profile that H264 settles on.
#include "catch.h"
#include "negotiate/h264_profile.h"
#include "negotiate/scalability_mode.h"
#include "ortc_fixtures.h"

namespace sluice::negotiate {
namespace {

using namespace testing;

constexpr MatchOptions kStrict{.strict = true};

RtpCodecParameters h264(std::vector<CodecParameter> parameters) {
  return codec_parameters("video/H264", 100, 90000, 1, std::move(parameters));
}

RtpCodecParameters with(std::string mime_type, std::string name, std::int64_t value) {
  return codec_parameters(std::move(mime_type), 100, 90000, 1, {{std::move(name), value}});
}

TEST_CASE("MIME types are compared without case") {
  CHECK(codecs_match(codec_parameters("video/VP8", 96, 90000), media_codec("VIDEO/vp8", 90000)));
  CHECK_FALSE(codecs_match(codec_parameters("video/VP8", 96, 90000), media_codec("video/VP9", 90000)));
}

TEST_CASE("codecs of different clock rates do not match") {
  CHECK_FALSE(
      codecs_match(media_codec("audio/telephone-event", 8000), media_codec("audio/telephone-event", 48000)));
}

TEST_CASE("audio matches by channels, video does not look at them") {
  CHECK_FALSE(codecs_match(media_codec("audio/opus", 48000, 2), media_codec("audio/opus", 48000, 1)));
  CHECK(codecs_match(media_codec("video/VP8", 90000, 0), media_codec("video/VP8", 90000, 1)));
}

TEST_CASE("payload types and format parameters without a rule do not matter") {
  CHECK(codecs_match(codec_parameters("audio/opus", 111, 48000, 2, {{"stereo", std::int64_t{1}}}),
                     codec_parameters("audio/opus", 100, 48000, 2), kStrict));
}

TEST_CASE("H264 matches strictly by packetization-mode, which is 0 when absent") {
  const auto mode_0 = h264({{"profile-level-id", std::string("42e01f")}});
  const auto mode_1 =
      h264({{"profile-level-id", std::string("42e01f")}, {"packetization-mode", std::int64_t{1}}});
  CHECK_FALSE(codecs_match(mode_0, mode_1, kStrict));
  CHECK(codecs_match(mode_0, mode_1));
  CHECK(codecs_match(mode_0, h264({{"packetization-mode", std::string("0")}}), kStrict));
}

TEST_CASE("H264 matches strictly by profile, at any level") {
  const auto baseline = h264({{"profile-level-id", std::string("42e01f")}});
  CHECK(codecs_match(baseline, h264({{"profile-level-id", std::string("42e034")}}), kStrict));
  CHECK_FALSE(codecs_match(baseline, h264({{"profile-level-id", std::string("640c1f")}}), kStrict));
  CHECK(codecs_match(baseline, h264({{"profile-level-id", std::string("640c1f")}})));
}

TEST_CASE("an H264 profile-level-id that was read as a number is understood") {
  CHECK(codecs_match(h264({{"profile-level-id", std::int64_t{640028}}}),
                     h264({{"profile-level-id", std::string("64001f")}}), kStrict));
}

TEST_CASE("H264 with a malformed profile-level-id matches nothing strictly") {
  const auto bad = h264({{"profile-level-id", std::string("bogus!")}});
  CHECK_FALSE(codecs_match(bad, bad, kStrict));
}

TEST_CASE("VP9, AV1 and H265 match strictly by profile, with the default when absent") {
  CHECK(codecs_match(with("video/VP9", "profile-id", 0), with("video/VP9", "x", 1), kStrict));
  CHECK_FALSE(codecs_match(with("video/VP9", "profile-id", 2), with("video/VP9", "x", 1), kStrict));
  CHECK(codecs_match(with("video/VP9", "profile-id", 2), with("video/VP9", "x", 1)));
  CHECK_FALSE(codecs_match(with("video/AV1", "profile", 1), with("video/AV1", "x", 1), kStrict));
  CHECK(codecs_match(with("video/H265", "profile-id", 1), with("video/H265", "x", 1), kStrict));
  CHECK_FALSE(codecs_match(with("video/H265", "tier-flag", 1), with("video/H265", "x", 1), kStrict));
}

TEST_CASE("multiopus with other streams is another codec even when not strict") {
  const auto six = codec_parameters("audio/multiopus", 100, 48000, 6,
                                    {{"num_streams", std::int64_t{4}}, {"coupled_streams", std::int64_t{2}}});
  const auto odd = codec_parameters("audio/multiopus", 100, 48000, 6,
                                    {{"num_streams", std::int64_t{5}}, {"coupled_streams", std::int64_t{1}}});
  CHECK(codecs_match(six, six));
  CHECK_FALSE(codecs_match(six, odd));
}

TEST_CASE("RTX is found by the payload type that its apt names") {
  const RtpCapabilities capabilities = room();
  const RtpCodecCapability* rtx = find_rtx(capabilities.codecs, 101);
  REQUIRE(rtx != nullptr);
  CHECK(rtx->preferred_payload_type == 102);
  CHECK(find_rtx(capabilities.codecs, 99) == nullptr);
  CHECK(find_rtx(vp8_producer().codecs, 96) != nullptr);
  CHECK(is_rtx("VIDEO/RTX"));
  CHECK_FALSE(is_rtx("video/rtx2"));
  CHECK_FALSE(is_rtx("rtx"));
}

TEST_CASE("parameters are found without case, and digits count as numbers") {
  std::vector<CodecParameter> parameters = {
      {"Stereo", std::string("1")}, {"apt", std::int64_t{96}}, {"x", std::string("1a")}};
  CHECK(integer_parameter(parameters, "stereo") == 1);
  CHECK(string_parameter(parameters, "apt") == "96");
  CHECK_FALSE(integer_parameter(parameters, "x"));
  CHECK_FALSE(integer_parameter(parameters, "absent"));
  CHECK(integer_parameter_or(parameters, "absent", 5) == 5);
  set_parameter(parameters, "APT", std::int64_t{97});
  set_parameter(parameters, "new", std::string("v"));
  CHECK(integer_parameter(parameters, "apt") == 97);
  CHECK(parameters.size() == 4);
}

TEST_CASE("every profile of RFC 6184 table 5 is recognised") {
  const std::vector<std::pair<std::string, H264Profile>> rows = {
      {"42e01f", H264Profile::kConstrainedBaseline},
      {"42401f", H264Profile::kConstrainedBaseline},
      {"4d801f", H264Profile::kConstrainedBaseline},
      {"58c01f", H264Profile::kConstrainedBaseline},
      {"42001f", H264Profile::kBaseline},
      {"58801f", H264Profile::kBaseline},
      {"4d001f", H264Profile::kMain},
      {"4D401F", H264Profile::kMain},
      {"64001f", H264Profile::kHigh},
      {"640c1f", H264Profile::kConstrainedHigh},
      {"f4001f", H264Profile::kPredictiveHigh444}};
  for (const auto& [text, profile] : rows) {
    INFO(text);
    const auto parsed = parse_profile_level_id(text);
    REQUIRE(parsed);
    CHECK(parsed->profile == profile);
    CHECK(parsed->level.idc == 31);
  }
}

TEST_CASE("what is not a profile-level-id is refused") {
  for (const auto* text :
       {"", "42e01", "42e01f0", "42e0zz", "-2e01f", "0x4200", "42e0ff", "42e000", "ffff1f"}) {
    INFO(text);
    CHECK_FALSE(parse_profile_level_id(text));
  }
}

TEST_CASE("a profile-level-id is written as it is read") {
  for (const auto* text :
       {"42e01f", "42000a", "4d0028", "640c33", "640034", "f4001f", "42f00b", "42100b", "4d100b"}) {
    INFO(text);
    const auto parsed = parse_profile_level_id(text);
    REQUIRE(parsed);
    CHECK(to_profile_level_id(*parsed) == text);
  }
}

TEST_CASE("level 1b stands between level 1 and level 1.1") {
  const auto level = [](const char* text) { return parse_profile_level_id(text)->level; };
  CHECK(level("42f00b").is_1b);
  CHECK(level("42f00b").compare(level("42e00a")) == 1);
  CHECK(level("42f00b").compare(level("42e00b")) == -1);
  CHECK(level("42e00b").compare(level("42e00b")) == 0);
}

TEST_CASE("H264 is answered at the lower level unless both allow asymmetry") {
  const CodecParameter low{"profile-level-id", std::string("42e01f")};
  const CodecParameter high{"profile-level-id", std::string("42e034")};
  const CodecParameter asymmetric{"level-asymmetry-allowed", std::int64_t{1}};
  using Parameters = std::vector<CodecParameter>;
  CHECK(answer_profile_level_id(Parameters{high}, Parameters{low}) == "42e01f");
  CHECK(answer_profile_level_id(Parameters{low}, Parameters{high}) == "42e01f");
  CHECK(answer_profile_level_id(Parameters{high, asymmetric}, Parameters{low}) == "42e01f");
  CHECK(answer_profile_level_id(Parameters{high, asymmetric}, Parameters{low, asymmetric}) == "42e034");
  CHECK(answer_profile_level_id(Parameters{}, Parameters{high}) == "42e01f");
  CHECK_FALSE(answer_profile_level_id(Parameters{}, Parameters{}));
  CHECK_FALSE(
      answer_profile_level_id(Parameters{low}, Parameters{{"profile-level-id", std::string("64001f")}}));
}

TEST_CASE("settling changes H264's profile-level-id and nothing else") {
  const auto ours = h264({{"profile-level-id", std::string("42e034")}});
  const auto theirs = h264({{"profile-level-id", std::string("42e01f")}});
  auto parameters = ours.parameters;
  settle_parameters(parameters, ours, theirs);
  CHECK(string_parameter(parameters, "profile-level-id") == "42e01f");
  const auto vp8 = codec_parameters("video/VP8", 96, 90000);
  auto untouched = vp8.parameters;
  settle_parameters(untouched, vp8, vp8);
  CHECK(untouched.empty());
}

TEST_CASE("scalability modes are read, and anything else is one layer of each") {
  CHECK(parse_scalability_mode("L3T2_KEY") == ScalabilityMode{3, 2, true});
  CHECK(parse_scalability_mode("S3T3") == ScalabilityMode{3, 3, false});
  CHECK(parse_scalability_mode("L1T3") == ScalabilityMode{1, 3, false});
  CHECK(parse_scalability_mode("L3T2_KEY_SHIFT") == ScalabilityMode{3, 2, true});
  CHECK(parse_scalability_mode("L20T11") == ScalabilityMode{20, 11, false});
  for (const auto* text : {"", "L", "L3", "L0T1", "L1T0", "l1t2", "T3", "LxT2", "L1Tx"}) {
    INFO(text);
    CHECK(parse_scalability_mode(text) == ScalabilityMode{});
  }
}

}  // namespace
}  // namespace sluice::negotiate
