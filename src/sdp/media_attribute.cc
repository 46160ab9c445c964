// Attributes of an m= section.
#include <algorithm>

#include "sdp/attribute.h"
#include "sdp/text.h"

namespace sluice::sdp {
namespace {

std::optional<std::uint8_t> parse_payload_type(std::string_view text) {
  const auto number = parse_number<std::uint8_t>(text);
  return number && *number < 128 ? number : std::nullopt;
}

/// PT NAME/CLOCK[/CHANNELS]
AttributeResult parse_rtpmap(std::string_view value, MediaDescription& out) {
  constexpr AttributeResult kExpected =
      malformed("\"rtpmap:<payload type 0 to 127> <encoding>/<clock rate>[/<channels>]\"");
  const auto parts = words(value);
  if (parts.size() != 2) return kExpected;
  const auto payload_type = parse_payload_type(parts[0]);
  std::string_view rest = parts[1];
  const std::string_view encoding = take_until(rest, '/');
  const auto clock_rate = parse_number<std::uint32_t>(take_until(rest, '/'));
  if (!payload_type || encoding.empty() || !clock_rate || *clock_rate == 0) return kExpected;
  Rtpmap map{*payload_type, std::string(encoding), *clock_rate, std::nullopt};
  if (!rest.empty() && !(map.channels = parse_number<std::uint8_t>(rest))) return kExpected;
  out.rtpmaps.push_back(std::move(map));
  return kTaken;
}

/// PT CONFIG. Other formats than payload types are not ours.
AttributeResult parse_fmtp(std::string_view value, MediaDescription& out) {
  const auto payload_type = parse_payload_type(take_until(value, ' '));
  if (!payload_type) return kUnknown;
  out.fmtps.push_back({*payload_type, std::string(trim(value))});
  return kTaken;
}

/// (PT | "*") TYPE [PARAMETER]
AttributeResult parse_rtcp_fb(std::string_view value, MediaDescription& out) {
  constexpr AttributeResult kExpected = malformed("\"rtcp-fb:<payload type or *> <type> [<parameter>]\"");
  const std::string_view which = take_word(value);
  RtcpFb fb;
  if (which != "*" && !(fb.payload_type = parse_payload_type(which))) return kExpected;
  fb.type = take_word(value);
  if (fb.type.empty()) return kExpected;
  fb.parameter = trim(value);
  out.rtcp_fbs.push_back(std::move(fb));
  return kTaken;
}

/// Milliseconds, perhaps with a fraction (RFC 8866 §6.4), in microseconds; finer fractions are cut off.
std::optional<std::uint32_t> parse_packet_time(std::string_view value) {
  constexpr std::uint32_t kMostMs = 60'000;
  std::string_view fraction = trim(value);
  const auto ms = parse_number<std::uint32_t>(take_until(fraction, '.'));
  if (!ms || *ms > kMostMs || value.ends_with('.')) return std::nullopt;
  std::uint32_t us = *ms * 1000;
  std::uint32_t unit = 100;
  for (const char c : fraction) {
    if (c < '0' || c > '9') return std::nullopt;
    us += static_cast<std::uint32_t>(c - '0') * unit;
    unit /= 10;
  }
  return us == 0 ? std::nullopt : std::optional(us);
}

/// RFC 8829 §5.8.2: read for its form, and of no use with ICE: "PORT [IN IP4|IP6 ADDRESS]" (RFC 3605 §2.1).
AttributeResult check_rtcp(std::string_view value) {
  const auto parts = words(value);
  const bool address = parts.size() == 4 && parts[1] == "IN" && (parts[2] == "IP4" || parts[2] == "IP6");
  const bool port = !parts.empty() && parse_number<std::uint16_t>(parts[0]);
  if (port && (parts.size() == 1 || address)) return kUnknown;
  return malformed("\"rtcp:<port>\", or \"rtcp:<port> IN IP4|IP6 <address>\"");
}

/// The same for a list of "COMPONENT ADDRESS PORT" (RFC 8839 §5.2).
AttributeResult check_remote_candidates(std::string_view value) {
  const auto parts = words(value);
  bool good = !parts.empty() && parts.size() % 3 == 0;
  for (std::size_t i = 0; good && i < parts.size(); i += 3)
    good = parse_number<std::uint16_t>(parts[i]) && parse_number<std::uint16_t>(parts[i + 2]);
  return good ? kUnknown : malformed("\"remote-candidates:<component> <address> <port>\", once or more");
}

/// STREAM [TRACK]
AttributeResult parse_msid(std::string_view value, MediaDescription& out) {
  const auto parts = words(value);
  if (parts.empty() || parts.size() > 2) return malformed("\"msid:<stream> [<track>]\"");
  out.msids.push_back({std::string(parts[0]), parts.size() == 2 ? std::string(parts[1]) : std::string()});
  return kTaken;
}

/// SSRC NAME[:VALUE]
AttributeResult parse_ssrc(std::string_view value, MediaDescription& out) {
  const auto ssrc = parse_number<std::uint32_t>(take_until(value, ' '));
  const std::size_t colon = value.find(':');
  const std::string_view name = value.substr(0, colon);
  if (!ssrc || name.empty()) return malformed("\"ssrc:<number> <attribute>[:<value>]\"");
  SsrcAttribute attribute{*ssrc, std::string(name), std::nullopt};
  if (colon != std::string_view::npos) attribute.value = value.substr(colon + 1);
  out.ssrcs.push_back(std::move(attribute));
  return kTaken;
}

/// SEMANTICS *SSRC
AttributeResult parse_ssrc_group(std::string_view value, MediaDescription& out) {
  constexpr AttributeResult kExpected = malformed("\"ssrc-group:<semantics> <ssrc> ...\"");
  SsrcGroup group{std::string(take_word(value)), {}};
  if (group.semantics.empty()) return kExpected;
  for (std::string_view word : words(value)) {
    const auto ssrc = parse_number<std::uint32_t>(word);
    if (!ssrc) return kExpected;
    group.ssrcs.push_back(*ssrc);
  }
  out.ssrc_groups.push_back(std::move(group));
  return kTaken;
}

/// RFC 8852 §3.3: letters, digits; RFC 8851 §10 also allows - and _.
bool is_rid(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

/// ID ("send" | "recv") [RESTRICTIONS]
AttributeResult parse_rid(std::string_view value, MediaDescription& out) {
  Rid rid;
  rid.id = take_word(value);
  const std::string_view direction = take_word(value);
  if (!is_rid(rid.id) || (direction != "send" && direction != "recv"))
    return malformed("\"rid:<letters, digits, - or _> send|recv [<restrictions>]\"");
  rid.send = direction == "send";
  rid.restrictions = trim(value);
  out.rids.push_back(std::move(rid));
  return kTaken;
}

constexpr std::size_t kMaxSimulcastRids = 64;  // no sender has as many

/// a,~b;c
std::optional<Simulcast::Streams> parse_streams(std::string_view text) {
  Simulcast::Streams streams;
  std::size_t rids = 0;
  while (!text.empty()) {
    std::string_view list = take_until(text, ';');
    auto& stream = streams.emplace_back();
    while (!list.empty()) {
      std::string_view rid = take_until(list, ',');
      const bool paused = !rid.empty() && rid.front() == '~';
      if (paused) rid.remove_prefix(1);
      if (!is_rid(rid) || ++rids > kMaxSimulcastRids) return std::nullopt;
      stream.push_back({std::string(rid), paused});
    }
    if (stream.empty()) return std::nullopt;
  }
  return streams;
}

/// ("send" | "recv") STREAMS [("send" | "recv") STREAMS]
AttributeResult parse_simulcast(std::string_view value, MediaDescription& out) {
  constexpr AttributeResult kExpected =
      malformed("\"simulcast:send <rid>;<rid>...\", or recv, or both, with at most 64 rids");
  Simulcast simulcast;
  const auto parts = words(value);
  if (parts.size() != 2 && parts.size() != 4) return kExpected;
  for (std::size_t i = 0; i < parts.size(); i += 2) {
    if (parts[i] != "send" && parts[i] != "recv") return kExpected;
    auto streams = parse_streams(parts[i + 1]);
    auto& into = parts[i] == "send" ? simulcast.send : simulcast.recv;
    if (!streams || !into.empty()) return kExpected;
    into = std::move(*streams);
  }
  out.simulcast = std::move(simulcast);
  return kTaken;
}

AttributeResult parse_candidate_line(std::string_view value, MediaDescription& out) {
  CandidateResult result = parse_candidate(value);
  if (result.candidate) {
    out.candidates.push_back(std::move(*result.candidate));
    return kTaken;
  }
  return result.error == CandidateError::kUnknownKind ? kUnknown : malformed(result.expected);
}

bool take_flag(std::string_view name, MediaDescription& out) {
  if (name == "rtcp-mux") return out.rtcp_mux = true;
  if (name == "rtcp-mux-only") return out.rtcp_mux_only = true;
  if (name == "rtcp-rsize") return out.rtcp_rsize = true;
  if (name == "bundle-only") return out.bundle_only = true;
  if (name == "end-of-candidates") return out.end_of_candidates = true;
  return false;
}

}  // namespace

AttributeResult parse_media_attribute(const AttributeText& text, MediaDescription& out) {
  const auto [name, value, flag] = text;
  if (flag) return take_flag(name, out) ? kTaken : parse_shared_attribute(text, out);
  if (name == "rtpmap") return parse_rtpmap(value, out);
  if (name == "fmtp") return parse_fmtp(value, out);
  if (name == "rtcp-fb") return parse_rtcp_fb(value, out);
  if (name == "msid") return parse_msid(value, out);
  if (name == "ssrc") return parse_ssrc(value, out);
  if (name == "ssrc-group") return parse_ssrc_group(value, out);
  if (name == "rid") return parse_rid(value, out);
  if (name == "simulcast") return parse_simulcast(value, out);
  if (name == "candidate") return parse_candidate_line(value, out);
  if (name == "rtcp") return check_rtcp(value);
  if (name == "remote-candidates") return check_remote_candidates(value);
  if (name == "ptime" || name == "maxptime") {
    auto& time = name == "ptime" ? out.ptime : out.maxptime;
    time = parse_packet_time(value);
    return time ? kTaken : malformed("\"ptime:\" or \"maxptime:\" with milliseconds above 0, at most 60000");
  }
  if (name == "mid") {
    const auto parts = words(value);
    if (parts.size() != 1 || parts[0].size() > 255)
      return malformed("\"mid:\" with one token of at most 255 characters");
    out.mid = parts[0];
    return kTaken;
  }
  if (name == "sctp-port") {
    out.sctp_port = parse_number<std::uint16_t>(value);
    return out.sctp_port ? kTaken : malformed("\"sctp-port:\" with a number from 0 to 65535");
  }
  if (name == "max-message-size") {
    out.max_message_size = parse_number<std::uint64_t>(value);
    return out.max_message_size ? kTaken : malformed("\"max-message-size:\" with a number of bytes");
  }
  return parse_shared_attribute(text, out);
}

}  // namespace sluice::sdp
