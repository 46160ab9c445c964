// Two full agents, and a full and a lite one: connecting, roles, nomination, consent, restart.
#include "ice/full_agent.h"

#include <algorithm>

#include "catch.h"
#include "ice/candidate.h"
#include "ice/check.h"
#include "ice/ice_world.h"
#include "ice/requests.h"
#include "seeds.h"

namespace sluice::ice {
namespace {

const net::NatLink kBad{.loss = 0.2, .duplication = 0.1, .min_delay = 5ms, .max_delay = 150ms};
constexpr Duration kPatience = 45s;

IceCandidate host(const char* ip, int port, std::uint32_t priority = 2130706431) {
  IceCandidate candidate;
  candidate.foundation = "1";
  candidate.priority = priority;
  candidate.address = ip;
  candidate.port = static_cast<std::uint16_t>(port);
  return candidate;
}

/// Two peers in the open, gathering and signaling at once.
struct Two {
  IceWorld world;
  IceWorld::Peer& a;
  IceWorld::Peer& b;

  explicit Two(std::uint64_t seed, FullAgent::Options left = {},
               FullAgent::Options right = {.controlling = false}, int addresses = 1)
      : world(seed),
        a(world.add_peer(std::move(left), list("198.51.100.", addresses))),
        b(world.add_peer(std::move(right), list("203.0.113.", addresses))) {}
  static std::vector<SocketAddress> list(const std::string& prefix, int n) {
    std::vector<SocketAddress> all;
    for (int i = 0; i < n; ++i) all.push_back(addr((prefix + std::to_string(i + 1)).c_str(), 5000));
    return all;
  }
  void start() {
    world.signal(a, b);
    world.gather(a, b);
  }
  [[nodiscard]] bool agreed() const {
    const auto left = a.agent->selected_pair();
    const auto right = b.agent->selected_pair();
    return a.connected() && b.connected() && left && right && left->nominated && right->nominated &&
           left->local.address.to_string() ==
               right->remote.address + ":" + std::to_string(right->remote.port);
  }
  bool agree(Duration limit = kPatience) {
    return world.run_until([&] { return agreed(); }, limit);
  }
  bool exchange(const std::string& text, Duration limit = 1s) {
    a.received.clear();
    b.received.clear();
    if (!world.send(a, text) || !world.send(b, text)) return false;
    return world.run_until([&] { return !a.received.empty() && !b.received.empty(); }, limit) &&
           a.received[0] == text && b.received[0] == text;
  }
};

TEST_CASE("two full agents connect, nominate and complete, and carry data") {
  Two two(1);
  two.start();
  REQUIRE(two.agree(200ms));
  CHECK(two.world.run_until([&] { return two.a.agent->state() == IceState::kCompleted; }, 1s));
  CHECK(two.world.run_until([&] { return two.b.agent->state() == IceState::kCompleted; }, 1s));
  CHECK(two.a.states == std::vector{IceState::kChecking, IceState::kConnected, IceState::kCompleted});
  CHECK(two.a.gathering == std::vector{GatheringState::kGathering, GatheringState::kComplete});
  CHECK(two.a.agent->controlling());
  CHECK_FALSE(two.b.agent->controlling());
  CHECK(two.exchange(packet("hello")));
  const auto stats = two.a.agent->pair_stats();
  REQUIRE(stats.size() == 1);
  CHECK(stats[0].state == PairState::kSucceeded);
  CHECK(stats[0].nominated);
  CHECK(stats[0].current_round_trip_time == Duration(20ms));
  CHECK(stats[0].bytes_sent == 6);
  CHECK(stats[0].bytes_received == 6);
  CHECK(stats[0].requests_sent >= 2);
  CHECK(stats[0].responses_received == stats[0].requests_sent);
}

TEST_CASE("over a bad network every seed connects and stays connected, whatever the roles at the beginning") {
  for (const std::uint64_t seed : seeds(0, 300)) {
    INFO("seed " << seed);
    Two two(seed, {.controlling = seed % 3 != 1}, {.controlling = seed % 3 == 2},
            1 + static_cast<int>(seed / 3 % 3));
    two.world.net.link = kBad;
    two.start();
    REQUIRE(two.agree());
    CHECK(two.a.agent->controlling() != two.b.agent->controlling());
    two.world.run_for(120s);
    REQUIRE(two.agree());
  }
}

TEST_CASE("checks that come before the peer's credentials are answered, and followed once these are known") {
  Two two(2);
  two.a.other = &two.b;
  two.a.agent->set_remote(two.b.agent->local(), false, two.world.now);
  two.world.gather(two.a, two.b);
  for (const LocalCandidate& c : two.b.agent->local_candidates()) two.a.agent->add_remote_candidate(c.ice);
  REQUIRE(two.world.run_until([&] { return two.a.connected(); }, 1s));
  two.world.run_for(1s);
  CHECK(two.b.agent->state() == IceState::kNew);
  // No candidate of a's is told at all: the path is peer-reflexive for b.
  two.b.agent->set_remote(two.a.agent->local(), false, two.world.now);
  REQUIRE(two.agree(1s));
  CHECK(two.b.agent->selected_pair()->remote.type == IceCandidateType::kPrflx);
}

TEST_CASE("a lite peer makes us controlling, and is nominated to") {
  IceWorld world(3);
  auto& server = world.add_lite_server(addr("203.0.113.5", 443), false);
  auto& a = world.add_peer({.controlling = false}, {addr("198.51.100.1", 5000)});
  server.agent.set_remote(a.agent->local());
  a.agent->set_remote(server.agent.local(), true, world.now);
  a.agent->gather(world.now);
  const IceCandidate candidate = host("203.0.113.5", 443);
  CHECK(a.agent->add_remote_candidate(candidate) == CandidateVerdict::kAdded);
  CHECK(a.agent->add_remote_candidate(candidate) == CandidateVerdict::kDuplicate);
  a.agent->end_of_candidates(world.now);
  CHECK(world.run_until([&] { return server.agent.state() == IceState::kCompleted; }, 100ms));
  CHECK(world.run_until([&] { return a.agent->state() == IceState::kCompleted; }, 100ms));
  CHECK(a.agent->controlling());
}

TEST_CASE(
    "by ICE-TCP a full agent reaches a server's passive candidate, and again when the connection ends") {
  IceWorld world(4);
  const auto nat = world.net.add_nat(addr("192.0.2.1"), net::kUdpBlocked);
  world.net.put_behind(addr("10.0.0.1"), nat);
  auto& udp = world.add_lite_server(addr("203.0.113.5", 443), false);
  auto& tcp = world.add_lite_server(addr("203.0.113.5", 443), true);
  auto& a = world.add_peer({}, {addr("10.0.0.1", 5000)});
  a.agent->add_local({addr("10.0.0.1"), 0, IceProtocol::kTcp}, world.now);
  tcp.agent = LiteAgent(udp.agent.local());
  a.agent->set_remote(udp.agent.local(), true, world.now);
  a.agent->gather(world.now);
  a.agent->add_remote_candidate(host("203.0.113.5", 443));
  IceCandidate passive = host("203.0.113.5", 443, 1000);
  passive.protocol = IceProtocol::kTcp;
  passive.tcp_type = IceTcpType::kPassive;
  a.agent->add_remote_candidate(passive);
  REQUIRE(world.run_until([&] { return tcp.agent.state() == IceState::kCompleted; }, 3s));
  const auto pair = a.agent->selected_pair();
  REQUIRE(pair);
  CHECK_FALSE(pair->direct);
  CHECK(pair->local.ice.tcp_type == IceTcpType::kActive);
  CHECK(world.send(a, packet("over tcp")));
  CHECK(world.run_until([&] { return !tcp.clients.empty(); }, 1s));
  // The connection breaks.
  const SocketId connection = a.connections.begin()->first;
  a.connections.clear();
  a.agent->disconnected(connection, "reset by peer", world.now);
  CHECK(a.agent->state() == IceState::kDisconnected);
  CHECK(a.agent->reason().find("reset by peer") != std::string::npos);
  CHECK(world.run_until([&] { return a.connected(); }, 5s));
}

TEST_CASE("a restart keeps the old pair until the new one is nominated, from every seed") {
  for (const std::uint64_t seed : seeds(0, 100)) {
    INFO("seed " << seed);
    Two two(seed, {}, {.controlling = false}, 2);
    two.world.net.link = kBad;
    two.start();
    REQUIRE(two.agree());
    two.world.run_for(seed % 2 == 0 ? 1s : 10s);
    REQUIRE(two.agree());
    const auto flows = [&] { return two.a.agent->selected() && two.b.agent->selected(); };
    const Credentials a_before = two.a.agent->local();
    two.a.agent->restart({"newa", "new-password-of-a-22-++"}, two.world.now);
    // The answer takes its time.
    CHECK_FALSE(two.world.run_until([&] { return !flows(); }, seed % 3 == 0 ? 0s : 8s));
    two.b.agent->restart({"newb", "new-password-of-b-22-++"}, two.world.now);
    two.world.signal(two.a, two.b);
    for (IceWorld::Peer* p : {&two.a, &two.b}) {
      for (const LocalCandidate& c : p->agent->local_candidates())
        p->other->agent->add_remote_candidate(c.ice);
      p->other->agent->end_of_candidates(two.world.now);
    }
    bool interrupted = false;
    const bool done = two.world.run_until(
        [&] {
          interrupted = interrupted || !flows();
          return two.agreed() || interrupted;
        },
        kPatience);
    CHECK_FALSE(interrupted);
    REQUIRE(done);
    two.world.run_for(60s);
    REQUIRE(two.agree());
  }
}

/// RFC 8829 §3.2: one offer, answered by one device and then by another.
TEST_CASE("another peer's credentials end the pairs with the one before, and nothing is gathered anew") {
  for (const std::uint64_t seed : seeds(0, 50)) {
    INFO("seed " << seed);
    Two two(seed, {}, {.controlling = false}, 2);
    IceWorld::Peer& c = two.world.add_peer({.controlling = false}, Two::list("192.0.2.", 2));
    two.world.net.link = kBad;
    two.start();
    if (seed % 3 == 0) {
      two.world.run_for(50ms);
    } else {
      REQUIRE(two.agree());
    }
    const std::size_t gathered = two.a.candidates.size();
    const Credentials local = two.a.agent->local();
    two.world.signal(two.a, c);
    CHECK(!two.a.agent->selected());
    CHECK(two.a.agent->remote_candidates().empty());
    CHECK(two.a.agent->local().ufrag == local.ufrag);
    for (const LocalCandidate& candidate : two.a.agent->local_candidates())
      c.agent->add_remote_candidate(candidate.ice);
    c.agent->gather(two.world.now);
    REQUIRE(two.world.run_until(
        [&] {
          const auto pair = two.a.agent->selected_pair();
          return two.a.connected() && c.connected() && pair && pair->nominated &&
                 pair->remote.address.starts_with("192.0.2.");
        },
        kPatience));
    CHECK(two.a.candidates.size() == gathered);
    // The one before asks on, and is no peer any more.
    two.world.run_for(40s);
    CHECK(two.b.agent->state() == IceState::kFailed);
    CHECK(two.a.connected());
    CHECK(two.a.agent->selected_pair()->remote.address.starts_with("192.0.2."));
  }
}

TEST_CASE("silence disconnects after 12 s, fails after 30 s with the reason, and a restart brings it back") {
  Two two(5);
  two.start();
  REQUIRE(two.agree());
  two.world.run_for(5s);
  two.world.net.down = true;
  REQUIRE(two.world.run_until([&] { return two.a.agent->state() == IceState::kDisconnected; }, 19s));
  CHECK(two.a.agent->reason() == "no answer by the selected pair for 12 s");
  REQUIRE(two.world.run_until([&] { return two.a.agent->state() == IceState::kFailed; }, 19s));
  CHECK(two.a.agent->reason().find("consent") != std::string::npos);
  CHECK_FALSE(two.a.agent->selected());
  CHECK_FALSE(two.world.send(two.a, packet("too late")));
  two.world.run_for(60s);
  two.world.net.down = false;
  two.world.restart(two.a, two.b);
  two.world.signal(two.a, two.b);
  REQUIRE(two.agree(2s));
}

TEST_CASE("a short outage heals by itself") {
  Two two(6);
  two.start();
  REQUIRE(two.agree());
  two.world.net.down = true;
  two.world.run_for(20s);
  CHECK(two.a.agent->state() == IceState::kDisconnected);
  two.world.net.down = false;
  REQUIRE(two.agree(8s));
}

TEST_CASE("a dead selected pair gives way to another") {
  for (const std::uint64_t seed : seeds(0, 50)) {
    INFO("seed " << seed);
    Two two(seed, {}, {.controlling = false}, 2);
    two.world.net.link = {.loss = 0.05, .max_delay = 50ms};
    two.start();
    REQUIRE(two.agree());
    const auto dead = two.a.agent->selected_pair();
    two.world.net.cut(dead->local.address, addr(dead->remote.address.c_str()));
    REQUIRE(two.world.run_until([&] { return two.agreed() && two.a.agent->selected() != dead->path; }, 40s));
    two.world.run_for(30s);
    CHECK(two.agree(10s));
  }
}

TEST_CASE("when a local socket goes away the others take over") {
  Two two(7, {}, {.controlling = false}, 2);
  two.start();
  REQUIRE(two.agree());
  const SocketId gone = two.a.agent->selected()->socket;
  two.a.agent->remove_local(gone, two.world.now);
  CHECK(two.a.agent->state() == IceState::kDisconnected);
  REQUIRE(two.world.run_until([&] { return two.a.connected() && two.exchange(packet("still")); }, 20s));
}

TEST_CASE("no path: both fail in bounded time and say why") {
  Two two(8);
  two.world.net.cut(addr("198.51.100.1"), addr("203.0.113.1"));
  two.start();
  CHECK_FALSE(two.world.run_until([&] { return two.a.agent->state() == IceState::kFailed; }, 39s));
  REQUIRE(two.world.run_until([&] { return two.a.agent->state() == IceState::kFailed; }, 2s));
  CHECK(two.a.reason == "the only candidate pair failed: without an answer");
  REQUIRE(two.world.run_until([&] { return two.b.agent->state() == IceState::kFailed; }, 2s));
  CHECK(two.a.agent->add_remote_candidate(host("192.0.2.1", 1)) == CandidateVerdict::kEnded);
}

TEST_CASE("a peer without usable candidates is told by reason, mDNS names by number") {
  IceWorld world(9);
  auto& a = world.add_peer({}, {addr("198.51.100.1", 5000)});
  a.agent->gather(world.now);
  a.agent->set_remote(kServer, false, world.now);
  IceCandidate name = host("4f2a.local", 5000);
  CHECK(a.agent->add_remote_candidate(name) == CandidateVerdict::kMdns);
  name.address = "4F2B.LOCAL.";
  CHECK(a.agent->add_remote_candidate(name) == CandidateVerdict::kMdns);
  name.address = "example.com";
  CHECK(a.agent->add_remote_candidate(name) == CandidateVerdict::kNotAnAddress);
  name.address = "0.0.0.0";
  CHECK(a.agent->add_remote_candidate(name) == CandidateVerdict::kUnusable);
  const bool ended = GENERATE(true, false);
  if (ended) a.agent->end_of_candidates(world.now);
  const Duration limit = ended ? FullAgent::kFailurePatience : FullAgent::kCandidatePatience;
  CHECK_FALSE(world.run_until([&] { return a.agent->state() == IceState::kFailed; }, limit - 1ms));
  CHECK(world.run_until([&] { return a.agent->state() == IceState::kFailed; }, 1ms));
  CHECK(a.reason ==
        std::string(ended ? "the peer has no candidates" : "the peer told no candidate within 120 s") +
            "; 2 were mDNS names (.local), which are not resolved; 2 were of no use");
}

TEST_CASE("of two pairs the better one is nominated although the worse answers first") {
  for (const std::uint64_t seed : seeds(0, 20)) {
    INFO("seed " << seed);
    Two two(seed, {}, {.controlling = false}, 2);
    two.world.net.link = {.min_delay = 5ms, .max_delay = 100ms};
    two.start();
    REQUIRE(two.agree(3s));
    CHECK(two.a.agent->selected() == Path{addr("203.0.113.1", 5000), 0});
  }
}

TEST_CASE("a peer that nominates every pair is followed to its best") {
  Random random(10);
  FullAgent agent(kServer, random, {.controlling = false});
  Instant now{1s};
  agent.add_local({addr("203.0.113.5", 443), 0, IceProtocol::kUdp}, now);
  agent.gather(now);
  agent.set_remote(kPeer, false, now);
  std::vector<Transmit> out;
  const auto nominate = [&](int port, std::uint32_t priority) {
    const Path path{addr("198.51.100.1", port), 0};
    auto request = make_request({.priority = priority, .use_candidate = true});
    agent.receive(request, path, now);
    for (int i = 0; i < 10; ++i) agent.advance(now += 50ms);
    out.clear();
    agent.drain(out);
    for (const Transmit& t : out) {
      const auto check = StunMessage::parse(t.bytes);
      if (check->stun_class != StunClass::kRequest || t.path != path) continue;
      auto answer = success_reply(*check, addr("203.0.113.5", 443), kPeer.password);
      agent.receive(answer.room().first(answer.size()), path, now);
      break;
    }
  };
  nominate(1, 100);
  CHECK(agent.selected()->remote.port() == 1);
  nominate(2, 200);
  CHECK(agent.selected()->remote.port() == 2);
  nominate(3, 150);  // in the same burst: worse, and so not followed
  CHECK(agent.selected()->remote.port() == 2);
  CHECK(agent.nominated());
  now += 5s;
  nominate(4, 50);  // later: the peer has changed its mind
  CHECK(agent.selected()->remote.port() == 4);
}

TEST_CASE("hostile or useless datagrams are dropped and counted") {
  Two two(11);
  two.start();
  REQUIRE(two.agree());
  FullAgent& agent = *two.a.agent;
  const Path stranger{addr("192.0.2.66", 1), 0};
  std::vector<std::uint8_t> rtp{0x80, 1, 2, 3};
  CHECK(agent.receive(rtp, stranger, two.world.now).kind == Received::Kind::kDropped);
  CHECK(agent.unknown_source_count() == 1);
  auto request = make_request({.local_ufrag = agent.local().ufrag});
  CHECK(agent.receive(request, stranger, two.world.now).kind == Received::Kind::kDropped);
  CHECK_FALSE(agent.is_known(stranger));
  auto relayed = make_request();
  CHECK(agent.receive(relayed, {addr("192.0.2.66", 1), 77}, two.world.now).kind == Received::Kind::kDropped);
}

TEST_CASE("what can grow is limited") {
  IceWorld world(12);
  auto& a = world.add_peer({}, {addr("198.51.100.1", 5000), addr("198.51.100.2", 5000)});
  a.agent->gather(world.now);
  for (int i = 0; i < 200; ++i)
    a.agent->add_remote_candidate(host("192.0.2.1", 1 + i, 1000U + static_cast<unsigned>(i)));
  CHECK(a.agent->remote_candidates().size() == FullAgent::kMaxRemoteCandidates);
  CHECK(a.agent->candidate_count(CandidateVerdict::kLimit) == 136);
  CHECK(a.agent->pair_stats().size() == Checklist::kMaxPairs);
}

TEST_CASE("closing is final") {
  Two two(13);
  two.start();
  REQUIRE(two.agree());
  two.a.agent->close(two.world.now);
  CHECK(two.a.agent->state() == IceState::kClosed);
  CHECK(two.a.agent->next_deadline() == kNever);
  CHECK_FALSE(two.world.send(two.a, packet("no")));
  two.world.run_for(31s);
  CHECK(two.b.agent->state() == IceState::kFailed);
}

}  // namespace
}  // namespace sluice::ice
