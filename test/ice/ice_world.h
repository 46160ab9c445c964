// Full agents, their signaling, STUN and TURN servers and ICE-lite servers on one NatNetwork, in virtual time
// and from a seed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ice/full_agent.h"
#include "ice/lite_agent.h"
#include "net/nat_network.h"
#include "net/turn_server.h"

namespace sluice::ice {

inline SocketAddress addr(const char* ip, int port = 0) {
  return *SocketAddress::parse(ip, static_cast<std::uint16_t>(port));
}

inline IceServer turn_server(const std::string& url, const std::string& user = "user",
                             const std::string& password = "secret") {
  IceServer server = *parse_server_url(url);
  server.username = user;
  server.credential = password;
  return server;
}

class IceWorld {
 public:
  struct Peer {
    std::unique_ptr<FullAgent> agent;
    std::vector<std::pair<SocketId, SocketAddress>> sockets;
    std::map<SocketId, std::pair<SocketAddress, SocketAddress>> connections;  ///< local, remote
    Peer* other = nullptr;                                                    ///< Who is told of candidates.
    std::string ufrag_told;
    std::vector<LocalCandidate> candidates;
    std::vector<CandidateError> errors;
    std::vector<IceState> states;
    std::vector<GatheringState> gathering;
    std::string reason;
    int role_changes = 0;
    std::vector<std::string> received;

    [[nodiscard]] bool connected() const {
      return agent->state() == IceState::kConnected || agent->state() == IceState::kCompleted;
    }
    [[nodiscard]] int count(IceCandidateType type) const;
  };
  struct LiteServer {
    LiteAgent agent;
    SocketAddress address;
    bool stream = false;
    std::map<SocketAddress, int> clients{};
  };

  explicit IceWorld(std::uint64_t seed) : net(seed), random(seed) {}
  IceWorld(const IceWorld&) = delete;
  IceWorld& operator=(const IceWorld&) = delete;

  net::NatNetwork net;
  Random random;
  Instant now{5000s};
  Duration signaling_delay = 20ms;
  std::map<std::string, std::vector<SocketAddress>> names;  ///< What the resolver knows.
  std::vector<std::unique_ptr<net::TurnServer>> turn_servers;
  std::vector<std::unique_ptr<LiteServer>> lite_servers;
  bool servers_down = false;

  net::TurnServer& add_turn_server(net::TurnServer::Options options);
  LiteServer& add_lite_server(const SocketAddress& address, bool stream);
  /// A peer with one UDP socket an address.
  Peer& add_peer(FullAgent::Options options, const std::vector<SocketAddress>& addresses);
  /// Credentials both ways at once; candidates are trickled as they come.
  void signal(Peer& a, Peer& b);
  void gather(Peer& a, Peer& b);
  void restart(Peer& a, Peer& b);
  void at(Instant when, std::function<void()> what) { scheduled_.emplace(when, std::move(what)); }

  template <typename Done>
  bool run_until(Done done, Duration limit) {
    const Instant end = now + limit;
    int rounds = 0;
    for (;;) {
      pump();
      if (done()) return true;
      const Instant next = next_event();
      if (next > end) break;
      rounds = next > now ? 0 : rounds + 1;
      if (rounds > 20000) return false;  // a deadline that is not served would spin for ever
      now = std::max(now, next);
      step();
    }
    now = std::max(now, end);
    return false;
  }
  void run_for(Duration duration) {
    run_until([] { return false; }, duration);
  }
  bool send(Peer& from, std::string_view text) { return from.agent->send(as_bytes(text), now); }
  std::vector<std::unique_ptr<Peer>> peers;

 private:
  void pump();
  void pump(Peer& peer);
  void pump_servers();
  void on_event(Peer& peer, FullEvent event);
  void on_request(Peer& peer, const FullRequest& request);
  void tell(Peer& peer, std::function<void(FullAgent&)> what);
  [[nodiscard]] Instant next_event() const;
  void step();
  void deliver(net::NatNetwork::Datagram datagram);
  bool deliver_to_peer(Peer& peer, net::NatNetwork::Datagram& datagram);
  [[nodiscard]] bool listens(const SocketAddress& address) const;

  std::multimap<Instant, std::function<void()>> scheduled_;
  std::vector<Transmit> out_;
  std::uint16_t next_port_ = 50000;
};

}  // namespace sluice::ice
