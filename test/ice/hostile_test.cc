// Two agents from a seed: any number of addresses, any NATs and firewalls, any servers and policies, either
// role, on a network that loses, delays, duplicates and forges, with outages, restarts of NATs and of ICE
// under way. Where a path exists they connect and carry data; where none does they fail in bounded time and
// say why.
#include <algorithm>

#include "catch.h"
#include "ice/ice_world.h"
#include "seeds.h"

namespace sluice::ice {
namespace {

/// What makes a path, as the seed has it.
struct Place {
  int nat = -1;  ///< Index into the world's NATs; -1: in the open.
  net::NatSpec spec{};
  bool stun = false;   ///< Learns its address outside.
  bool relay = false;  ///< Has a relay that works.
  bool relay_only = false;
  IceWorld::Peer* peer = nullptr;

  [[nodiscard]] bool udp() const { return nat < 0 || !spec.udp_blocked; }
  [[nodiscard]] bool reflexive() const { return udp() && (nat < 0 || stun); }
};

/// Without relays: RFC 5128's hole punching, in a table.
bool direct_path(const Place& a, const Place& b) {
  if (a.relay_only || b.relay_only) return false;
  if (a.nat >= 0 && a.nat == b.nat) return true;
  if (!a.udp() || !b.udp()) return false;
  if (a.nat < 0 || b.nat < 0) return true;
  if (!a.reflexive() || !b.reflexive()) return false;
  const auto symmetric = [](const Place& p) {
    return p.spec.mapping != net::NatBehavior::kEndpointIndependent;
  };
  const auto strict = [](const Place& p) {
    return p.spec.filtering == net::NatBehavior::kAddressAndPortDependent;
  };
  if (symmetric(a) && symmetric(b)) return false;
  return !(symmetric(a) && strict(b)) && !(symmetric(b) && strict(a));
}

/// By the relay of `a`: the other's packets must come from an address that `a` knows to permit.
bool path_by_relay_of(const Place& a, const Place& b) {
  if (!a.relay) return false;
  return b.relay || (b.reflexive() && !b.relay_only);
}

bool path_exists(const Place& a, const Place& b) {
  return direct_path(a, b) || path_by_relay_of(a, b) || path_by_relay_of(b, a);
}

struct Hostile {
  IceWorld world;
  Random dice;
  std::vector<std::size_t> nats;
  Place a;
  Place b;

  explicit Hostile(std::uint64_t seed) : world(seed), dice(seed ^ 0xD1CE) {
    world.net.link = {.loss = 0.03 * dice.unit(),
                      .duplication = 0.05 * dice.unit(),
                      .forgery = 0.05 * dice.unit(),
                      .min_delay = 1ms,
                      .max_delay = Duration(1ms * (1 + dice.below(100)))};
    world.signaling_delay = 1ms * (1 + dice.below(500));
    net::TurnServer::Options options;
    options.address = addr("203.0.113.9", 3478);
    options.relay_ip = addr("203.0.113.10");
    world.add_turn_server(options);
    const bool controlling = dice.chance(0.5);
    const bool conflict = dice.chance(0.2);
    place(a, 1, controlling);
    place(b, 2, conflict ? controlling : !controlling);
  }

  void place(Place& p, int n, bool controlling) {
    const bool same = n == 2 && a.nat >= 0 && dice.chance(0.2);
    if (same) {
      p.nat = a.nat;
      p.spec = a.spec;
    } else if (dice.chance(0.75)) {
      constexpr net::NatSpec kKinds[] = {net::kFullCone, net::kRestricted, net::kPortRestricted,
                                         net::kSymmetric, net::kUdpBlocked};
      p.spec = kKinds[dice.below(5)];
      p.nat = static_cast<int>(world.net.add_nat(addr(("192.0.2." + std::to_string(n)).c_str()), p.spec));
    }
    FullAgent::Options options;
    options.controlling = controlling;
    options.pacing = dice.chance(0.5) ? 50ms : 5ms;
    const std::uint32_t servers = dice.below(5);
    if (servers == 1) options.servers = {*parse_server_url("stun:203.0.113.9")};
    if (servers == 2) options.servers = {turn_server("turn:203.0.113.9")};
    if (servers == 3) options.servers = {turn_server("turn:203.0.113.9?transport=tcp")};
    if (servers == 4) {
      options.servers = {*parse_server_url("stun:203.0.113.77"), turn_server("turn:203.0.113.9"),
                         turn_server("turns:203.0.113.9:3478"),
                         turn_server("turn:203.0.113.9", "user", "no")};
    }
    p.stun = (servers == 1 || servers == 2 || servers == 4);
    p.relay = (servers == 2 && p.udp()) || servers == 3 || servers == 4;
    p.relay_only = p.relay && dice.chance(0.3);
    if (p.relay_only) options.policy = TransportPolicy::kRelay;
    std::vector<SocketAddress> addresses;
    for (std::uint32_t i = 0; i < 1 + dice.below(2); ++i) {
      const std::string ip = (p.nat < 0 ? "198.51." : "10." + std::to_string(p.nat) + ".") +
                             std::to_string(n) + "." + std::to_string(i + 1);
      addresses.push_back(addr(ip.c_str(), 5000));
      if (p.nat >= 0) world.net.put_behind(addresses.back(), static_cast<std::size_t>(p.nat));
    }
    p.peer = &world.add_peer(std::move(options), addresses);
  }

  [[nodiscard]] bool nominated() const { return a.peer->agent->nominated() && b.peer->agent->nominated(); }
  /// Data passes both ways within ten seconds of trying, ten times a second.
  bool exchange() {
    const auto has = [](const IceWorld::Peer& p, const std::string& text) {
      return std::find(p.received.begin(), p.received.end(), text) != p.received.end();
    };
    const auto done = [&] { return has(*a.peer, packet("from b")) && has(*b.peer, packet("from a")); };
    a.peer->received.clear();
    b.peer->received.clear();
    for (int i = 0; i < 100; ++i) {
      world.send(*a.peer, packet("from a"));
      world.send(*b.peer, packet("from b"));
      if (world.run_until(done, 100ms)) return true;
    }
    return false;
  }
  /// One thing that goes wrong. What is left is a path again, if there was one.
  void trouble() {
    switch (dice.below(4)) {
      case 0:
        world.net.down = true;
        world.run_for(Duration(1s) * (1 + dice.below(20)));
        world.net.down = false;
        return;
      case 1:
        world.restart(*a.peer, *b.peer);
        return world.signal(*a.peer, *b.peer);
      case 2:
        for (const Place* p : {&a, &b}) {
          if (p->nat >= 0) world.net.forget(static_cast<std::size_t>(p->nat));
        }
        world.restart(*a.peer, *b.peer);
        return world.signal(*a.peer, *b.peer);
      default:
        world.turn_servers[0]->forget_everything();
        world.restart(*a.peer, *b.peer);
        return world.signal(*a.peer, *b.peer);
    }
  }
};

std::string describe(const Place& p) {
  std::string out =
      p.nat < 0 ? "public" : "behind NAT " + std::to_string(p.nat) + (p.spec.udp_blocked ? ", no UDP" : "");
  if (p.nat >= 0)
    out += ", mapping " + std::to_string(static_cast<int>(p.spec.mapping)) + ", filtering " +
           std::to_string(static_cast<int>(p.spec.filtering));
  out += std::string(p.stun ? ", STUN" : "") + (p.relay ? ", relay" : "") + (p.relay_only ? " only" : "");
  return out + (p.peer->reason.empty() ? "" : ": " + p.peer->reason);
}

bool over(const Hostile& h) {
  const auto failed = [](const Place& p) { return p.peer->agent->state() == IceState::kFailed; };
  return h.nominated() || (failed(h.a) && failed(h.b));
}

TEST_CASE("two agents connect whenever a path exists, and otherwise fail in bounded time with the reason") {
  int connected = 0;
  int failed = 0;
  std::vector<std::uint64_t> all = seeds(0, 1500);
  // A damaged answer, with an attribute that no client knows, ended an allocation.
  if (all.size() >= 1500) all.push_back(25025);
  for (const std::uint64_t seed : all) {
    INFO("seed " << seed);
    Hostile h(seed);
    h.world.signal(*h.a.peer, *h.b.peer);
    h.world.gather(*h.a.peer, *h.b.peer);
    REQUIRE(h.world.run_until([&] { return over(h); }, 150s));
    if (!path_exists(h.a, h.b)) {
      if (h.nominated()) continue;  // luck: the table is of what must work
      ++failed;
      REQUIRE_FALSE(h.a.peer->reason.empty());
      REQUIRE_FALSE(h.b.peer->reason.empty());
      continue;
    }
    ++connected;
    INFO("a: " << describe(h.a) << "\nb: " << describe(h.b));
    REQUIRE(h.nominated());
    REQUIRE(h.exchange());
    REQUIRE(h.a.peer->agent->controlling() != h.b.peer->agent->controlling());
    h.trouble();
    bool again = false;
    for (int i = 0; i < 90 && !again; ++i)
      again = h.world.run_until([&] { return h.nominated(); }, 1s) && h.exchange();
    REQUIRE(again);
    for (const Place* p : {&h.a, &h.b}) p->peer->agent->close(h.world.now);
    h.world.run_for(1s);
    if (h.world.net.link.loss == 0) REQUIRE(h.world.turn_servers[0]->allocation_count() == 0);
  }
  // The seeds are of use only while both happen often.
  if (all.size() >= 1500) {
    CHECK(connected > 500);
    CHECK(failed > 100);
  }
}

}  // namespace
}  // namespace sluice::ice
