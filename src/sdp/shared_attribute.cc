// Attributes of both levels, and those of the session alone.
#include <algorithm>

#include "sdp/attribute.h"
#include "sdp/text.h"

namespace sluice::sdp {
namespace {

std::optional<Direction> parse_direction(std::string_view text) {
  for (Direction d : {Direction::kSendRecv, Direction::kSendOnly, Direction::kRecvOnly, Direction::kInactive})
    if (text == to_string(d)) return d;
  return std::nullopt;
}

/// ALGORITHM HH:HH:…
AttributeResult parse_fingerprint(std::string_view value, SharedAttributes& out) {
  constexpr AttributeResult kExpected =
      malformed("\"fingerprint:<hash> <hexadecimal bytes joined by colons>\"");
  const auto parts = words(value);
  if (parts.size() != 2 || parts[1].size() % 3 != 2 || parts[1].size() > 64 * 3) return kExpected;
  for (std::size_t i = 0; i < parts[1].size(); ++i) {
    const char c = parts[1][i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (i % 3 == 2 ? c != ':' : !hex) return kExpected;
  }
  out.fingerprints.push_back({std::string(parts[0]), std::string(parts[1])});
  return kTaken;
}

/// RFC 8285 §6: 4096 to 4351 stand for ids that the answerer is to choose.
constexpr std::uint16_t kMaxExtmapId = 4351;

/// ID["/"DIRECTION] URI [ATTRIBUTES]
AttributeResult parse_extmap(std::string_view value, SharedAttributes& out) {
  constexpr AttributeResult kExpected =
      malformed("\"extmap:<id>[/<direction>] <uri>\" with an id from 1 to 4351");
  Extmap extmap;
  std::string_view number = take_word(value);
  const bool directed = number.find('/') != std::string_view::npos;
  const auto id = parse_number<std::uint16_t>(take_until(number, '/'));
  if (!id || *id < 1 || *id > kMaxExtmapId) return kExpected;
  extmap.id = *id;
  if (directed && !(extmap.direction = parse_direction(number))) return kExpected;
  extmap.uri = take_word(value);
  if (extmap.uri.empty()) return kExpected;
  extmap.attributes = trim(value);
  out.extmaps.push_back(std::move(extmap));
  return kTaken;
}

AttributeResult parse_setup(std::string_view value, SharedAttributes& out) {
  for (Setup s : {Setup::kActive, Setup::kPassive, Setup::kActpass, Setup::kHoldconn}) {
    if (value != to_string(s)) continue;
    out.setup = s;
    return kTaken;
  }
  return malformed("\"setup:\" with active, passive, actpass or holdconn");
}

/// RFC 8842 §4: 20 to 255 characters.
bool is_tls_id(std::string_view text) {
  if (text.size() < 20 || text.size() > 255) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_ice_char(c) || c == '-' || c == '_'; });
}

}  // namespace

std::string_view to_string(Direction direction) {
  constexpr std::string_view kNames[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
  return kNames[static_cast<std::size_t>(direction)];
}

std::string_view to_string(Setup setup) {
  constexpr std::string_view kNames[] = {"active", "passive", "actpass", "holdconn"};
  return kNames[static_cast<std::size_t>(setup)];
}

AttributeResult parse_shared_attribute(const AttributeText& text, SharedAttributes& out) {
  const auto [name, value, flag] = text;
  if (flag) {
    if (const auto direction = parse_direction(name)) {
      out.direction = direction;
      return kTaken;
    }
    if (name != "extmap-allow-mixed") return kUnknown;
    out.extmap_allow_mixed = true;
    return kTaken;
  }
  if (name == "ice-ufrag") {
    if (!is_ice_text(value, 4, 256)) return malformed("\"ice-ufrag:\" with 4 to 256 letters, digits, + or /");
    out.ice_ufrag = value;
    return kTaken;
  }
  if (name == "ice-pwd") {
    if (!is_ice_text(value, 22, 256)) return malformed("\"ice-pwd:\" with 22 to 256 letters, digits, + or /");
    out.ice_pwd = value;
    return kTaken;
  }
  if (name == "ice-options") {
    for (std::string_view option : words(value)) out.ice_options.emplace_back(option);
    return kTaken;
  }
  if (name == "fingerprint") return parse_fingerprint(value, out);
  if (name == "setup") return parse_setup(value, out);
  if (name == "tls-id") {
    if (!is_tls_id(value)) return malformed("\"tls-id:\" with 20 to 255 letters, digits, +, /, - or _");
    out.tls_id = value;
    return kTaken;
  }
  if (name == "extmap") return parse_extmap(value, out);
  return kUnknown;
}

AttributeResult parse_session_attribute(const AttributeText& text, SessionDescription& out) {
  if (text.flag && text.name == "ice-lite") {
    out.ice_lite = true;
    return kTaken;
  }
  if (!text.flag && text.name == "group") {
    auto parts = words(text.value);
    if (parts.empty()) return malformed("\"group:<semantics> <mids>\"");
    Group group{std::string(parts.front()), {}};
    group.mids.assign(parts.begin() + 1, parts.end());
    out.groups.push_back(std::move(group));
    return kTaken;
  }
  return parse_shared_attribute(text, out);
}

}  // namespace sluice::sdp
