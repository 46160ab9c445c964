// Capabilities and parameters that the ORTC tests begin from: a room of opus and VP8, and what a browser
// sends into it.
#pragma once

#include <string>
#include <utility>

#include "catch.h"
#include "negotiate/codec_match.h"
#include "negotiate/media_codecs.h"
#include "negotiate/ortc.h"
#include "negotiate/validate.h"

namespace sluice::negotiate::testing {

inline RtpCodecCapability media_codec(std::string mime_type, std::uint32_t clock_rate,
                                      std::uint8_t channels = 1) {
  RtpCodecCapability codec;
  codec.mime_type = std::move(mime_type);
  codec.clock_rate = clock_rate;
  codec.channels = channels;
  codec.kind = kind_of(codec.mime_type).value_or(MediaKind::kAudio);
  return codec;
}

inline RtpCodecCapability capability(std::string mime_type, std::uint32_t clock_rate,
                                     std::uint8_t payload_type, std::vector<CodecParameter> parameters = {},
                                     std::vector<RtcpFeedback> feedback = {}) {
  RtpCodecCapability codec = media_codec(std::move(mime_type), clock_rate);
  codec.preferred_payload_type = payload_type;
  codec.parameters = std::move(parameters);
  codec.rtcp_feedback = std::move(feedback);
  return codec;
}

inline RtpCodecParameters codec_parameters(std::string mime_type, std::uint8_t payload_type,
                                           std::uint32_t clock_rate, std::uint8_t channels = 1,
                                           std::vector<CodecParameter> parameters = {}) {
  RtpCodecParameters codec;
  codec.mime_type = std::move(mime_type);
  codec.payload_type = payload_type;
  codec.clock_rate = clock_rate;
  codec.channels = channels;
  codec.parameters = std::move(parameters);
  return codec;
}

inline RtpCapabilities room() {
  return *room_capabilities({media_codec("audio/opus", 48000, 2), media_codec("video/VP8", 90000)});
}

/// One H264 codec with RTX, as a room will have it when the worker routes H264.
inline RtpCapabilities h264_room(std::string profile_level_id, std::int64_t packetization_mode = 1) {
  RtpCapabilities capabilities;
  capabilities.codecs = {capability("video/H264", 90000, 103,
                                    {{"profile-level-id", std::move(profile_level_id)},
                                     {"packetization-mode", packetization_mode},
                                     {"level-asymmetry-allowed", std::int64_t{1}}}),
                         capability("video/rtx", 90000, 104, {{"apt", std::int64_t{103}}})};
  return capabilities;
}

inline RtpEncodingParameters encoding(std::uint32_t ssrc, std::uint32_t rtx_ssrc) {
  RtpEncodingParameters value;
  value.ssrc = ssrc;
  value.rtx_ssrc = rtx_ssrc;
  return value;
}

inline RtpEncodingParameters encoding(std::string rid, std::string scalability_mode,
                                      std::uint32_t max_bitrate) {
  RtpEncodingParameters value;
  value.rid = std::move(rid);
  value.scalability_mode = std::move(scalability_mode);
  value.max_bitrate = max_bitrate;
  return value;
}

inline RtpParameters opus_producer() {
  RtpParameters parameters;
  parameters.mid = "0";
  parameters.codecs = {codec_parameters("audio/opus", 111, 48000, 2, {{"useinbandfec", std::int64_t{1}}})};
  parameters.header_extensions = {{std::string(extension_uri::kMid), 4, false}};
  parameters.encodings.resize(1);
  parameters.encodings[0].ssrc = 1111;
  parameters.rtcp.cname = "alice";
  parameters.msid = "stream audio";
  return parameters;
}

inline RtpParameters vp8_producer() {
  RtpParameters parameters;
  parameters.mid = "1";
  parameters.codecs = {codec_parameters("video/vp8", 96, 90000),
                       codec_parameters("video/rtx", 97, 90000, 1, {{"apt", std::int64_t{96}}})};
  parameters.header_extensions = {{std::string(extension_uri::kMid), 4, false}};
  parameters.encodings = {encoding(2222, 2223)};
  parameters.rtcp.cname = "alice";
  return parameters;
}

inline RtpParameters vp8_simulcast_producer() {
  RtpParameters parameters = vp8_producer();
  parameters.encodings = {encoding("q", "L1T3", 100'000), encoding("h", "L1T3", 500'000),
                          encoding("f", "L1T3", 2'000'000)};
  return parameters;
}

inline RtpParameters consumable(MediaKind kind, const RtpParameters& producer,
                                const RtpCapabilities& in_room = room()) {
  Random random(7);
  const auto mapping = producer_mapping(kind, producer, in_room, random);
  REQUIRE(mapping.ok());
  return consumable_parameters(kind, producer, in_room, *mapping);
}

inline bool has_feedback(const RtpCodecParameters& codec, const RtcpFeedback& wanted) {
  for (const RtcpFeedback& feedback : codec.rtcp_feedback) {
    if (feedback == wanted) return true;
  }
  return false;
}

template <typename Extensions>
bool has_extension(const Extensions& extensions, std::string_view uri) {
  for (const auto& extension : extensions) {
    if (extension.uri == uri) return true;
  }
  return false;
}

template <typename T>
void expect_error(const Result<T>& result, ErrorCode code, const std::string& field) {
  REQUIRE_FALSE(result.ok());
  INFO(result.error().message);
  CHECK(result.error().code == code);
  CHECK(result.error().field == field);
  CHECK_FALSE(result.error().message.empty());
}

}  // namespace sluice::negotiate::testing
