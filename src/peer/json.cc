// Descriptions, candidates and configurations as the JSON that browsers write.
#include <nlohmann/json.hpp>

#include "sluice/peer_configuration.h"
#include "sluice/session_description.h"

namespace sluice {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxJson = 1 << 20;

/// Never throws.
Result<json> parse(std::string_view text, std::string_view what) {
  if (text.size() > kMaxJson)
    return Error{ErrorCode::kLimitExceeded, std::string(what),
                 "the JSON has " + std::to_string(text.size()) + " bytes; at most 1 MiB is taken"};
  json out = json::parse(text, nullptr, false);
  if (out.is_discarded()) return invalid_argument(std::string(what), "not JSON");
  return out;
}

Result<std::string> string_of(const json& value, const std::string& field) {
  if (!value.is_string())
    return invalid_argument(field, field + " is " + value.type_name() + "; expected a string");
  return value.get<std::string>();
}

Result<IceServer> server_of(const json& value, const std::string& field) {
  if (!value.is_object())
    return invalid_argument(field, field + " is " + value.type_name() + "; expected an object");
  IceServer out;
  for (const auto& [name, member] : value.items()) {
    const std::string at = field + "." + name;
    if (name == "urls" || name == "url") {  // the second: of old programs
      if (member.is_array()) {
        for (std::size_t i = 0; i < member.size(); ++i) {
          auto url = string_of(member[i], at + "[" + std::to_string(i) + "]");
          if (!url) return url.error();
          out.urls.push_back(*url);
        }
        continue;
      }
      auto url = string_of(member, at);
      if (!url)
        return invalid_argument(at,
                                at + " is " + member.type_name() + "; expected a string or an array of them");
      out.urls.push_back(*url);
      continue;
    }
    std::optional<std::string>* into = name == "username"         ? &out.username
                                       : name == "credential"     ? &out.credential
                                       : name == "credentialType" ? &out.credential_type
                                                                  : nullptr;
    if (into == nullptr)
      return invalid_argument(at, "\"" + name +
                                      "\" is no member of an RTCIceServer; expected urls, username, "
                                      "credential or credentialType");
    auto text = string_of(member, at);
    if (!text) return text.error();
    *into = *text;
  }
  return out;
}

Result<void> expect(const json& value, const std::string& name, const json& only) {
  if (value == only) return {};
  return Error{ErrorCode::kUnsupported, name,
               name + " is " + value.dump() + "; expected " + only.dump() + ", which is all there is"};
}

}  // namespace

std::string to_json(const SessionDescription& description) {
  return json{{"type", std::string(to_string(description.type))}, {"sdp", description.sdp}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

Result<SessionDescription> session_description_from_json(std::string_view text) {
  auto value = parse(text, "description");
  if (!value) return value.error();
  if (!value->is_object()) return invalid_argument("description", "expected an object with type and sdp");
  SessionDescription out;
  auto type = string_of(value->value("type", json()), "type");
  if (!type) return type.error();
  bool known = false;
  for (const SdpType t : {SdpType::kOffer, SdpType::kAnswer, SdpType::kPranswer, SdpType::kRollback}) {
    if (to_string(t) != *type) continue;
    out.type = t;
    known = true;
  }
  if (!known)
    return invalid_argument("type",
                            "type is \"" + *type + "\"; expected offer, answer, pranswer or rollback");
  if (out.type == SdpType::kRollback && !value->contains("sdp")) return out;
  auto sdp = string_of(value->value("sdp", json()), "sdp");
  if (!sdp) return sdp.error();
  out.sdp = *sdp;
  return out;
}

std::string to_json(const IceCandidateInit& candidate) {
  json out{{"candidate", candidate.candidate}};
  out["sdpMid"] = candidate.sdp_mid ? json(*candidate.sdp_mid) : json();
  out["sdpMLineIndex"] = candidate.sdp_m_line_index ? json(*candidate.sdp_m_line_index) : json();
  if (candidate.username_fragment) out["usernameFragment"] = *candidate.username_fragment;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<IceCandidateInit> ice_candidate_from_json(std::string_view text) {
  auto value = parse(text, "candidate");
  if (!value) return value.error();
  IceCandidateInit out;
  if (value->is_null()) return out;
  if (!value->is_object()) return invalid_argument("candidate", "expected an object or null");
  const auto member = [&](const char* name) { return value->value(name, json()); };
  if (const json c = member("candidate"); !c.is_null()) {
    auto string = string_of(c, "candidate");
    if (!string) return string.error();
    out.candidate = *string;
  }
  if (const json mid = member("sdpMid"); !mid.is_null()) {
    auto string = string_of(mid, "sdpMid");
    if (!string) return string.error();
    out.sdp_mid = *string;
  }
  if (const json index = member("sdpMLineIndex"); !index.is_null()) {
    if (!index.is_number_unsigned() || index.get<std::uint64_t>() > 65'535)
      return invalid_argument("sdpMLineIndex", "sdpMLineIndex is " + index.dump() + "; expected 0 to 65535");
    out.sdp_m_line_index = static_cast<std::uint16_t>(index.get<std::uint64_t>());
  }
  if (const json ufrag = member("usernameFragment"); !ufrag.is_null()) {
    auto string = string_of(ufrag, "usernameFragment");
    if (!string) return string.error();
    out.username_fragment = *string;
  }
  return out;
}

Result<Configuration> configuration_from_json(std::string_view text) {
  auto value = parse(text, "configuration");
  if (!value) return value.error();
  if (!value->is_object()) return invalid_argument("configuration", "expected an object");
  Configuration out;
  for (const auto& [name, member] : value->items()) {
    if (name == "iceServers") {
      if (!member.is_array())
        return invalid_argument(name, name + " is " + member.type_name() + "; expected an array");
      for (std::size_t i = 0; i < member.size(); ++i) {
        auto server = server_of(member[i], "iceServers[" + std::to_string(i) + "]");
        if (!server) return server.error();
        out.ice_servers.push_back(*server);
      }
    } else if (name == "iceTransportPolicy") {
      if (member != "all" && member != "relay")
        return invalid_argument(name, name + " is " + member.dump() + "; expected \"all\" or \"relay\"");
      if (member == "relay") out.ice_transport_policy = IceTransportPolicy::kRelay;
    } else if (name == "bundlePolicy") {
      if (auto checked = expect(member, name, "max-bundle"); !checked) return checked.error();
    } else if (name == "rtcpMuxPolicy") {
      if (auto checked = expect(member, name, "require"); !checked) return checked.error();
    } else if (name == "iceCandidatePoolSize") {
      if (auto checked = expect(member, name, 0); !checked) return checked.error();
    } else {
      return invalid_argument(name, "\"" + name +
                                        "\" is not known; expected iceServers, iceTransportPolicy, "
                                        "bundlePolicy, rtcpMuxPolicy or iceCandidatePoolSize");
    }
  }
  return out;
}

}  // namespace sluice
