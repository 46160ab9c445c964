// iceServers in all the forms that users write them, and what is wrong with the wrong ones.
#include "ice/ice_server.h"

#include "catch.h"

namespace sluice::ice {
namespace {

struct Good {
  const char* url;
  ServerKind kind;
  ServerTransport transport;
  const char* host;
  std::uint16_t port;
};

TEST_CASE("URLs of RFC 7064 and RFC 7065 are taken apart") {
  const Good cases[] = {
      {"stun:stun.l.google.com:19302", ServerKind::kStun, ServerTransport::kUdp, "stun.l.google.com", 19302},
      {"stun:example.org", ServerKind::kStun, ServerTransport::kUdp, "example.org", 3478},
      {"STUN:example.org", ServerKind::kStun, ServerTransport::kUdp, "example.org", 3478},
      {"stuns:example.org", ServerKind::kStun, ServerTransport::kTls, "example.org", 5349},
      {"turn:192.0.2.1", ServerKind::kTurn, ServerTransport::kUdp, "192.0.2.1", 3478},
      {"turn:[2001:db8::1]:8000", ServerKind::kTurn, ServerTransport::kUdp, "2001:db8::1", 8000},
      {"turn:example.org?transport=udp", ServerKind::kTurn, ServerTransport::kUdp, "example.org", 3478},
      {"turn:example.org:80?transport=tcp", ServerKind::kTurn, ServerTransport::kTcp, "example.org", 80},
      {"turns:example.org", ServerKind::kTurn, ServerTransport::kTls, "example.org", 5349},
      {"turns:example.org:443?transport=TCP", ServerKind::kTurn, ServerTransport::kTls, "example.org", 443},
      {"turns:example.org?transport=udp", ServerKind::kTurn, ServerTransport::kDtls, "example.org", 5349}};
  for (const Good& c : cases) {
    INFO(c.url);
    const auto server = parse_server_url(c.url);
    REQUIRE(server.ok());
    CHECK(server->kind == c.kind);
    CHECK(server->transport == c.transport);
    CHECK(server->host == c.host);
    CHECK(server->port == c.port);
    CHECK(server->url == c.url);
  }
}

TEST_CASE("what is wrong with a URL is said") {
  const std::pair<const char*, const char*> cases[] = {
      {"turn: 54.149.135.227:3478", "there is a space after 'turn:', and none may be in a URL"},
      {"stun: stun.l.google.com:19302", "there is a space after 'stun:', and none may be in a URL"},
      {"turn:a.example ", "there is a space after 'turn:a.example', and none may be in a URL"},
      {"", "a URL starts with 'stun:', 'stuns:', 'turn:' or 'turns:'"},
      {"example.org", "a URL starts with 'stun:', 'stuns:', 'turn:' or 'turns:'"},
      {"http:example.org", "the scheme must be 'stun', 'stuns', 'turn' or 'turns', not 'http'"},
      {"example.org:3478", "the scheme must be 'stun', 'stuns', 'turn' or 'turns', not 'example.org'"},
      {"turn://example.org", "no '//' follows the scheme: it is 'turn:host'"},
      {"turn:", "there is no host"},
      {"turn::3478", "there is no host"},
      {"turn:user@example.org", "'user@example.org' is not a host name"},
      {"turn:example.org:0", "the port must be a number from 1 to 65535, not '0'"},
      {"turn:example.org:65536", "the port must be a number from 1 to 65535, not '65536'"},
      {"turn:example.org:34x8", "the port must be a number from 1 to 65535, not '34x8'"},
      {"turn:example.org:", "the port must be a number from 1 to 65535, not ''"},
      {"turn:2001:db8::1", "an IPv6 address stands between '[' and ']'"},
      {"turn:[2001:db8::1", "the IPv6 address has no closing ']'"},
      {"turn:[192.0.2.1]", "there must be an IPv6 address between '[' and ']', not '192.0.2.1'"},
      {"turn:[::1]x", "only ':port' may follow the host, not 'x'"},
      {"turn:example.org?transport=sctp", "the transport must be 'udp' or 'tcp', not 'sctp'"},
      {"turn:example.org?ttl=5", "after '?' only 'transport=udp' or 'transport=tcp' may stand, not 'ttl=5'"},
      {"stun:example.org?transport=udp", "stun: takes no '?transport=udp' (RFC 7064 §3.1)"}};
  for (const auto& [url, why] : cases) {
    const auto server = parse_server_url(url, "iceServers[0].urls");
    INFO(url);
    REQUIRE_FALSE(server.ok());
    CHECK(server.error().field == "iceServers[0].urls");
    CHECK(server.error().message == "'" + std::string(url) + "' is not a STUN or TURN URL: " + why);
  }
}

IceServerConfig turn() {
  return {{"turn:example.org"}, "basscord", "limpbizkit", std::nullopt};
}

TEST_CASE("a configuration gives one server an URL, with its credentials") {
  IceServerConfig both = turn();
  both.urls.emplace_back("turn:example.org?transport=tcp");
  both.credential_type = "password";
  const IceServerConfig stun{{"stun:example.org"}, std::nullopt, std::nullopt, std::nullopt};
  const auto servers = parse_ice_servers(std::vector{stun, both});
  REQUIRE(servers.ok());
  REQUIRE(servers->size() == 3);
  CHECK((*servers)[0].username.empty());
  CHECK((*servers)[2].username == "basscord");
  CHECK((*servers)[2].credential == "limpbizkit");
  CHECK((*servers)[2].transport == ServerTransport::kTcp);
}

TEST_CASE("what is wrong with a configuration names the field") {
  const auto error = [](auto change) {
    std::vector<IceServerConfig> servers{turn(), turn()};
    change(servers[1]);
    const auto result = parse_ice_servers(servers);
    REQUIRE_FALSE(result.ok());
    return result.error().field + ": " + result.error().message;
  };
  CHECK(error([](auto& c) { c.credential_type = "passwd"; }) ==
        "iceServers[1].credentialType: credentialType must be 'password', not 'passwd'");
  CHECK(error([](auto& c) { c.credential_type = "oauth"; }) ==
        "iceServers[1].credentialType: credentialType 'oauth' (RFC 7635) is not supported, only 'password'");
  CHECK(error([](auto& c) { c.credential.reset(); }) ==
        "iceServers[1].credential: a TURN server needs a credential (InvalidAccessError)");
  CHECK(error([](auto& c) { c.username = ""; }) ==
        "iceServers[1].username: a TURN server needs a username (InvalidAccessError)");
  CHECK(error([](auto& c) { c.username = std::string(509, 'u'); }) ==
        "iceServers[1].username: a username has at most 508 bytes (RFC 8489 §14.3)");
  CHECK(error([](auto& c) { c.urls.clear(); }) == "iceServers[1].urls: a server needs at least one URL");
  CHECK(
      error([](auto& c) { c.urls.emplace_back("turn: 1.2.3.4"); }) ==
      "iceServers[1].urls[1]: 'turn: 1.2.3.4' is not a STUN or TURN URL: there is a space after 'turn:', and "
      "none may be in a URL");
  CHECK(error([](auto& c) { c.urls.assign(40, "turn:a"); }) ==
        "iceServers[1].urls[31]: at most 32 URLs are taken");
}

}  // namespace
}  // namespace sluice::ice
