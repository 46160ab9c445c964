// candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE [raddr A] [rport P] *(NAME VALUE)
#include "sdp/candidate.h"

#include <algorithm>

#include "sdp/text.h"

namespace sluice::sdp {
namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

template <typename Enum>
std::optional<Enum> find_name(std::string_view text, std::initializer_list<Enum> all) {
  for (Enum e : all)
    if (equal_ignoring_case(text, sluice::to_string(e))) return e;
  return std::nullopt;
}

CandidateResult bad_candidate(std::string_view expected) {
  return {std::nullopt, CandidateError::kMalformed, expected};
}

CandidateResult unknown_kind() {
  return {std::nullopt, CandidateError::kUnknownKind, "a transport and type known to ICE"};
}

/// A value that can stand as one word, of a sane length.
bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= 255;
}

/// Everything behind the type, pair by pair.
bool parse_extensions(std::string_view rest, Candidate& out, bool& known) {
  for (std::string_view name = take_word(rest); !name.empty(); name = take_word(rest)) {
    const std::string_view value = take_word(rest);
    if (value.empty()) return false;
    if (name == "raddr") {
      out.related_address = value;
    } else if (name == "rport") {
      out.related_port = parse_number<std::uint16_t>(value);
      if (!out.related_port) return false;
    } else if (name == "tcptype") {
      out.ice.tcp_type = find_name(value, {IceTcpType::kActive, IceTcpType::kPassive, IceTcpType::kSo});
      if (!out.ice.tcp_type) known = false;
    } else {
      out.extensions.emplace_back(name, value);
    }
  }
  return true;
}

}  // namespace

std::string_view Candidate::extension(std::string_view name) const {
  for (const auto& [key, value] : extensions)
    if (key == name) return value;
  return {};
}

CandidateResult parse_candidate(std::string_view value) {
  Candidate out;
  const std::string_view foundation = take_word(value);
  if (!is_ice_text(foundation, 1, 32))
    return bad_candidate("a foundation of 1 to 32 letters, digits, + or /");
  out.ice.foundation = foundation;
  const auto component = parse_number<std::uint16_t>(take_word(value));
  if (!component || *component < 1 || *component > 256) return bad_candidate("a component id from 1 to 256");
  out.component = *component;
  const std::string_view transport = take_word(value);
  if (transport.empty()) return bad_candidate("a transport such as \"udp\"");
  const auto priority = parse_number<std::uint32_t>(take_word(value));
  if (!priority) return bad_candidate("a priority from 0 to 4294967295");
  out.ice.priority = *priority;
  const std::string_view address = take_word(value);
  if (!is_address(address)) return bad_candidate("an IP address or host name");
  out.ice.address = address;
  const auto port = parse_number<std::uint16_t>(take_word(value));
  if (!port) return bad_candidate("a port from 0 to 65535");
  out.ice.port = *port;
  if (take_word(value) != "typ") return bad_candidate("\"typ\" and a candidate type");
  const std::string_view type = take_word(value);
  if (type.empty()) return bad_candidate("a candidate type such as \"host\"");

  bool known = true;
  if (!parse_extensions(value, out, known)) return bad_candidate("attributes in pairs of name and value");
  const auto protocol = find_name(transport, {IceProtocol::kUdp, IceProtocol::kTcp});
  const auto kind = find_name(type, {IceCandidateType::kHost, IceCandidateType::kSrflx,
                                     IceCandidateType::kPrflx, IceCandidateType::kRelay});
  if (!protocol || !kind || !known) return unknown_kind();
  // RFC 6544 §4.5: a TCP candidate without tcptype is of an older draft.
  if (*protocol == IceProtocol::kTcp && !out.ice.tcp_type) return unknown_kind();
  out.ice.protocol = *protocol;
  out.ice.type = *kind;
  return {std::move(out), CandidateError::kMalformed, {}};
}

std::string write_candidate(const Candidate& c) {
  std::string out = c.ice.foundation + ' ' + std::to_string(c.component) + ' ';
  out += sluice::to_string(c.ice.protocol);
  out +=
      ' ' + std::to_string(c.ice.priority) + ' ' + c.ice.address + ' ' + std::to_string(c.ice.port) + " typ ";
  out += sluice::to_string(c.ice.type);
  if (!c.related_address.empty()) out += " raddr " + c.related_address;
  if (c.related_port) out += " rport " + std::to_string(*c.related_port);
  if (c.ice.tcp_type) {
    out += " tcptype ";
    out += sluice::to_string(*c.ice.tcp_type);
  }
  for (const auto& [name, value] : c.extensions) {
    for (const std::string_view part : {std::string_view(name), std::string_view(value)}) {
      out += ' ';
      out += part;
    }
  }
  return out;
}

}  // namespace sluice::sdp
