#include "rules.h"

#include <algorithm>
#include <array>

#include "sdp/sdp.h"

namespace sluice::negotiate::testing {
namespace {

std::string has_no(std::string_view text, std::string_view line) {
  return text.find(line) == std::string_view::npos ? std::string() : "has " + std::string(line);
}

std::string head(std::string_view text) {
  constexpr std::string_view kStart = "v=0\r\no=- ";
  if (!text.starts_with(kStart)) return "does not begin with v=0 and o=-";
  if (text.find("\r\ns=-\r\nt=0 0\r\n") == std::string_view::npos) return "lacks s=- or t=0 0 after it";
  return {};
}

/// RFC 8829 §5.2.1: 63 bits, and an address that says nothing.
std::string origin(std::string_view text) {
  const auto parsed = sdp::parse(text);
  if (!parsed) return parsed.error().message;
  if (parsed->origin.session_id >> 63 != 0) return "the session id has more than 63 bits";
  return parsed->origin.address == "0.0.0.0" ? std::string() : "o= has " + parsed->origin.address;
}

std::string connection(std::string_view text) {
  for (std::size_t at = text.find("\r\nm="); at != std::string_view::npos; at = text.find("\r\nm=", at + 2))
    if (!text.substr(text.find("\r\n", at + 2)).starts_with("\r\nc="))
      return "an m= line without c= behind it";
  return {};
}

std::string round_trip(std::string_view text) {
  const auto parsed = sdp::parse(text);
  if (!parsed) return parsed.error().message;
  const std::string written = sdp::write(*parsed);
  if (written != text) return "is written otherwise than it was read";
  return *sdp::parse(written) == *parsed ? std::string() : "is read otherwise when it is written again";
}

std::string no_old_keys(std::string_view text) {
  for (const char* line : {"\r\na=crypto", "\r\na=key-mgmt", "\r\nk="})
    if (auto found = has_no(text, line); !found.empty()) return found;
  return {};
}

/// Of Opus 120 ms (RFC 7587 §6.1), of what RFC 3551 describes 200 (§4.2).
std::string max_packet_time(std::string_view text) {
  const auto parsed = sdp::parse(text);
  for (const sdp::MediaDescription& m : parsed->media) {
    if (m.port == 0 && !m.bundle_only) continue;
    std::optional<std::uint32_t> expected;
    if (m.media == "audio") expected = 200'000;
    for (const sdp::Rtpmap& map : m.rtpmaps)
      if (map.encoding == "opus") expected = 120'000;
    if (m.maxptime != expected) return "has a=maxptime or not, wrongly, in m=" + m.media;
  }
  return {};
}

std::string no_session_lines(std::string_view text) {
  for (const char* line : {"\r\ni=", "\r\nu=", "\r\ne=", "\r\np=", "\r\nr=", "\r\nz="})
    if (auto found = has_no(text, line); !found.empty()) return found;
  return {};
}

constexpr std::array kTextRules = {
    TextRule{"RFC 8829 §5.2.1", "v=0, o=-, s=- and t=0 0 come first", head},
    TextRule{"RFC 8829 §5.2.1", "o= has a session id of 63 bits and a meaningless address", origin},
    TextRule{"RFC 8829 §5.2.1", "i=, u=, e=, p=, r= and z= are left out", no_session_lines},
    TextRule{"RFC 8829 §5.2.1", "there is no a=crypto, a=key-mgmt or k=", no_old_keys},
    TextRule{"RFC 8829 §5.2.1, §5.3.1", "a=maxptime is the least of what the codecs of an audio m-line have",
             max_packet_time},
    TextRule{"RFC 8829 §5.2.1", "c= follows m= at once", connection},
    TextRule{"RFC 8866 §5", "parse, write and parse again give the same", round_trip},
};

}  // namespace

std::span<const TextRule> text_rules() {
  return kTextRules;
}

bool is_data(const sdp::MediaDescription& media) {
  return media.media == "application";
}

std::string broken_data(const sdp::MediaDescription& media) {
  if (media.max_message_size != 262144U) return "has no a=max-message-size of ours";
  if (media.formats.size() != 1) return "has not one format";
  if (media.protocol != "DTLS/SCTP" && media.sctp_port != 5000) return "has no a=sctp-port of ours";
  const bool rtp = media.rtcp_mux || media.rtcp_mux_only || media.rtcp_rsize || !media.extmaps.empty() ||
                   !media.rtpmaps.empty() || !media.msids.empty() || media.extmap_allow_mixed;
  return rtp ? "has attributes of RTP" : "";
}

const sdp::Group& bundle_of(const sdp::SessionDescription& description) {
  static const sdp::Group kNone{"BUNDLE", {}};
  const auto it = std::find_if(description.groups.begin(), description.groups.end(),
                               [](const sdp::Group& g) { return g.semantics == "BUNDLE"; });
  return it == description.groups.end() ? kNone : *it;
}

bool is_in(std::span<const std::string> list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

sdp::Direction direction_of(const sdp::SessionDescription& description, const sdp::MediaDescription& media) {
  return media.direction.value_or(description.direction.value_or(sdp::Direction::kSendRecv));
}

}  // namespace sluice::negotiate::testing
