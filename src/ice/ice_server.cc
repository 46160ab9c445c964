#include "ice/ice_server.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "sluice/address.h"

namespace sluice::ice {
namespace {

constexpr std::size_t kMaxHost = 255;      // RFC 1035 §2.3.4
constexpr std::size_t kMaxUsername = 508;  // RFC 8489 §14.3: fewer than 509 bytes
constexpr std::size_t kMaxCredential = 763;

struct Scheme {
  std::string_view name;
  ServerKind kind;
  bool secure;
};
constexpr Scheme kSchemes[] = {{"stun", ServerKind::kStun, false},
                               {"stuns", ServerKind::kStun, true},
                               {"turn", ServerKind::kTurn, false},
                               {"turns", ServerKind::kTurn, true}};

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 100;
  std::string out = "'";
  out += text.substr(0, kShown);
  if (text.size() > kShown) out += "…";
  return out + "'";
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Why `text` is not a port, or empty. RFC 3986 §3.2.3 has digits only.
std::string read_port(std::string_view text, std::uint16_t& port) {
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, port);
  if (error == std::errc{} && at == end && port != 0) return {};
  return "the port must be a number from 1 to 65535, not " + quoted(text);
}

/// Why `text` is not host [":" port], or empty.
std::string read_host_and_port(std::string_view text, IceServer& server) {
  std::string_view rest;
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return "the IPv6 address has no closing ']'";
    server.host = text.substr(1, close - 1);
    const auto address = SocketAddress::parse(server.host, 0);
    if (!address || server.host.find(':') == std::string::npos)
      return "there must be an IPv6 address between '[' and ']', not " + quoted(server.host);
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    server.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    if (rest.size() > 1 && rest.find(':', 1) != std::string_view::npos)
      return "an IPv6 address stands between '[' and ']'";
    if (server.host.empty()) return "there is no host";
    if (server.host.size() > kMaxHost || !std::all_of(server.host.begin(), server.host.end(), is_name_char))
      return quoted(server.host) + " is not a host name";
  }
  if (rest.empty()) return {};
  if (rest.front() != ':') return "only ':port' may follow the host, not " + quoted(rest);
  return read_port(rest.substr(1), server.port);
}

/// Why the part after '?' is not what this scheme takes, or empty.
std::string read_query(std::string_view query, const Scheme& scheme, IceServer& server) {
  if (scheme.kind == ServerKind::kStun)
    return std::string(scheme.name) + ": takes no '?" + std::string(query) + "' (RFC 7064 §3.1)";
  constexpr std::string_view kName = "transport=";
  if (query.substr(0, kName.size()) != kName)
    return "after '?' only 'transport=udp' or 'transport=tcp' may stand, not " + quoted(query);
  const std::string transport = lower(query.substr(kName.size()));
  if (transport == "udp") {
    server.transport = scheme.secure ? ServerTransport::kDtls : ServerTransport::kUdp;
  } else if (transport == "tcp") {
    server.transport = scheme.secure ? ServerTransport::kTls : ServerTransport::kTcp;
  } else {
    return "the transport must be 'udp' or 'tcp', not " + quoted(query.substr(kName.size()));
  }
  return {};
}

std::string read_url(std::string_view url, IceServer& server) {
  if (const auto space = std::find_if(url.begin(), url.end(), is_space); space != url.end()) {
    return "there is a space after " + quoted(url.substr(0, static_cast<std::size_t>(space - url.begin()))) +
           ", and none may be in a URL";
  }
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos) return "a URL starts with 'stun:', 'stuns:', 'turn:' or 'turns:'";
  const std::string name = lower(url.substr(0, colon));
  const auto* scheme =
      std::find_if(std::begin(kSchemes), std::end(kSchemes), [&](const Scheme& s) { return s.name == name; });
  if (scheme == std::end(kSchemes))
    return "the scheme must be 'stun', 'stuns', 'turn' or 'turns', not " + quoted(url.substr(0, colon));
  std::string_view rest = url.substr(colon + 1);
  if (rest.substr(0, 2) == "//") return "no '//' follows the scheme: it is '" + name + ":host'";
  server.kind = scheme->kind;
  server.transport = scheme->secure ? ServerTransport::kTls : ServerTransport::kUdp;
  server.port = scheme->secure ? 5349 : 3478;  // RFC 7064 §3.2, RFC 7065 §3.2
  const std::size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    if (std::string why = read_query(rest.substr(question + 1), *scheme, server); !why.empty()) return why;
    rest = rest.substr(0, question);
  }
  return read_host_and_port(rest, server);
}

/// What is wrong with a TURN server's user name and credential (W3C WebRTC §4.4.1.6, RTCIceServer's checks).
std::optional<Error> check_credentials(const IceServerConfig& config, const std::string& field) {
  const auto missing = [&](const std::optional<std::string>& value) { return !value || value->empty(); };
  if (missing(config.username))
    return invalid_argument(field + ".username", "a TURN server needs a username (InvalidAccessError)");
  if (missing(config.credential))
    return invalid_argument(field + ".credential", "a TURN server needs a credential (InvalidAccessError)");
  if (config.username->size() > kMaxUsername)
    return invalid_argument(field + ".username", "a username has at most 508 bytes (RFC 8489 §14.3)");
  if (config.credential->size() > kMaxCredential)
    return invalid_argument(field + ".credential", "a credential has at most 763 bytes");
  return std::nullopt;
}

}  // namespace

Result<IceServer> parse_server_url(std::string_view url, std::string_view field) {
  IceServer server;
  server.url = url;
  if (const std::string why = read_url(url, server); !why.empty())
    return invalid_argument(std::string(field), quoted(url) + " is not a STUN or TURN URL: " + why);
  return server;
}

Result<std::vector<IceServer>> parse_ice_servers(std::span<const IceServerConfig> servers) {
  std::vector<IceServer> out;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const IceServerConfig& config = servers[i];
    const std::string field = "iceServers[" + std::to_string(i) + "]";
    const std::string type = config.credential_type.value_or("password");
    if (type == "oauth")
      return Error{ErrorCode::kUnsupported, field + ".credentialType",
                   "credentialType 'oauth' (RFC 7635) is not supported, only 'password'"};
    if (type != "password")
      return invalid_argument(field + ".credentialType",
                              "credentialType must be 'password', not " + quoted(type));
    if (config.urls.empty()) return invalid_argument(field + ".urls", "a server needs at least one URL");
    for (std::size_t j = 0; j < config.urls.size(); ++j) {
      const std::string at = field + ".urls" + (config.urls.size() == 1 ? "" : "[" + std::to_string(j) + "]");
      auto server = parse_server_url(config.urls[j], at);
      if (!server) return server.error();
      if (server->kind == ServerKind::kTurn) {
        if (auto error = check_credentials(config, field)) return *std::move(error);
        server->username = *config.username;
        server->credential = *config.credential;
      }
      if (out.size() == kMaxServerUrls)
        return Error{ErrorCode::kLimitExceeded, at,
                     "at most " + std::to_string(kMaxServerUrls) + " URLs are taken"};
      out.push_back(*std::move(server));
    }
  }
  return out;
}

}  // namespace sluice::ice
