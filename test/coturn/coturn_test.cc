// Full agents and a real TURN server, coturn, over loopback: candidates by UDP, TCP and TLS, calls that may
// only use relays, and what goes wrong with credentials, certificates and servers.
#include "coturn/coturn.h"

#include <array>

#include "catch.h"
#include "coturn/posix_owner.h"

namespace sluice::test {
namespace {

ice::IceServer server(const std::string& url, const std::string& user = "user",
                      const std::string& credential = "secret") {
  const std::vector<ice::IceServerConfig> config{{{url}, user, credential, std::nullopt}};
  return (*ice::parse_ice_servers(config))[0];
}

bool gather(PosixOwner& owner, PosixOwner::Peer& peer) {
  peer.agent->gather(PosixOwner::now());
  return owner.run_until([&] { return peer.agent->gathering_state() == ice::GatheringState::kComplete; },
                         15s);
}

/// 1000 datagrams each way, one after the other.
void exchange(PosixOwner& owner, PosixOwner::Peer& a, PosixOwner::Peer& b) {
  for (int i = 0; i < 1000; ++i) {
    const std::string text = "\x80" + std::to_string(i) + std::string(static_cast<std::size_t>(i), 'x');
    a.received.clear();
    b.received.clear();
    REQUIRE(a.agent->send(as_bytes(text), PosixOwner::now()));
    REQUIRE(b.agent->send(as_bytes(text), PosixOwner::now()));
    REQUIRE(owner.run_until([&] { return !a.received.empty() && !b.received.empty(); }, 5s));
    REQUIRE(a.received[0] == text);
    REQUIRE(b.received[0] == text);
  }
}

TEST_CASE("coturn gives server-reflexive and relayed candidates by UDP, TCP and TLS") {
  if (!Coturn::available()) return;
  Coturn coturn;
  PosixOwner owner;
  owner.ca_pem = coturn.certificate();
  std::vector<ice::IceServer> servers = {*ice::parse_server_url(coturn.url("stun"))};
  for (const char* form : {"udp", "tcp", "tls"}) servers.push_back(server(coturn.url(form)));
  auto& peer = owner.add_peer({.servers = servers}, "10.20.30.40");
  REQUIRE(gather(owner, peer));
  for (const auto& error : peer.errors) FAIL_CHECK(error.url << ": " << error.text);
  REQUIRE(peer.candidates.size() == 5);
  const auto* reflexive = peer.find(IceCandidateType::kSrflx);
  REQUIRE(reflexive != nullptr);
  CHECK(reflexive->ice.address == "127.0.0.1");
  CHECK(reflexive->related_address == "10.20.30.40");
  std::array<int, 3> relays{};
  for (const auto& c : peer.candidates) {
    if (c.relay_protocol) ++relays.at(static_cast<std::size_t>(*c.relay_protocol));
  }
  CHECK(relays == std::array{1, 1, 1});
  owner.close(peer);
}

TEST_CASE("two agents that may only use coturn's relays connect and pass datagrams, by UDP, TCP and TLS") {
  if (!Coturn::available()) return;
  Coturn coturn({"--lt-cred-mech", "--user=user:secret", "--stale-nonce=1"});
  for (const char* form : {"udp", "tcp", "tls"}) {
    INFO(form);
    PosixOwner owner;
    owner.ca_pem = coturn.certificate();
    const auto options = [&](bool controlling) {
      return ice::FullAgent::Options{.controlling = controlling,
                                     .policy = ice::TransportPolicy::kRelay,
                                     .servers = {server(coturn.url(form))}};
    };
    auto& a = owner.add_peer(options(true));
    auto& b = owner.add_peer(options(false));
    REQUIRE(gather(owner, a));
    // The nonce is stale by the time that permissions are asked for: 438.
    if (form == std::string("udp")) owner.run_until([] { return false; }, 1500ms);
    owner.signal(a, b);
    for (const auto& c : a.candidates) b.agent->add_remote_candidate(c.ice);
    REQUIRE(gather(owner, b));
    REQUIRE(owner.run_until([&] { return a.agent->nominated() && b.agent->nominated(); }, 15s));
    CHECK(a.agent->selected_pair()->local.ice.type == IceCandidateType::kRelay);
    CHECK(b.agent->selected_pair()->local.ice.type == IceCandidateType::kRelay);
    exchange(owner, a, b);
    const auto stats = a.agent->pair_stats();
    CHECK(stats[0].packets_received >= 1000);
    owner.close(a);
    owner.close(b);
  }
}

TEST_CASE("coturn's refusals are named: wrong credentials, unknown users, expired ones") {
  if (!Coturn::available()) return;
  const auto error_of = [](const ice::IceServer& from, const std::string& ca = {}) {
    PosixOwner owner;
    owner.ca_pem = ca;
    auto& peer = owner.add_peer({.policy = ice::TransportPolicy::kRelay, .servers = {from}});
    REQUIRE(gather(owner, peer));
    REQUIRE(peer.errors.size() == 1);
    CHECK(peer.candidates.empty());
    CHECK(peer.errors[0].url == from.url);
    return std::to_string(peer.errors[0].code) + " " + peer.errors[0].text;
  };
  const std::string refused = "401 401 Unauthorized: the username or credential is refused";
  {
    Coturn coturn;
    CHECK(error_of(server(coturn.url("udp"), "user", "wrong")) == refused);
    CHECK(error_of(server(coturn.url("tcp"), "nobody", "secret")) == refused);
    CHECK(error_of(server(coturn.url("tls"))).find("self-signed certificate") != std::string::npos);
    CHECK(error_of(server(coturn.url("tls by address")), coturn.certificate()) ==
          "701 no connection: the certificate of '127.0.0.1' is not accepted: IP address mismatch");
    // Gone: nobody listens there any more.
    const std::string url = coturn.url("tcp");
    coturn.stop();
    CHECK(error_of(server(url)) == "701 no connection: Connection refused");
  }
  Coturn coturn(kTimedCredentials);
  const auto timed = [&](std::int64_t expiry) {
    const auto [user, credential] = timed_credentials(expiry);
    return server(coturn.url("udp"), user, credential);
  };
  const auto unix_now = static_cast<std::int64_t>(std::time(nullptr));
  CHECK(error_of(timed(unix_now - 60)) == refused);
  PosixOwner owner;
  auto& peer = owner.add_peer({.servers = {timed(unix_now + 3600)}});
  REQUIRE(gather(owner, peer));
  CHECK(peer.errors.empty());
  CHECK(peer.find(IceCandidateType::kRelay) != nullptr);
}

TEST_CASE("missing credentials are refused before anything is sent") {
  const std::vector<ice::IceServerConfig> config{{{"turn:127.0.0.1"}, "user", std::nullopt, std::nullopt}};
  const auto result = ice::parse_ice_servers(config);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().field == "iceServers[0].credential");
}

TEST_CASE("a coturn that dies under a call is named at once where the connection tells") {
  if (!Coturn::available()) return;
  Coturn coturn;
  PosixOwner owner;
  const auto options = [&](bool controlling) {
    return ice::FullAgent::Options{.controlling = controlling,
                                   .policy = ice::TransportPolicy::kRelay,
                                   .servers = {server(coturn.url("tcp"))}};
  };
  auto& a = owner.add_peer(options(true));
  auto& b = owner.add_peer(options(false));
  owner.signal(a, b);
  a.agent->gather(PosixOwner::now());
  b.agent->gather(PosixOwner::now());
  REQUIRE(owner.run_until([&] { return a.agent->nominated() && b.agent->nominated(); }, 15s));
  coturn.stop();
  REQUIRE(owner.run_until([&] { return a.agent->state() == IceState::kDisconnected && a.errors.size() >= 2; },
                          5s));
  CHECK(a.errors[0].code == 701);
  CHECK(a.errors[0].text.find("the connection has ended: ") == 0);  // closed, or reset
  CHECK(a.errors[1].text == "no connection: Connection refused");
  CHECK(a.reason.find("the relay is lost") == 0);
}

}  // namespace
}  // namespace sluice::test
