// What a PeerConnection can send and receive, before anybody has chosen.
#include <algorithm>
#include <array>

#include "negotiate/media_codecs.h"
#include "peer/negotiator.h"
#include "sluice/peer_configuration.h"

namespace sluice {
namespace {

RtpCodecCapability codec(std::string mime_type, std::uint32_t clock_rate, std::uint8_t channels,
                         std::vector<CodecParameter> parameters) {
  RtpCodecCapability out;
  out.kind = mime_type.starts_with("audio") ? MediaKind::kAudio : MediaKind::kVideo;
  out.mime_type = std::move(mime_type);
  out.clock_rate = clock_rate;
  out.channels = channels;
  out.parameters = std::move(parameters);
  return out;
}

}  // namespace

std::vector<RtpCodecCapability> default_codecs() {
  return {
      codec("audio/opus", 48'000, 2, {{"minptime", std::int64_t{10}}, {"useinbandfec", std::int64_t{1}}}),
      codec("audio/PCMU", 8'000, 1, {}),
      codec("audio/PCMA", 8'000, 1, {}),
      codec("video/VP8", 90'000, 1, {}),
      codec("video/VP9", 90'000, 1, {{"profile-id", std::int64_t{0}}}),
      codec("video/H264", 90'000, 1,
            {{"packetization-mode", std::int64_t{1}},
             {"profile-level-id", std::string("42e01f")},
             {"level-asymmetry-allowed", std::int64_t{1}}}),
      codec("video/AV1", 90'000, 1, {}),
  };
}

namespace peer {

Result<RtpCapabilities> make_capabilities(const std::vector<RtpCodecCapability>& codecs) {
  auto capabilities = negotiate::room_capabilities(codecs.empty() ? default_codecs() : codecs);
  if (!capabilities) {
    Error error = capabilities.error();
    if (error.field.starts_with("mediaCodecs")) error.field.replace(0, 11, "codecs");
    return error;
  }
  namespace uri = negotiate::extension_uri;
  constexpr std::array kHandled = {uri::kMid, uri::kRid, uri::kRrid, uri::kTransportWideCc};
  std::erase_if(capabilities->header_extensions, [&](const RtpHeaderExtension& e) {
    return std::find(kHandled.begin(), kHandled.end(), e.uri) == kHandled.end();
  });
  for (RtpCodecCapability& c : capabilities->codecs)  // nothing here estimates a bandwidth by REMB
    std::erase_if(c.rtcp_feedback, [](const RtcpFeedback& fb) { return fb.type == "goog-remb"; });
  return capabilities;
}

}  // namespace peer
}  // namespace sluice
