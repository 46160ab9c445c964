// Gathering from STUN and TURN servers, relays in use, and every way in which a server can refuse.
#include <algorithm>

#include "catch.h"
#include "ice/ice_world.h"
#include "seeds.h"

namespace sluice::ice {
namespace {

const SocketAddress kServer1 = addr("203.0.113.9", 3478);
const SocketAddress kRelayIp = addr("203.0.113.10");

net::TurnServer::Options server_options() {
  net::TurnServer::Options options;
  options.address = kServer1;
  options.relay_ip = kRelayIp;
  return options;
}

/// One peer behind a NAT, one server.
struct One {
  IceWorld world;
  net::TurnServer& server;

  explicit One(std::uint64_t seed = 1, net::TurnServer::Options options = server_options())
      : world(seed), server(world.add_turn_server(std::move(options))) {
    world.net.put_behind(addr("10.0.0.1"), world.net.add_nat(addr("192.0.2.1"), net::kPortRestricted));
  }
  IceWorld::Peer& peer(FullAgent::Options options) {
    IceWorld::Peer& p = world.add_peer(std::move(options), {addr("10.0.0.1", 5000)});
    p.agent->gather(world.now);
    return p;
  }
  bool complete(IceWorld::Peer& p, Duration limit = 45s) {
    return world.run_until([&] { return p.agent->gathering_state() == GatheringState::kComplete; }, limit);
  }
};

/// Two peers that may only use relays, on one server.
struct Relayed {
  IceWorld world;
  net::TurnServer& server;
  IceWorld::Peer& a;
  IceWorld::Peer& b;

  explicit Relayed(std::uint64_t seed, const std::string& url = "turn:203.0.113.9",
                   net::TurnServer::Options options = server_options())
      : world(seed),
        server(world.add_turn_server(std::move(options))),
        a(add(true, 1, url)),
        b(add(false, 2, url)) {}
  IceWorld::Peer& add(bool controlling, int n, const std::string& url) {
    const std::string digit = std::to_string(n);
    const SocketAddress inner = addr(("10.0." + digit + ".1").c_str(), 5000);
    world.net.put_behind(inner, world.net.add_nat(addr(("192.0.2." + digit).c_str()), net::kSymmetric));
    return world.add_peer(
        {.controlling = controlling, .policy = TransportPolicy::kRelay, .servers = {turn_server(url)}},
        {inner});
  }
  bool connect(Duration limit = 45s) {
    world.signal(a, b);
    world.gather(a, b);
    return world.run_until([&] { return a.agent->nominated() && b.agent->nominated(); }, limit);
  }
  bool exchange(const std::string& text, Duration limit = 1s) {
    a.received.clear();
    b.received.clear();
    world.send(a, text);
    world.send(b, text);
    return world.run_until([&] { return !a.received.empty() && !b.received.empty(); }, limit) &&
           a.received[0] == text && b.received[0] == text;
  }
};

TEST_CASE("a STUN server's answer gives a server-reflexive candidate") {
  One one;
  IceWorld::Peer& p = one.peer({.servers = {*parse_server_url("stun:203.0.113.9")}});
  REQUIRE(one.complete(p, 1s));
  REQUIRE(p.candidates.size() == 2);
  const LocalCandidate& c = p.candidates[1];
  CHECK(c.ice.type == IceCandidateType::kSrflx);
  CHECK(c.ice.address == "192.0.2.1");
  CHECK(c.ice.priority == 1694498815U);
  CHECK(c.related_address == "10.0.0.1");
  CHECK(c.related_port == 5000);
  CHECK(c.url == "stun:203.0.113.9");
  CHECK(c.ice.foundation != p.candidates[0].ice.foundation);
  // The binding is kept while nothing is decided.
  one.world.run_for(300s);
  CHECK(one.world.net.outer_of_stream(addr("10.0.0.1", 5000), kServer1, one.world.now) == c.address);
}

TEST_CASE("a host in the open has no server-reflexive candidate beside its own address") {
  One one;
  IceWorld::Peer& p =
      one.world.add_peer({.servers = {*parse_server_url("stun:203.0.113.9")}}, {addr("198.51.100.1", 5000)});
  p.agent->gather(one.world.now);
  REQUIRE(one.complete(p, 1s));
  CHECK(p.candidates.size() == 1);
}

TEST_CASE("a TURN server gives a relayed and a server-reflexive candidate, by UDP, TCP and TLS") {
  const auto [url, protocol] = GENERATE(
      table<const char*, ServerTransport>({{"turn:turn.example.org", ServerTransport::kUdp},
                                           {"turn:turn.example.org?transport=tcp", ServerTransport::kTcp},
                                           {"turns:turn.example.org:3478", ServerTransport::kTls}}));
  One one;
  one.world.names["turn.example.org"] = {kServer1};
  IceWorld::Peer& p = one.peer({.servers = {turn_server(url)}});
  REQUIRE(one.complete(p, 1s));
  CHECK(p.errors.empty());
  CHECK(p.count(IceCandidateType::kRelay) == 1);
  CHECK(p.count(IceCandidateType::kSrflx) == (protocol == ServerTransport::kUdp ? 1 : 0));
  const LocalCandidate& c = p.candidates.back();
  CHECK(c.ice.type == IceCandidateType::kRelay);
  CHECK(c.ice.address == "203.0.113.10");
  CHECK(c.related_address == "192.0.2.1");
  CHECK(c.relay_protocol == protocol);
  CHECK(c.url == url);
  CHECK(one.server.allocation_count() == 1);
  p.agent->close(one.world.now);
  one.world.run_for(100ms);
  CHECK(one.server.allocation_count() == 0);
  CHECK(p.connections.empty());
}

TEST_CASE("each refusal of a TURN server is an event with its code") {
  struct Case {
    const char* name;
    net::TurnServer::Options options;
    IceServer server;
    std::uint16_t code;
    const char* text;
  };
  const auto with = [](auto change) {
    net::TurnServer::Options options = server_options();
    change(options);
    return options;
  };
  const IceServer good = turn_server("turn:203.0.113.9");
  const std::vector<Case> cases = {
      {"wrong password", server_options(), turn_server("turn:203.0.113.9", "user", "guess"), 401,
       "401 Unauthorized: the username or credential is refused"},
      {"unknown user", server_options(), turn_server("turn:203.0.113.9", "nobody"), 401,
       "401 Unauthorized: the username or credential is refused"},
      {"quota", with([](auto& o) { o.quota = 0; }), good, 486, "486 Allocation Quota Reached"},
      {"mismatch", with([](auto& o) { o.refuse_allocate = 437; }), good, 437, "437 Allocation Mismatch"},
      {"credentials of another", with([](auto& o) { o.refuse_allocate = 441; }), good, 441,
       "441 Wrong Credentials"},
      {"transport", with([](auto& o) { o.refuse_allocate = 442; }), good, 442,
       "442 Unsupported Transport Protocol"},
      {"capacity", with([](auto& o) { o.refuse_allocate = 508; }), good, 508, "508 Insufficient Capacity"},
      {"alternate that is itself", with([](auto& o) { o.alternate = kServer1; }), good, 300,
       "300 Try Alternate, to an address of no use: 203.0.113.9:3478"},
      {"always stale", with([](auto& o) { o.nonce_lifetime = -1s; }), good, 438, "438 Stale Nonce"},
      {"only STUN", with([](auto& o) { o.stun_only = true; }), good, 400, "400 Bad Request"},
      {"nobody there", server_options(), turn_server("turn:203.0.113.77"), 701, "the server does not answer"},
      {"no name", server_options(), turn_server("turn:nowhere.example.org"), 701,
       "the host name 'nowhere.example.org' was not resolved: NXDOMAIN"},
      {"refused connection", server_options(), turn_server("turn:203.0.113.77?transport=tcp"), 701,
       "no connection: connection refused"},
      {"IPv6 only", server_options(), turn_server("turn:[2001:db8::1]"), 701,
       "the host name '2001:db8::1' has no address of an IP version that we have"},
      {"DTLS", server_options(), turn_server("turns:203.0.113.9?transport=udp"), 701,
       "TURN over DTLS (turns: with transport=udp) is not supported"}};
  for (const Case& c : cases) {
    INFO(c.name);
    One one(1, c.options);
    IceWorld::Peer& p = one.peer({.servers = {c.server}});
    REQUIRE(one.complete(p, 15s));
    REQUIRE(p.errors.size() == 1);
    CHECK(p.errors[0].code == c.code);
    CHECK(p.errors[0].text == c.text);
    CHECK(p.errors[0].url == c.server.url);
    CHECK(p.count(IceCandidateType::kRelay) == 0);
  }
}

TEST_CASE("a server that is gone, and a connection that never opens, end gathering in bounded time") {
  const char* url = GENERATE("turn:203.0.113.9", "turn:203.0.113.9?transport=tcp", "stun:203.0.113.9");
  One one;
  one.world.servers_down = true;
  IceWorld::Peer& p = one.peer({.servers = {turn_server(url)}});
  REQUIRE(one.complete(p, 11s));
  REQUIRE(p.errors.size() == 1);
  CHECK(p.errors[0].code == 701);
  CHECK(p.errors[0].local == addr("10.0.0.1", 5000));
}

TEST_CASE("a 300 leads to the alternate server") {
  net::TurnServer::Options options = server_options();
  options.alternate = addr("203.0.113.19", 3478);
  One one(1, options);
  options.alternate.reset();
  options.address = addr("203.0.113.19", 3478);
  options.relay_ip = addr("203.0.113.20");
  net::TurnServer& other = one.world.add_turn_server(options);
  IceWorld::Peer& p = one.peer({.servers = {turn_server("turn:203.0.113.9")}});
  REQUIRE(one.complete(p, 2s));
  CHECK(p.errors.empty());
  CHECK(p.count(IceCandidateType::kRelay) == 1);
  CHECK(other.allocation_count() == 1);
}

TEST_CASE("what an earlier life left on the server is cleared once") {
  One one;
  IceWorld::Peer& before = one.peer({.servers = {turn_server("turn:203.0.113.9")}});
  REQUIRE(one.complete(before, 1s));
  // Gone without a word; the next process gets the same port.
  one.world.peers.clear();
  IceWorld::Peer& p = one.peer({.servers = {turn_server("turn:203.0.113.9")}});
  REQUIRE(one.complete(p, 2s));
  CHECK(p.errors.empty());
  CHECK(p.count(IceCandidateType::kRelay) == 1);
  CHECK(one.server.allocation_count() == 1);
}

TEST_CASE("peers that may only use relays connect through them, by UDP, TCP and TLS") {
  const char* url = GENERATE("turn:203.0.113.9", "turn:203.0.113.9?transport=tcp", "turns:203.0.113.9:3478");
  Relayed call(1, url);
  REQUIRE(call.connect(5s));
  for (const LocalCandidate& c : call.a.candidates) CHECK(c.ice.type == IceCandidateType::kRelay);
  const auto pair = call.a.agent->selected_pair();
  CHECK(pair->local.ice.type == IceCandidateType::kRelay);
  CHECK_FALSE(pair->direct);
  CHECK(
      call.exchange("\x80"
                    "by relay"));
  call.world.run_for(1s);
  // Once the channel is bound no indication is needed.
  const std::uint64_t indications = call.server.send_indications;
  CHECK(call.exchange("\x80" + std::string(1200, 'x')));
  CHECK(call.server.send_indications == indications);
  CHECK(call.server.channel_datagrams > 0);
}

TEST_CASE("an allocation, its permissions and channels outlive their lifetimes and many nonces") {
  Relayed call(2);
  REQUIRE(call.connect(5s));
  for (int minute = 0; minute < 45; ++minute) {
    call.world.run_for(60s);
    REQUIRE(
        call.exchange("\x80"
                      "still there"));
  }
  CHECK(call.server.allocation_count() == 2);
  CHECK(call.server.stale_nonces > 10);
  CHECK(call.server.refused_peers == 0);
  CHECK(call.a.errors.empty());
}

TEST_CASE("over a bad network relayed pairs connect from every seed") {
  for (const std::uint64_t seed : seeds(0, 60)) {
    INFO("seed " << seed);
    Relayed call(seed, seed % 3 == 0 ? "turn:203.0.113.9?transport=tcp" : "turn:203.0.113.9");
    call.world.net.link = {.loss = 0.1, .duplication = 0.05, .min_delay = 5ms, .max_delay = 80ms};
    REQUIRE(call.connect(60s));
    call.world.run_for(60s);
    CHECK(call.world.run_until(
        [&] {
          return call.exchange(
              "\x80"
              "x");
        },
        20s));
  }
}

TEST_CASE("a server that forgets everything is named, and gives allocations anew") {
  Relayed call(3);
  REQUIRE(call.connect(5s));
  call.server.forget_everything();
  const bool restart = GENERATE(false, true);
  if (restart) {
    call.world.restart(call.a, call.b);
    call.world.signal(call.a, call.b);
  }
  REQUIRE(call.world.run_until([&] { return !call.a.errors.empty() && !call.b.errors.empty(); },
                               restart ? 1s : 600s));
  CHECK(call.a.errors[0].code == 437);
  CHECK(call.world.run_until(
      [&] {
        return call.a.agent->nominated() && call.b.agent->nominated() &&
               call.exchange(
                   "\x80"
                   "again");
      },
      30s));
  CHECK(call.server.allocation_count() == 2);
}

TEST_CASE("a peer that the server does not relay to fails its pairs with that reason") {
  net::TurnServer::Options options = server_options();
  options.denied = {kRelayIp};
  Relayed call(4, "turn:203.0.113.9", options);
  CHECK_FALSE(call.connect(60s));
  CHECK(call.a.agent->state() == IceState::kFailed);
  CHECK(call.a.reason == "the only candidate pair failed: refused by the TURN server");
}

TEST_CASE("relay only, and no relay to be had: failed with the server's refusal as the reason") {
  Relayed call(5);
  call.server.options().users.clear();
  CHECK_FALSE(call.connect(60s));
  CHECK(call.a.candidates.empty());
  CHECK(
      call.a.reason ==
      "iceTransportPolicy is relay, and no TURN server gave a candidate (turn:203.0.113.9: 401 Unauthorized: "
      "the username or credential is refused)");
}

TEST_CASE("nothing is relayed to who has no permission, nor taken from them") {
  Relayed call(6);
  REQUIRE(call.connect(5s));
  std::vector<std::uint8_t> datagram{0x80, 1, 2};
  const SocketAddress relayed = call.a.candidates[0].address;
  call.server.receive_relayed(datagram, addr("192.0.2.200", 9), relayed, call.world.now);
  call.world.run_for(100ms);
  CHECK(call.server.refused_peers == 1);
  CHECK(call.a.received.empty());
}

}  // namespace
}  // namespace sluice::ice
