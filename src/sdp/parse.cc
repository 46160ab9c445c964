// Line by line: v=, o=, s=, then lines of the session, then the m= sections (RFC 8866 §5).
#include <algorithm>

#include "sdp/attribute.h"
#include "sdp/sdp.h"
#include "sdp/text.h"

namespace sluice::sdp {
namespace {

/// What RFC 8866 §5 knows; it says to ignore a description with any other.
constexpr std::string_view kOtherLines = "iuepcbtrzk";

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<SessionDescription> run() {
    if (rest_.size() > kMaxBytes)
      return Error{ErrorCode::kLimitExceeded, "sdp",
                   "the description has " + std::to_string(rest_.size()) + " bytes; at most " +
                       std::to_string(kMaxBytes) + " are taken"};
    while (!failed_ && next_line()) take_line();
    if (!failed_ && expected_ != Expect::kAny) {
      ended_ = true;
      fail(missing());
    }
    if (failed_) return std::move(error_);
    return std::move(out_);
  }

 private:
  enum class Expect : std::uint8_t { kVersion, kOrigin, kName, kAny };

  bool next_line() {
    if (rest_.empty()) return false;
    line_ = take_until(rest_, '\n');
    if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
    ++number_;
    return true;
  }

  void take_line() {
    if (line_.empty()) return;
    if (line_.size() < 2 || line_[1] != '=') return fail("\"<letter>=<value>\"");
    if (line_.find('\0') != std::string_view::npos || line_.find('\r') != std::string_view::npos)
      return fail("a line without NUL and carriage return inside");
    const char type = line_[0];
    const std::string_view value = line_.substr(2);
    if (expected_ != Expect::kAny) return take_head(type, value);
    if (type == 'm') return take_media(value);
    if (type == 'a') return take_attribute(value);
    if (type == 'v' || type == 'o' || type == 's') return fail("that line only once, at the start");
    if (kOtherLines.find(type) == std::string_view::npos) return fail("a line type of RFC 8866");
    if (const auto expected = malformed_line(type, value); !expected.empty()) return fail(expected);
    auto& lines = out_.media.empty() ? out_.lines : out_.media.back().lines;
    if (lines.size() >= kMaxAttributes) return limit("lines of one section", kMaxAttributes);
    lines.push_back({type, std::string(value)});
  }

  /// RFC 8829 §5.8: checked even where the value is of no use. Gives what was expected.
  static std::string_view malformed_line(char type, std::string_view value) {
    const auto parts = words(value);
    if (type == 'c' && (parts.size() != 3 || parts[0] != "IN" || (parts[1] != "IP4" && parts[1] != "IP6")))
      return "\"c=IN IP4|IP6 <address>\"";
    if (type == 't' && (parts.size() != 2 || !parse_number<std::uint64_t>(parts[0]) ||
                        !parse_number<std::uint64_t>(parts[1])))
      return "\"t=<start time> <stop time>\"";
    if (type != 'b') return {};
    std::string_view number = value;
    const std::string_view name = take_until(number, ':');
    if (name.empty() || name.size() == value.size() || !parse_number<std::uint64_t>(number))
      return "\"b=<type>:<bandwidth>\"";
    return {};
  }

  [[nodiscard]] std::string_view missing() const {
    switch (expected_) {
      case Expect::kVersion:
        return "\"v=0\"";
      case Expect::kOrigin:
        return "\"o=<username> <session id> <version> IN IP4|IP6 <address>\"";
      default:
        return "\"s=<session name>\"";
    }
  }

  void take_head(char type, std::string_view value) {
    if (expected_ == Expect::kVersion) {
      if (type != 'v' || trim(value) != "0") return fail(missing());
      expected_ = Expect::kOrigin;
    } else if (expected_ == Expect::kOrigin) {
      if (type != 'o' || !take_origin(value)) return fail(missing());
      expected_ = Expect::kName;
    } else {
      if (type != 's') return fail(missing());
      out_.name = value;
      expected_ = Expect::kAny;
    }
  }

  bool take_origin(std::string_view value) {
    const auto parts = words(value);
    if (parts.size() != 6) return false;
    const auto id = parse_number<std::uint64_t>(parts[1]);
    const auto version = parse_number<std::uint64_t>(parts[2]);
    if (!id || !version) return false;
    out_.origin = {std::string(parts[0]), *id, *version, std::string(parts[3]), std::string(parts[4]),
                   std::string(parts[5])};
    return true;
  }

  /// MEDIA PORT["/"COUNT] PROTOCOL FORMAT...
  void take_media(std::string_view value) {
    if (out_.media.size() >= kMaxMediaSections) return limit("m= sections", kMaxMediaSections);
    const auto parts = words(value);
    if (parts.size() < 4) return fail("\"m=<media> <port> <protocol> <format> ...\"");
    MediaDescription media;
    media.media = parts[0];
    std::string_view port = parts[1];
    const bool counted = port.find('/') != std::string_view::npos;
    const auto number = parse_number<std::uint16_t>(take_until(port, '/'));
    if (!number) return fail("a port from 0 to 65535");
    media.port = *number;
    if (counted && !(media.port_count = parse_number<std::uint16_t>(port)))
      return fail("a number of ports after \"/\"");
    media.protocol = parts[2];
    if (parts.size() - 3 > kMaxAttributes) return limit("formats of one section", kMaxAttributes);
    media.formats.assign(parts.begin() + 3, parts.end());
    out_.media.push_back(std::move(media));
    attributes_ = 0;
  }

  void take_attribute(std::string_view value) {
    if (++attributes_ > kMaxAttributes) return limit("attributes of one section", kMaxAttributes);
    const std::size_t colon = value.find(':');
    AttributeText text{value.substr(0, colon), {}, colon == std::string_view::npos};
    if (!text.flag) text.value = value.substr(colon + 1);
    const bool session = out_.media.empty();
    const AttributeResult result =
        session ? parse_session_attribute(text, out_) : parse_media_attribute(text, out_.media.back());
    if (result.outcome == AttributeOutcome::kMalformed) return fail(result.expected);
    if (result.outcome == AttributeOutcome::kTaken) return;
    SharedAttributes& level = session ? static_cast<SharedAttributes&>(out_) : out_.media.back();
    Attribute attribute{std::string(text.name), std::nullopt};
    if (!text.flag) attribute.value = text.value;
    level.other.push_back(std::move(attribute));
  }

  void fail(std::string_view expected) {
    failed_ = true;
    std::string message;
    // A description that ends too early has no line at fault.
    message = ended_ ? "the SDP ends after line " + std::to_string(number_) : describe_line(number_, line_);
    error_ = {ErrorCode::kInvalidArgument, quote_line(line_),
              message + "; expected " + std::string(expected)};
  }
  void limit(std::string_view what, std::size_t most) {
    failed_ = true;
    error_ = {ErrorCode::kLimitExceeded, quote_line(line_),
              describe_line(number_, line_) + "; expected at most " + std::to_string(most) + ' ' +
                  std::string(what)};
  }

  std::string_view rest_;
  std::string_view line_;
  std::size_t number_ = 0;
  std::size_t attributes_ = 0;
  Expect expected_ = Expect::kVersion;
  bool ended_ = false;
  SessionDescription out_;
  bool failed_ = false;
  Error error_;
};

}  // namespace

const Rtpmap* MediaDescription::rtpmap(std::uint8_t payload_type) const {
  const auto it = std::find_if(rtpmaps.begin(), rtpmaps.end(),
                               [&](const Rtpmap& m) { return m.payload_type == payload_type; });
  return it == rtpmaps.end() ? nullptr : &*it;
}

const Fmtp* MediaDescription::fmtp(std::uint8_t payload_type) const {
  const auto it =
      std::find_if(fmtps.begin(), fmtps.end(), [&](const Fmtp& f) { return f.payload_type == payload_type; });
  return it == fmtps.end() ? nullptr : &*it;
}

Result<SessionDescription> parse(std::string_view text) {
  return Parser(text).run();
}

}  // namespace sluice::sdp
