// Checks RTP capabilities and parameters that came from outside, before anything else looks at them: every
// list and string is bounded, every number in range, every string safe to write into SDP (no control
// characters). Called by the engine on requests.
#pragma once

#include <cstddef>
#include <string_view>

#include "sluice/result.h"
#include "sluice/rtp_parameters.h"

namespace sluice::negotiate {

namespace limits {
inline constexpr std::size_t kCodecs = 128;  ///< There are no more payload types.
inline constexpr std::size_t kHeaderExtensions = 64;
inline constexpr std::size_t kEncodings = 16;
inline constexpr std::size_t kParameters = 32;    ///< Of one codec.
inline constexpr std::size_t kRtcpFeedback = 32;  ///< Of one codec.
inline constexpr std::size_t kName = 64;          ///< MIME types, parameter names, feedback.
inline constexpr std::size_t kValue = 1024;       ///< Parameter values: H264 parameter sets are long.
inline constexpr std::size_t kUri = 256;
inline constexpr std::size_t kTag =
    255;  ///< mid, rid, cname: one SDES item or two-byte extension (RFC 3550 §6.5, RFC 8285 §4.3).
inline constexpr std::size_t kMsid = 256;
}  // namespace limits

/// Checks, and completes what may be left out: the kind follows the MIME type, video has one channel.
Result<void> validate(RtpCapabilities& capabilities, std::string_view field = "rtpCapabilities");

/// Checks; completes the channels of video, and adds one encoding when there is none.
Result<void> validate(RtpParameters& parameters, std::string_view field = "rtpParameters");

/// One codec, for lists of a caller's own such as mediaCodecs.
Result<void> validate(RtpCodecCapability& codec, std::string_view field);

}  // namespace sluice::negotiate
