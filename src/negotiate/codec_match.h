// Whether two codec descriptions mean the same codec, and small look-ups in codec lists. The one copy of
// these rules: ORTC matching and JSEP both call it, for capabilities and for parameters alike.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sluice/rtp_parameters.h"

namespace sluice::negotiate {

/// What matching looks at, borrowed from a capability or from parameters. Valid no longer than its source.
struct CodecView {
  std::string_view mime_type;
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  std::span<const CodecParameter> parameters;

  CodecView(const RtpCodecCapability& codec)  // NOLINT(google-explicit-constructor)
      : mime_type(codec.mime_type),
        clock_rate(codec.clock_rate),
        channels(codec.channels),
        parameters(codec.parameters) {}
  CodecView(const RtpCodecParameters& codec)  // NOLINT(google-explicit-constructor)
      : mime_type(codec.mime_type),
        clock_rate(codec.clock_rate),
        channels(codec.channels),
        parameters(codec.parameters) {}
};

struct MatchOptions {
  /// Also hold the format parameters against each other (profiles, packetization mode). Without it only those
  /// that make another codec count (the streams of multiopus).
  bool strict = false;
};

/// Same media type and subtype (without case), clock rate, channels (audio) and, by codec, format parameters:
/// H264 packetization-mode and profile (levels may differ); VP9 profile-id; AV1 profile; H265 profile-id and
/// tier-flag; multiopus streams. RTX and RED match by name and clock rate only: what they protect is said by
/// a payload type, so compare with find_rtx().
bool codecs_match(const CodecView& a, const CodecView& b, MatchOptions options = {});

/// The "modify" of matching: writes into `parameters` (those of `a`, ours in the answer) what `a` and `b`
/// agree on, which for H264 is the profile-level-id (RFC 6184 §8.2.2). Call it after a strict match; other
/// codecs are left alone.
void settle_parameters(std::vector<CodecParameter>& parameters, const CodecView& a, const CodecView& b);

// --- Names ---

/// ASCII only, as MIME types are.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Of "audio/..." or "video/..." in any case; nothing for any other media type.
std::optional<MediaKind> kind_of(std::string_view mime_type);
/// "audio" or "video".
std::string_view kind_name(MediaKind kind);
/// "audio/rtx" and "video/rtx" (RFC 4588).
bool is_rtx(std::string_view mime_type);

// --- Format parameters ---

/// Names are compared without case (RFC 4855 §3). Null when absent.
const CodecParameter* find_parameter(std::span<const CodecParameter> parameters, std::string_view name);
/// A number, also when it is written as a string of digits.
std::optional<std::int64_t> integer_parameter(std::span<const CodecParameter> parameters,
                                              std::string_view name);
std::int64_t integer_parameter_or(std::span<const CodecParameter> parameters, std::string_view name,
                                  std::int64_t otherwise);
/// A string; a number is written out in decimal.
std::optional<std::string> string_parameter(std::span<const CodecParameter> parameters,
                                            std::string_view name);
/// Replaces or appends.
void set_parameter(std::vector<CodecParameter>& parameters, std::string_view name,
                   std::variant<std::int64_t, std::string> value);

// --- Look-ups ---

/// The RTX codec whose apt is `payload_type`; null when there is none.
const RtpCodecParameters* find_rtx(std::span<const RtpCodecParameters> codecs, std::uint8_t payload_type);
const RtpCodecCapability* find_rtx(std::span<const RtpCodecCapability> codecs, std::uint8_t payload_type);
const RtpCodecParameters* find_payload_type(std::span<const RtpCodecParameters> codecs,
                                            std::uint8_t payload_type);
const RtpCodecCapability* find_payload_type(std::span<const RtpCodecCapability> codecs,
                                            std::uint8_t payload_type);

}  // namespace sluice::negotiate
