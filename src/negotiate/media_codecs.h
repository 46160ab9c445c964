// What this worker can route: one table of codecs, one of header extensions. A codec that the cores learn is
// a row here. Called by the engine when a room is created and by whoever asks for the supported capabilities.
#pragma once

#include <string_view>
#include <vector>

#include "sluice/result.h"
#include "sluice/rtp_parameters.h"

namespace sluice::negotiate {

namespace extension_uri {
inline constexpr std::string_view kMid = "urn:ietf:params:rtp-hdrext:sdes:mid";            // RFC 8843 §15
inline constexpr std::string_view kRid = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";  // RFC 8852
inline constexpr std::string_view kRrid =
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";  // RFC 8852
inline constexpr std::string_view kAbsSendTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
inline constexpr std::string_view kTransportWideCc =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
inline constexpr std::string_view kSsrcAudioLevel =
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level";                                     // RFC 6464
inline constexpr std::string_view kVideoOrientation = "urn:3gpp:video-orientation";    // 3GPP TS 26.114
inline constexpr std::string_view kTimeOffset = "urn:ietf:params:rtp-hdrext:toffset";  // RFC 5450
inline constexpr std::string_view kAbsCaptureTime =
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
inline constexpr std::string_view kPlayoutDelay =
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
inline constexpr std::string_view kDependencyDescriptor =  // AV1 RTP, appendix A
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
inline constexpr std::string_view kVideoLayersAllocation =
    "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00";
}  // namespace extension_uri

/// All that this worker can route. Codecs have a payload type only where RFC 3551 gives a static one.
/// Directions are the worker's: kRecvOnly is read from producers and never sent to consumers.
const RtpCapabilities& supported_capabilities();

/// What a room with these codecs routes, and clients load as "router RTP capabilities": each codec checked
/// against what is supported, given a payload type (the asked one, the static one, or a dynamic one), video
/// followed by its RTX; then the RTX of Opus; then the header extensions. The kind is taken from the MIME
/// type. RED needs the Opus that it carries. Errors name "mediaCodecs[1].clockRate" and the like.
Result<RtpCapabilities> room_capabilities(std::vector<RtpCodecCapability> media_codecs);

}  // namespace sluice::negotiate
