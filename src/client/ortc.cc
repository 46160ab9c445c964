#include "client/ortc.h"

#include <algorithm>

#include "negotiate/codec_match.h"

namespace sluice::client {
namespace {

// As Chromium numbers them.
constexpr std::uint8_t kOpus = 111;
constexpr std::uint8_t kRed = 63;
constexpr std::uint8_t kVp8 = 96;
constexpr std::uint8_t kVp8Rtx = 97;
constexpr std::uint8_t kAudioLevelId = 1;
constexpr std::uint8_t kAbsSendTimeId = 2;
constexpr std::uint8_t kTransportCcId = 3;
constexpr std::uint8_t kMidId = 4;
constexpr std::uint8_t kRidId = 10;
constexpr std::uint8_t kRepairedRidId = 11;
constexpr std::uint8_t kDependencyDescriptorId = 12;

RtpHeaderExtensionParameters extension(rtp::Extension which, std::uint8_t id) {
  return {std::string(rtp::uri(which)), id, false};
}

RtpCodecParameters codec(std::string mime_type, std::uint8_t payload_type, std::uint32_t clock_rate) {
  RtpCodecParameters out;
  out.mime_type = std::move(mime_type);
  out.payload_type = payload_type;
  out.clock_rate = clock_rate;
  return out;
}

}  // namespace

std::vector<RtpCodecCapability> room_codecs(bool with_red) {
  RtpCodecCapability opus;
  opus.kind = MediaKind::kAudio;
  opus.mime_type = "audio/opus";
  opus.clock_rate = 48'000;
  opus.channels = 2;
  RtpCodecCapability vp8;
  vp8.kind = MediaKind::kVideo;
  vp8.mime_type = "video/VP8";
  vp8.clock_rate = 90'000;
  if (!with_red) return {opus, vp8};
  RtpCodecCapability red = opus;
  red.mime_type = "audio/red";
  return {opus, red, vp8};
}

RtpParameters send_parameters(MediaKind kind, std::string mid, std::string cname, Random& random) {
  RtpParameters out;
  out.mid = std::move(mid);
  out.rtcp.cname = std::move(cname);
  out.encodings.resize(1);
  out.encodings[0].ssrc = random.u32() | 1;
  out.header_extensions = {extension(rtp::Extension::kAbsSendTime, kAbsSendTimeId),
                           extension(rtp::Extension::kTransportCc, kTransportCcId),
                           extension(rtp::Extension::kMid, kMidId)};
  if (kind == MediaKind::kAudio) {
    out.codecs = {codec("audio/opus", kOpus, 48'000)};
    out.codecs[0].channels = 2;
    out.codecs[0].parameters = {{"minptime", std::int64_t{10}}, {"useinbandfec", std::int64_t{1}}};
    out.codecs[0].rtcp_feedback = {{"transport-cc", ""}};
    out.header_extensions.push_back(extension(rtp::Extension::kAudioLevel, kAudioLevelId));
    return out;
  }
  out.codecs = {codec("video/VP8", kVp8, 90'000), codec("video/rtx", kVp8Rtx, 90'000)};
  out.codecs[0].rtcp_feedback = {
      {"goog-remb", ""}, {"transport-cc", ""}, {"ccm", "fir"}, {"nack", ""}, {"nack", "pli"}};
  out.codecs[1].parameters = {{"apt", std::int64_t{kVp8}}};
  out.encodings[0].rtx_ssrc = *out.encodings[0].ssrc + 1;
  return out;
}

RtpParameters red_parameters(std::string mid, std::string cname, Random& random) {
  RtpParameters out = send_parameters(MediaKind::kAudio, std::move(mid), std::move(cname), random);
  RtpCodecParameters red = codec("audio/red", kRed, 48'000);
  red.channels = 2;
  red.parameters = {{std::to_string(kOpus) + '/' + std::to_string(kOpus), std::string()}};
  red.rtcp_feedback = {{"transport-cc", ""}};
  out.codecs.insert(out.codecs.begin(), std::move(red));
  return out;
}

RtpParameters simulcast_parameters(std::size_t layers, std::string mid, std::string cname, Random& random) {
  RtpParameters out = send_parameters(MediaKind::kVideo, std::move(mid), std::move(cname), random);
  out.header_extensions.push_back(extension(rtp::Extension::kRid, kRidId));
  out.header_extensions.push_back(extension(rtp::Extension::kRepairedRid, kRepairedRidId));
  out.encodings.assign(layers, {});
  for (std::size_t i = 0; i < layers; ++i) out.encodings[i].rid = "r" + std::to_string(i);
  return out;
}

std::vector<RtpCodecCapability> layered_room_codecs() {
  auto out = room_codecs();
  for (const char* mime_type : {"video/VP9", "video/AV1"}) {
    RtpCodecCapability codec;
    codec.kind = MediaKind::kVideo;
    codec.mime_type = mime_type;
    codec.clock_rate = 90'000;
    out.push_back(codec);
  }
  return out;
}

RtpParameters layered_parameters(const std::vector<LayeredSource::Options>& sources, std::string mid,
                                 std::string cname, Random& random) {
  const bool several = sources.size() > 1;
  RtpParameters out = several ? simulcast_parameters(sources.size(), std::move(mid), std::move(cname), random)
                              : send_parameters(MediaKind::kVideo, std::move(mid), std::move(cname), random);
  const LayeredCodec codec = sources[0].codec;
  if (codec != LayeredCodec::kVp8)
    out.codecs[0].mime_type = codec == LayeredCodec::kVp9 ? "video/VP9" : "video/AV1";
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Scalability& mode = sources[i].scalability;
    out.encodings[i].scalability_mode = "L" + std::to_string(mode.spatial) + "T" +
                                        std::to_string(mode.temporal) + (mode.key_only ? "_KEY" : "");
  }
  out.header_extensions.push_back(extension(rtp::Extension::kDependencyDescriptor, kDependencyDescriptorId));
  return out;
}

RtpParameters encoding_of(const RtpParameters& parameters, std::size_t index, Random& random) {
  RtpParameters out = parameters;
  out.encodings = {parameters.encodings[index]};
  RtpEncodingParameters& encoding = out.encodings[0];
  if (!encoding.ssrc) encoding.ssrc = random.u32() | 1;
  const bool rtx = std::any_of(out.codecs.begin(), out.codecs.end(),
                               [](const auto& codec) { return negotiate::is_rtx(codec.mime_type); });
  if (!encoding.rtx_ssrc && rtx) encoding.rtx_ssrc = *encoding.ssrc + 1;
  return out;
}

Result<void> connect(Peer& peer, const WebRtcTransportReply& transport, Instant now) {
  peer.connection().set_remote_ice(transport.ice_parameters, transport.ice_candidates);
  return peer.connection().set_remote_dtls(transport.dtls_parameters.fingerprints, now);
}

MediaReceiver& receive(Peer& peer, const ConsumerReply& consumer) {
  return peer.add_receiver({consumer.consumer_id, consumer.kind, consumer.rtp_parameters, true});
}

}  // namespace sluice::client
