// The lite agent and the controlling agent together, over a bad network in virtual time, from many seeds.
#include <algorithm>
#include <memory>
#include <vector>

#include "catch.h"
#include "ice/candidate.h"
#include "ice/controlling_agent.h"
#include "ice/lite_agent.h"
#include "ice/requests.h"
#include "ice/toy_network.h"

namespace sluice::ice {
namespace {

constexpr int kSeeds = 300;
const NetworkSpec kBad{.loss = 0.2, .duplication = 0.1, .min_delay = 5ms, .max_delay = 150ms};
const NetworkSpec kGood{};
/// What the back-off of RFC 8489 may need on the bad network, where a check and its answer pass with 64 %.
constexpr Duration kPatience = 40s;

SocketAddress address(const char* ip, std::uint16_t port) {
  return *SocketAddress::parse(ip, port);
}

std::uint64_t count(const ReceiveCounts& counts, ReceiveResult r) {
  return counts[static_cast<std::size_t>(r)];
}

struct Setup {
  NetworkSpec network = kGood;
  int client_sockets = 1;
  int server_addresses = 1;
  bool ipv6 = false;
  bool renomination = false;
  Duration consent_timeout = LiteAgent::kDefaultConsentTimeout;
};

/// A client and a server as they stand after signaling.
struct Call {
  Random random;
  LiteAgent server;
  ControllingAgent client;
  ToyNetwork<ControllingAgent, LiteAgent> net;
  std::vector<AgentEvent> client_events;
  std::vector<AgentEvent> server_events;

  explicit Call(std::uint64_t seed, const Setup& setup = {})
      : random(seed),
        server(kServer, setup.consent_timeout),
        client(kPeer, sockets(setup.client_sockets), random, {.renomination = setup.renomination}),
        net(client, server, seed, setup.network) {
    for (int i = 0; i < setup.client_sockets; ++i) {
      net.left_addresses.push_back(
          address(setup.ipv6 ? "2001:db8::c" : "198.51.100.1", static_cast<std::uint16_t>(5000 + i)));
    }
    for (int i = 0; i < setup.server_addresses; ++i) {
      net.right_addresses.push_back(
          address(setup.ipv6 ? "2001:db8::5" : "203.0.113.5", static_cast<std::uint16_t>(443 + i)));
      client.add_remote_candidate(
          net.right_addresses.back(),
          candidate_priority(IceCandidateType::kHost, static_cast<std::uint16_t>(65535 - i)));
    }
    server.set_remote(kPeer);
    client.set_remote(kServer);
  }
  static std::vector<SocketId> sockets(int n) {
    std::vector<SocketId> all;
    for (int i = 0; i < n; ++i) all.push_back(static_cast<SocketId>(i));
    return all;
  }
  /// The server's path for a client's.
  [[nodiscard]] Path mirror(const Path& client_path) const {
    const auto it = std::find(net.right_addresses.begin(), net.right_addresses.end(), client_path.remote);
    return {net.left_addresses.at(client_path.socket),
            static_cast<SocketId>(it - net.right_addresses.begin())};
  }
  [[nodiscard]] bool agreed() const {
    return client.state() == IceState::kConnected && client.nominated() &&
           server.state() == IceState::kCompleted && client.selected() &&
           server.selected() == mirror(*client.selected());
  }
  bool agree_within(Duration limit) {
    return net.run_within([&] { return agreed(); }, limit);
  }
  std::vector<IceState> client_states() { return states(client); }
  std::vector<IceState> server_states() { return states(server); }
  template <typename Agent>
  static std::vector<IceState> states(Agent& agent) {
    std::vector<IceState> all;
    while (auto e = agent.poll_event()) {
      if (e->type == AgentEvent::Type::kStateChanged) all.push_back(e->state);
    }
    return all;
  }
};

TEST_CASE("on a good network two round trips connect and nominate") {
  Call call(1, {.ipv6 = GENERATE(false, true)});
  CHECK(call.client.state() == IceState::kNew);
  CHECK(call.agree_within(41ms));
  CHECK(call.client_states() == std::vector{IceState::kChecking, IceState::kConnected});
  CHECK(call.server_states() == std::vector{IceState::kConnected, IceState::kCompleted});
  CHECK(call.client.mapped_address() == call.net.left_addresses[0]);
  CHECK(call.client.is_known({call.net.right_addresses[0], 0}));
  CHECK(call.server.is_known({call.net.left_addresses[0], 0}));
}

TEST_CASE("over a bad network every seed connects, nominates and stays connected") {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    INFO("seed " << seed);
    Call call(seed, {.network = kBad,
                     .client_sockets = 1 + static_cast<int>(seed % 3),
                     .server_addresses = 1 + static_cast<int>(seed / 3 % 3),
                     .ipv6 = seed % 2 == 1,
                     .renomination = seed % 4 >= 2});
    REQUIRE(call.agree_within(kPatience));
    for (int minute = 0; minute < 3; ++minute) {
      call.net.run_for(60s);
      REQUIRE(call.client.selected());
      REQUIRE(call.server.selected());
      REQUIRE(call.agree_within(kPatience));  // at any instant a lost consent check may be under repair
    }
    CHECK(call.server.state() == IceState::kCompleted);
    CHECK(count(call.server.counts(), ReceiveResult::kBadIntegrity) == 0);
    CHECK(count(call.client.counts(), ReceiveResult::kBadIntegrity) == 0);
  }
}

TEST_CASE("checks are paced, and consent alone goes on afterwards") {
  Call call(3, {.client_sockets = 4, .server_addresses = 4});
  call.net.down = true;
  call.net.run_for(499ms);
  CHECK(call.net.sent == 10);  // one every 50 ms, nothing sent twice yet
  Call fresh(3);
  REQUIRE(fresh.agree_within(1s));
  fresh.net.run_for(10s);
  const std::uint64_t before = fresh.net.sent;
  fresh.net.run_for(600s);
  const std::uint64_t checks = (fresh.net.sent - before) / 2;  // each is answered
  CHECK(checks >= 100);                                        // every 6 s at most
  CHECK(checks <= 150);                                        // every 4 s at least
}

TEST_CASE("a request goes out seven times and is given up after 39.5 s") {
  Call call(4);
  call.net.down = true;
  CHECK_FALSE(call.net.run_within([&] { return call.client.state() == IceState::kFailed; }, 39499ms));
  CHECK(call.net.sent == 7);
  CHECK(call.net.run_within([&] { return call.client.state() == IceState::kFailed; }, 2ms));
  CHECK(call.client_states() == std::vector{IceState::kChecking, IceState::kFailed});
  CHECK(call.client.next_deadline() == kNever);
}

TEST_CASE("the better pair is nominated although a worse one answers first") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    Call call(
        seed,
        {.network = {.min_delay = 5ms, .max_delay = 100ms}, .client_sockets = 2, .server_addresses = 2});
    REQUIRE(call.agree_within(2s));
    CHECK(call.client.selected() == Path{call.net.right_addresses[0], 0});
  }
}

TEST_CASE("where the best path is dead the next one is taken soon") {
  Call call(5, {.client_sockets = 2, .server_addresses = 2});
  for (const SocketAddress& a : call.net.left_addresses)
    call.net.cut.insert({a, call.net.right_addresses[0]});
  REQUIRE(call.agree_within(500ms));
  CHECK(call.client.selected() == Path{call.net.right_addresses[1], 0});
}

TEST_CASE("when the client's address changes the server follows with the next consent check") {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    INFO("seed " << seed);
    Call call(seed, {.network = kBad, .ipv6 = seed % 2 == 1, .renomination = seed % 4 >= 2});
    REQUIRE(call.agree_within(kPatience));
    call.net.run_for(10s);
    const SocketAddress moved = call.net.left_addresses[0].with_port(61000);
    call.net.left_addresses[0] = moved;
    REQUIRE(call.net.run_within([&] { return call.server.selected() == Path{moved, 0}; }, 30s));
    REQUIRE(call.net.run_within([&] { return call.client.mapped_address() == moved; }, 30s));
    call.net.run_for(60s);
    CHECK(call.server.selected() == Path{moved, 0});
    CHECK(call.server.path_count() == 1);
  }
}

TEST_CASE("a dead selected path gives way to another, on both sides") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    INFO("seed " << seed);
    Call call(
        seed,
        {.network = {.loss = 0.05, .max_delay = 50ms}, .client_sockets = 2, .renomination = seed % 2 == 1});
    REQUIRE(call.agree_within(10s));
    const Path dead = *call.client.selected();
    call.net.cut.insert({call.net.left_addresses[dead.socket], dead.remote});
    REQUIRE(call.net.run_within([&] { return call.client.selected() != dead && call.agreed(); }, 30s));
    call.net.run_for(60s);
    CHECK(call.agreed());
    CHECK(call.server.path_count() == 1);
  }
}

TEST_CASE("a short outage disconnects the client and heals; the server never notices") {
  Call call(6);
  REQUIRE(call.agree_within(1s));
  call.client_states();
  call.server_states();
  call.net.down = true;
  call.net.run_for(20s);
  CHECK(call.client.state() == IceState::kDisconnected);
  CHECK(call.client.selected());
  call.net.down = false;
  REQUIRE(call.agree_within(7s));
  CHECK(call.client_states() == std::vector{IceState::kDisconnected, IceState::kConnected});
  CHECK(call.server_states().empty());
}

TEST_CASE("consent runs out on both sides after 30 s of silence, and a restart brings the call back") {
  Call call(7);
  REQUIRE(call.agree_within(1s));
  call.net.down = true;
  call.net.run_for(37s);
  CHECK(call.client.state() == IceState::kFailed);
  CHECK_FALSE(call.client.selected());
  CHECK(call.server.state() == IceState::kDisconnected);
  CHECK_FALSE(call.server.selected());
  const std::uint64_t sent = call.net.sent;
  call.net.run_for(100s);
  CHECK(call.net.sent == sent);

  call.net.down = false;
  const Credentials server2{"srv2", "another-server-password"};
  const Credentials client2{"cli2", "another-client-password"};
  call.server.restart(server2);
  call.server.set_remote(client2);
  call.client.restart(client2, server2);
  CHECK(call.agree_within(1s));
}

TEST_CASE("the server recovers by itself when checks come again") {
  Call call(8, {.consent_timeout = 8s});
  REQUIRE(call.agree_within(1s));
  call.net.run_for(2s);
  call.server_states();
  call.net.down = true;
  call.net.run_for(15s);
  CHECK(call.server.state() == IceState::kDisconnected);
  call.net.down = false;
  REQUIRE(call.agree_within(8s));
  const auto states = call.server_states();
  CHECK(states == std::vector{IceState::kDisconnected, IceState::kConnected, IceState::kCompleted});
}

TEST_CASE("an ICE restart under way never leaves either side without a path") {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    INFO("seed " << seed);
    Call call(seed, {.network = kBad, .client_sockets = 2, .ipv6 = seed % 2 == 1});
    REQUIRE(call.agree_within(kPatience));
    const Credentials server2{"srv2", "another-server-password"};
    const Credentials client2{"cli2", "another-client-password"};
    const auto flows = [&] { return call.client.selected() && call.server.selected(); };
    call.server.restart(server2);
    call.server.set_remote(client2);
    // Signaling takes its time; the client goes on with the old credentials meanwhile.
    CHECK_FALSE(call.net.run_within([&] { return !flows(); }, 15s));
    CHECK(call.server.previous_local() == kServer);
    call.client.restart(client2, server2);
    CHECK_FALSE(call.net.run_within(
        [&] { return !flows() || (call.agreed() && !call.server.previous_local()); }, 0s));
    REQUIRE(call.net.run_within([&] { return call.agreed() && !call.server.previous_local(); }, kPatience));
    CHECK(flows());
  }
}

TEST_CASE("a wrong password never connects") {
  Call call(9);
  call.client.set_remote({kServer.ufrag, "guess"});
  CHECK_FALSE(call.agree_within(60s));
  CHECK(call.client.state() == IceState::kFailed);
  CHECK(call.server.state() == IceState::kNew);
  CHECK(count(call.server.counts(), ReceiveResult::kBadIntegrity) == 7);
  CHECK(count(call.client.counts(), ReceiveResult::kBadIntegrity) == 7);  // a 401 proves nothing either
}

TEST_CASE("responses count only from the address that was asked, with the peer's integrity") {
  Random random(1);
  ControllingAgent client(kPeer, {0}, random);
  LiteAgent server(kServer);
  const Path path{address("203.0.113.5", 443), 0};
  const Path seen{address("198.51.100.1", 5000), 0};
  client.set_remote(kServer);
  client.add_remote_candidate(path.remote, 1);
  client.advance(Instant{1s});
  std::vector<Transmit> out;
  client.drain(out);
  REQUIRE(out.size() == 1);
  server.receive(out[0].bytes, seen, Instant{1s});
  out = drained(server);
  REQUIRE(out.size() == 1);
  std::vector<std::uint8_t> answer = out[0].bytes;

  SECTION("another address fails the pair") {
    const Path other{address("203.0.113.6", 443), 0};
    CHECK(client.receive(answer, other, Instant{1s}) == ReceiveResult::kUnmatchedResponse);
    CHECK(client.state() == IceState::kChecking);
    CHECK_FALSE(client.is_known(path));
  }
  SECTION("a second copy is nothing new") {
    CHECK(client.receive(answer, path, Instant{1s}) == ReceiveResult::kHandled);
    CHECK(client.receive(answer, path, Instant{1s}) == ReceiveResult::kUnmatchedResponse);
    CHECK(client.is_known(path));
  }
  SECTION("another transaction") {
    RequestSpec stray;
    stray.stun_class = StunClass::kSuccess;
    CHECK(client.receive(make_request(stray), path, Instant{1s}) == ReceiveResult::kUnmatchedResponse);
  }
  SECTION("a forged answer leaves the transaction open") {
    const auto id = *peek_transaction_id(answer);
    std::vector<std::uint8_t> buffer(100);
    StunWriter writer(buffer, StunClass::kSuccess, StunMethod::kBinding, id);
    writer.xor_mapped_address(seen.remote);
    const Bytes forged = writer.finish(as_bytes("guess"));
    CHECK(client.receive(forged, path, Instant{1s}) == ReceiveResult::kBadIntegrity);
    CHECK(client.receive(answer, path, Instant{1s}) == ReceiveResult::kHandled);
  }
  SECTION("a success without an address is malformed") {
    std::vector<std::uint8_t> buffer(100);
    StunWriter writer(buffer, StunClass::kSuccess, StunMethod::kBinding, *peek_transaction_id(answer));
    CHECK(client.receive(writer.finish(as_bytes(kServer.password)), path, Instant{1s}) ==
          ReceiveResult::kMalformed);
  }
  SECTION("a refusal fails the pair") {
    std::vector<std::uint8_t> buffer(100);
    StunWriter writer(buffer, StunClass::kError, StunMethod::kBinding, *peek_transaction_id(answer));
    writer.error_code(500, "Server Error");
    CHECK(client.receive(writer.finish(as_bytes(kServer.password)), path, Instant{1s}) ==
          ReceiveResult::kErrorResponse);
    CHECK_FALSE(client.is_known(path));
  }
  SECTION("after closing nothing counts") {
    client.close();
    CHECK(client.receive(answer, path, Instant{1s}) == ReceiveResult::kClosed);
    CHECK(client.next_deadline() == kNever);
    std::vector<IceState> states = Call::states(client);
    CHECK(states == std::vector{IceState::kChecking, IceState::kClosed});
  }
}

TEST_CASE("two agents that both begin as controlling settle on one, from every seed") {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    ControllingAgent left(kPeer, {0}, random);
    ControllingAgent right(kServer, {0}, random);
    ToyNetwork<ControllingAgent, ControllingAgent> net(left, right, seed, kBad);
    net.left_addresses = {address("198.51.100.1", 5000)};
    net.right_addresses = {address("203.0.113.5", 443)};
    left.set_remote(kServer);
    right.set_remote(kPeer);
    left.add_remote_candidate(net.right_addresses[0], 100);
    if (seed % 2 == 0) right.add_remote_candidate(net.left_addresses[0], 100);  // otherwise peer-reflexive
    const auto done = [&] {
      return left.nominated() && right.nominated() && left.state() == IceState::kConnected &&
             right.state() == IceState::kConnected;
    };
    REQUIRE(net.run_within(done, kPatience));
    CHECK(left.controlling() != right.controlling());
    net.run_for(120s);
    CHECK(net.run_within(done, 10s));
  }
}

TEST_CASE("a socket or a candidate that comes late is checked too") {
  Call call(10);
  call.net.cut.insert({call.net.left_addresses[0], call.net.right_addresses[0]});
  call.net.run_for(3s);
  CHECK(call.client.state() == IceState::kChecking);
  call.net.left_addresses.push_back(address("192.0.2.77", 7000));
  call.client.add_socket(1);
  REQUIRE(call.agree_within(300ms));
  CHECK(call.client.selected() == Path{call.net.right_addresses[0], 1});
}

TEST_CASE("priorities follow RFC 8445") {
  CHECK(candidate_priority(IceCandidateType::kHost, 65535) == 2130706431U);
  CHECK(candidate_priority(IceCandidateType::kSrflx, 65535, 2) == 1694498814U);
  CHECK(candidate_priority(IceCandidateType::kRelay, 0, 1) == 255U);
  CHECK(pair_priority(5, 3) == (3ULL << 32) + 11);
  CHECK(pair_priority(3, 5) == (3ULL << 32) + 10);
  CHECK(tcp_local_preference(IceTcpType::kPassive, 8191) == 0x9FFF);
}

}  // namespace
}  // namespace sluice::ice
