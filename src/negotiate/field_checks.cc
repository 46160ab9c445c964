#include "negotiate/field_checks.h"

#include <algorithm>

#include "negotiate/codec_match.h"

namespace sluice::negotiate {
namespace {

using Text = std::string_view;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// RFC 8866 §9, token-char.
bool is_token_char(char c) {
  return is_alphanumeric(c) || Text("!#$%&'*+-.^_`{|}~").find(c) != Text::npos;
}

/// RFC 8851 §10, rid-id.
bool is_rid_char(char c) {
  return is_alphanumeric(c) || c == '-' || c == '_';
}

/// Anything that cannot end or begin a line of SDP.
bool is_plain_char(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
}
bool is_value_char(char c) {
  return is_plain_char(c) && c != ';';
}
bool is_parameter_name_char(char c) {
  return is_value_char(c) && c != '=' && c != ' ';
}
bool is_visible_char(char c) {
  return is_plain_char(c) && c != ' ';
}

constexpr TextRule kMimeType{is_token_char, limits::kName,
                             "\"audio/\" or \"video/\" and a name of at most 64 characters"};
constexpr TextRule kParameterName{
    is_parameter_name_char, limits::kName,
    "at most 64 characters, none of them a control character, space, ';' or '='"};
constexpr TextRule kParameterValue{is_value_char, limits::kValue,
                                   "at most 1024 characters, none of them a control character or ';'"};
constexpr TextRule kFeedbackType{is_token_char, limits::kName, "a token of at most 64 characters"};
constexpr TextRule kFeedbackParameter{is_plain_char, limits::kName,
                                      "at most 64 characters, none of them a control character"};

bool fits(Text text, const TextRule& rule) {
  return text.size() <= rule.longest && std::all_of(text.begin(), text.end(), rule.allowed);
}

}  // namespace

namespace rules {
constinit const TextRule kUri{is_visible_char, limits::kUri,
                              "a URI of at most 256 characters, without spaces"};
constinit const TextRule kMid{is_token_char, limits::kTag, "a token of at most 255 characters (RFC 8866 §9)"};
constinit const TextRule kRid{is_rid_char, limits::kTag,
                              "at most 255 letters, digits, '-' and '_' (RFC 8851 §10)"};
constinit const TextRule kScalabilityMode{is_token_char, limits::kName, "a mode such as \"L1T3\""};
constinit const TextRule kCname{is_plain_char, limits::kTag,
                                "at most 255 characters, none of them a control character"};
constinit const TextRule kMsid{is_plain_char, limits::kMsid,
                               "at most 256 characters, none of them a control character"};
}  // namespace rules

std::string join(Text field, Text name) {
  return std::string(field) + "." + std::string(name);
}
std::string join(Text field, Text name, std::size_t index) {
  return join(field, name) + "[" + std::to_string(index) + "]";
}

Result<void> check_text(Text text, const TextRule& rule, std::string field) {
  if (fits(text, rule)) return {};
  return invalid_argument(std::move(field), "Expected " + std::string(rule.expected) + ".");
}

Result<void> check_required(Text text, const TextRule& rule, std::string field) {
  if (!text.empty()) return check_text(text, rule, std::move(field));
  return invalid_argument(std::move(field), "Missing; expected " + std::string(rule.expected) + ".");
}

Result<void> check_size(std::size_t size, std::size_t limit, std::string field) {
  if (size <= limit) return {};
  return invalid_argument(std::move(field), "Expected at most " + std::to_string(limit) + " entries, not " +
                                                std::to_string(size) + ".");
}

Result<void> check_mime_type(Text mime_type, const std::string& field) {
  if (kind_of(mime_type) && mime_type.size() > 6 && mime_type.size() <= kMimeType.longest &&
      fits(mime_type.substr(6), kMimeType))
    return {};
  return invalid_argument(join(field, "mimeType"), "Expected " + std::string(kMimeType.expected) + ".");
}

Result<void> check_payload_type(std::uint8_t payload_type, std::string field) {
  if (payload_type <= 127) return {};
  return invalid_argument(std::move(field), "The payload type " + std::to_string(payload_type) +
                                                " is too large; expected 0 to 127.");
}

Result<void> check_parameters(std::span<const CodecParameter> parameters, const std::string& field) {
  if (auto r = check_size(parameters.size(), limits::kParameters, join(field, "parameters")); !r) return r;
  for (const CodecParameter& parameter : parameters) {
    if (auto r = check_text(parameter.name, kParameterName, join(field, "parameters")); !r) return r;
    const std::string name = join(join(field, "parameters"), parameter.name);
    if (const auto* text = std::get_if<std::string>(&parameter.value)) {
      if (auto r = check_text(*text, kParameterValue, name); !r) return r;
    }
  }
  if (find_parameter(parameters, "apt") == nullptr) return {};
  const auto apt = integer_parameter(parameters, "apt");
  if (apt && *apt >= 0 && *apt <= 127) return {};
  return invalid_argument(join(field, "parameters.apt"), "Expected a payload type, 0 to 127.");
}

Result<void> check_feedback(std::span<const RtcpFeedback> feedback, const std::string& field) {
  if (auto r = check_size(feedback.size(), limits::kRtcpFeedback, join(field, "rtcpFeedback")); !r) return r;
  for (std::size_t i = 0; i < feedback.size(); ++i) {
    const std::string entry = join(field, "rtcpFeedback", i);
    if (auto r = check_required(feedback[i].type, kFeedbackType, join(entry, "type")); !r) return r;
    if (auto r = check_text(feedback[i].parameter, kFeedbackParameter, join(entry, "parameter")); !r)
      return r;
  }
  return {};
}

}  // namespace sluice::negotiate
