#include "negotiate/codec_match.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "negotiate/h264_profile.h"

namespace sluice::negotiate {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_integer(const CodecView& a, const CodecView& b, std::string_view name, std::int64_t otherwise) {
  return integer_parameter_or(a.parameters, name, otherwise) ==
         integer_parameter_or(b.parameters, name, otherwise);
}

/// RFC 6184 §8.2.2: packetization-mode and profile are symmetric; the level may be lowered by the answer.
bool h264_match(const CodecView& a, const CodecView& b) {
  if (!same_integer(a, b, "packetization-mode", 0)) return false;
  const auto profile_a = profile_level_of(a.parameters);
  const auto profile_b = profile_level_of(b.parameters);
  return profile_a && profile_b && profile_a->profile == profile_b->profile;
}

/// RFC 9628 §6: profile-id, 0 when absent.
bool vp9_match(const CodecView& a, const CodecView& b) {
  return same_integer(a, b, "profile-id", 0);
}

/// AV1 RTP payload specification §7.2: profile, 0 when absent. level-idx and tier are what a receiver can
/// take.
bool av1_match(const CodecView& a, const CodecView& b) {
  return same_integer(a, b, "profile", 0);
}

/// RFC 7798 §7.1, §7.2.2: profile-id 1 (Main), tier-flag 0 and tx-mode SRST when absent; none may be changed
/// by an answer.
bool h265_match(const CodecView& a, const CodecView& b) {
  return same_integer(a, b, "profile-id", 1) && same_integer(a, b, "tier-flag", 0) &&
         string_parameter(a.parameters, "tx-mode").value_or("SRST") ==
             string_parameter(b.parameters, "tx-mode").value_or("SRST");
}

/// 93, level 3.1, when absent.
std::int64_t h265_level(const CodecView& codec) {
  return integer_parameter_or(codec.parameters, "level-id", 93);
}

/// The mapping of streams to channels is the codec's identity: Chromium's surround opus.
bool multiopus_match(const CodecView& a, const CodecView& b) {
  return same_integer(a, b, "num_streams", 0) && same_integer(a, b, "coupled_streams", 0);
}

struct FormatRule {
  std::string_view mime_type;
  bool strict_only;
  bool (*match)(const CodecView&, const CodecView&);
};

constexpr std::array kFormatRules = {
    FormatRule{"audio/multiopus", false, multiopus_match},
    FormatRule{"video/H264", true, h264_match},
    FormatRule{"video/H264-SVC", true, h264_match},
    FormatRule{"video/H265", true, h265_match},
    FormatRule{"video/VP9", true, vp9_match},
    FormatRule{"video/AV1", true, av1_match},
};

template <typename Codec, typename Number>
const Codec* find_number(std::span<const Codec> codecs, std::uint8_t payload_type, Number number) {
  const auto found = std::find_if(codecs.begin(), codecs.end(),
                                  [&](const Codec& codec) { return codec.*number == payload_type; });
  return found == codecs.end() ? nullptr : &*found;
}

/// One redundant block beside the primary one, as browsers have it.
template <typename Codec, typename Number>
void settle_red(std::vector<Codec>& codecs, Number number) {
  const auto opus = std::find_if(codecs.begin(), codecs.end(), [](const Codec& codec) {
    return equal_ignoring_case(codec.mime_type, "audio/opus");
  });
  if (opus == codecs.end()) {
    std::erase_if(codecs, [](const Codec& codec) { return is_red(codec.mime_type); });
    return;
  }
  const std::string payload_type = std::to_string(number(*opus));
  std::string carried = payload_type;
  carried += '/';
  carried += payload_type;
  for (Codec& codec : codecs) {
    if (is_red(codec.mime_type)) codec.parameters = {{carried, std::string()}};
  }
}

template <typename Codec>
const Codec* find_rtx_of(std::span<const Codec> codecs, std::uint8_t payload_type) {
  const auto found = std::find_if(codecs.begin(), codecs.end(), [&](const Codec& codec) {
    return is_rtx(codec.mime_type) && integer_parameter(codec.parameters, "apt") == payload_type;
  });
  return found == codecs.end() ? nullptr : &*found;
}

}  // namespace

bool codecs_match(const CodecView& a, const CodecView& b, MatchOptions options) {
  if (!equal_ignoring_case(a.mime_type, b.mime_type)) return false;
  if (a.clock_rate != b.clock_rate) return false;
  if (kind_of(a.mime_type) == MediaKind::kAudio && a.channels != b.channels) return false;
  for (const FormatRule& rule : kFormatRules) {
    if (!equal_ignoring_case(rule.mime_type, a.mime_type)) continue;
    return (rule.strict_only && !options.strict) || rule.match(a, b);
  }
  return true;
}

void settle_parameters(std::vector<CodecParameter>& parameters, const CodecView& a, const CodecView& b) {
  if (equal_ignoring_case(a.mime_type, "video/H265")) {
    const bool named = find_parameter(a.parameters, "level-id") != nullptr &&
                       find_parameter(b.parameters, "level-id") != nullptr;
    if (named) set_parameter(parameters, "level-id", std::min(h265_level(a), h265_level(b)));
    return;
  }
  if (!equal_ignoring_case(a.mime_type, "video/H264") && !equal_ignoring_case(a.mime_type, "video/H264-SVC"))
    return;
  if (auto answer = answer_profile_level_id(a.parameters, b.parameters)) {
    set_parameter(parameters, "profile-level-id", std::move(*answer));
  }
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<MediaKind> kind_of(std::string_view mime_type) {
  const std::string_view type = mime_type.substr(0, 6);
  if (equal_ignoring_case(type, "audio/")) return MediaKind::kAudio;
  if (equal_ignoring_case(type, "video/")) return MediaKind::kVideo;
  return std::nullopt;
}

std::string_view kind_name(MediaKind kind) {
  return kind == MediaKind::kAudio ? "audio" : "video";
}

bool is_rtx(std::string_view mime_type) {
  return kind_of(mime_type) && equal_ignoring_case(mime_type.substr(6), "rtx");
}

bool is_red(std::string_view mime_type) {
  return equal_ignoring_case(mime_type, "audio/red");
}

bool is_companion(std::string_view mime_type) {
  return equal_ignoring_case(mime_type, "audio/CN") ||
         equal_ignoring_case(mime_type, "audio/telephone-event");
}

std::optional<std::uint8_t> red_payload_type(std::span<const CodecParameter> parameters) {
  for (const CodecParameter& parameter : parameters) {
    const std::string& name = parameter.name;
    unsigned number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || end == name.data() + name.size() || *end != '/' || number > 127) continue;
    return static_cast<std::uint8_t>(number);
  }
  return std::nullopt;
}

void settle_red_parameters(std::vector<RtpCodecParameters>& codecs) {
  settle_red(codecs, [](const RtpCodecParameters& codec) { return codec.payload_type; });
}

void settle_red_parameters(std::vector<RtpCodecCapability>& codecs) {
  settle_red(codecs, [](const RtpCodecCapability& codec) { return *codec.preferred_payload_type; });
}

const CodecParameter* find_parameter(std::span<const CodecParameter> parameters, std::string_view name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const CodecParameter& parameter) {
    return equal_ignoring_case(parameter.name, name);
  });
  return found == parameters.end() ? nullptr : &*found;
}

std::optional<std::int64_t> integer_parameter(std::span<const CodecParameter> parameters,
                                              std::string_view name) {
  const CodecParameter* parameter = find_parameter(parameters, name);
  if (parameter == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<std::int64_t>(&parameter->value)) return *number;
  const auto& text = std::get<std::string>(parameter->value);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::int64_t integer_parameter_or(std::span<const CodecParameter> parameters, std::string_view name,
                                  std::int64_t otherwise) {
  return integer_parameter(parameters, name).value_or(otherwise);
}

std::optional<std::string> string_parameter(std::span<const CodecParameter> parameters,
                                            std::string_view name) {
  const CodecParameter* parameter = find_parameter(parameters, name);
  if (parameter == nullptr) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&parameter->value)) return *text;
  return std::to_string(std::get<std::int64_t>(parameter->value));
}

void set_parameter(std::vector<CodecParameter>& parameters, std::string_view name,
                   std::variant<std::int64_t, std::string> value) {
  for (CodecParameter& parameter : parameters) {
    if (!equal_ignoring_case(parameter.name, name)) continue;
    parameter.value = std::move(value);
    return;
  }
  parameters.push_back({std::string(name), std::move(value)});
}

const RtpCodecParameters* find_rtx(std::span<const RtpCodecParameters> codecs, std::uint8_t payload_type) {
  return find_rtx_of(codecs, payload_type);
}

const RtpCodecCapability* find_rtx(std::span<const RtpCodecCapability> codecs, std::uint8_t payload_type) {
  return find_rtx_of(codecs, payload_type);
}

const RtpCodecParameters* find_payload_type(std::span<const RtpCodecParameters> codecs,
                                            std::uint8_t payload_type) {
  return find_number(codecs, payload_type, &RtpCodecParameters::payload_type);
}

const RtpCodecCapability* find_payload_type(std::span<const RtpCodecCapability> codecs,
                                            std::uint8_t payload_type) {
  return find_number(codecs, payload_type, &RtpCodecCapability::preferred_payload_type);
}

}  // namespace sluice::negotiate
