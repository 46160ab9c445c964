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
/// tier-flag and transmission mode; multiopus streams. RTX and RED match by name and clock rate only: what
/// they carry is said by a payload type, so see find_rtx() and settle_red_parameters().
bool codecs_match(const CodecView& a, const CodecView& b, MatchOptions options = {});

/// The "modify" of matching: writes into `parameters` (those of `a`, ours in the answer) what `a` and `b`
/// agree on, which for H264 is the profile-level-id (RFC 6184 §8.2.2), and for H265 the lower level-id (RFC
/// 7798 §7.2.2). Call it after a strict match; other codecs are left alone.
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
/// "audio/red" (RFC 2198), which carries Opus a second time.
bool is_red(std::string_view mime_type);
/// "audio/CN" and "audio/telephone-event": never alone, always beside a codec of the same clock rate.
bool is_companion(std::string_view mime_type);

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

/// The payload type that RED carries, by the parameter that names it ("111/111"); nothing without one.
std::optional<std::uint8_t> red_payload_type(std::span<const CodecParameter> parameters);
/// Writes into each RED codec of the list the payload type that Opus has in it, and takes RED out where there
/// is no Opus. For lists whose payload types were changed.
void settle_red_parameters(std::vector<RtpCodecParameters>& codecs);
void settle_red_parameters(std::vector<RtpCodecCapability>& codecs);

// --- Look-ups ---

/// The RTX codec whose apt is `payload_type`; null when there is none.
const RtpCodecParameters* find_rtx(std::span<const RtpCodecParameters> codecs, std::uint8_t payload_type);
const RtpCodecCapability* find_rtx(std::span<const RtpCodecCapability> codecs, std::uint8_t payload_type);
const RtpCodecParameters* find_payload_type(std::span<const RtpCodecParameters> codecs,
                                            std::uint8_t payload_type);
const RtpCodecCapability* find_payload_type(std::span<const RtpCodecCapability> codecs,
                                            std::uint8_t payload_type);

}  // namespace sluice::negotiate
