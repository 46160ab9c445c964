#include "ice/ice_world.h"

#include <algorithm>
#include <utility>

#include "ice/drained.h"
#include "ice/stream_framing.h"

namespace sluice::ice {

int IceWorld::Peer::count(IceCandidateType type) const {
  return static_cast<int>(std::count_if(candidates.begin(), candidates.end(),
                                        [&](const LocalCandidate& c) { return c.ice.type == type; }));
}

net::TurnServer& IceWorld::add_turn_server(net::TurnServer::Options options) {
  return *turn_servers.emplace_back(std::make_unique<net::TurnServer>(std::move(options)));
}

IceWorld::LiteServer& IceWorld::add_lite_server(const SocketAddress& address, bool stream) {
  return *lite_servers.emplace_back(std::make_unique<LiteServer>(
      LiteServer{LiteAgent({random.ice_chars(8), random.ice_chars(24)}), address, stream}));
}

IceWorld::Peer& IceWorld::add_peer(FullAgent::Options options, const std::vector<SocketAddress>& addresses) {
  Peer& peer = *peers.emplace_back(std::make_unique<Peer>());
  peer.agent = std::make_unique<FullAgent>(Credentials{random.ice_chars(4), random.ice_chars(24)}, random,
                                           std::move(options));
  for (const SocketAddress& address : addresses) {
    const auto id = static_cast<SocketId>(peer.sockets.size());
    peer.sockets.emplace_back(id, address);
    peer.agent->add_local({address, id, IceProtocol::kUdp}, now);
  }
  return peer;
}

void IceWorld::signal(Peer& a, Peer& b) {
  a.other = &b;
  b.other = &a;
  a.agent->set_remote(b.agent->local(), false, now);
  b.agent->set_remote(a.agent->local(), false, now);
}

void IceWorld::gather(Peer& a, Peer& b) {
  a.agent->gather(now);
  b.agent->gather(now);
}

void IceWorld::restart(Peer& a, Peer& b) {
  a.agent->restart({random.ice_chars(4), random.ice_chars(24)}, now);
  b.agent->restart({random.ice_chars(4), random.ice_chars(24)}, now);
}

void IceWorld::tell(Peer& peer, std::function<void(FullAgent&)> what) {
  Peer* other = peer.other;
  if (other == nullptr) return;
  // Signaling keeps its order; candidates of another generation than the one that is known are not for it.
  const std::string ufrag = peer.agent->local().ufrag;
  at(now + signaling_delay, [other, ufrag, what = std::move(what)] {
    if (other->agent->remote() && other->agent->remote()->ufrag == ufrag) what(*other->agent);
  });
}

void IceWorld::on_event(Peer& peer, FullEvent event) {
  switch (event.type) {
    case FullEvent::Type::kCandidate: {
      peer.candidates.push_back(*event.candidate);
      const IceCandidate candidate = event.candidate->ice;
      tell(peer, [candidate](FullAgent& agent) { agent.add_remote_candidate(candidate); });
      break;
    }
    case FullEvent::Type::kCandidateError:
      peer.errors.push_back(*event.error);
      break;
    case FullEvent::Type::kGatheringStateChanged:
      peer.gathering.push_back(event.gathering);
      if (event.gathering == GatheringState::kComplete)
        tell(peer, [this](FullAgent& agent) { agent.end_of_candidates(now); });
      break;
    case FullEvent::Type::kStateChanged:
      peer.states.push_back(event.state);
      if (!event.reason.empty()) peer.reason = event.reason;
      break;
    case FullEvent::Type::kRoleChanged:
      ++peer.role_changes;
      break;
    case FullEvent::Type::kSelectedPairChanged:
      break;
  }
}

bool IceWorld::listens(const SocketAddress& address) const {
  return std::any_of(turn_servers.begin(), turn_servers.end(),
                     [&](const auto& s) { return s->options().address == address; }) ||
         std::any_of(lite_servers.begin(), lite_servers.end(),
                     [&](const auto& s) { return s->stream && s->address == address; });
}

void IceWorld::on_request(Peer& peer, const FullRequest& request) {
  Peer* p = &peer;
  switch (request.type) {
    case FullRequest::Type::kResolve: {
      const std::string host = request.host;
      at(now + 15ms, [this, p, host] {
        const auto it = names.find(host);
        const bool known = it != names.end();
        p->agent->resolved(host, known ? it->second : std::vector<SocketAddress>{}, known ? "" : "NXDOMAIN",
                           now);
      });
      break;
    }
    case FullRequest::Type::kConnect: {
      const SocketId id = request.socket;
      const SocketAddress local = request.local.with_port(next_port_++);
      const SocketAddress remote = request.remote;
      at(now + 2 * net.link.max_delay, [this, p, id, local, remote] {
        if (servers_down || net.down) return;  // SYN into the void
        if (!listens(remote)) return p->agent->disconnected(id, "connection refused", now);
        p->connections[id] = {local, remote};
        p->agent->connected(id, local, now);
      });
      break;
    }
    case FullRequest::Type::kDisconnect:
      peer.connections.erase(request.socket);
  }
}

void IceWorld::pump(Peer& peer) {
  out_.clear();
  peer.agent->drain(out_);
  for (const Transmit& t : out_) {
    if (t.path.socket >= kFirstConnection) {
      const auto it = peer.connections.find(t.path.socket);
      if (it != peer.connections.end()) net.send(it->second.first, it->second.second, t.bytes, true, now);
      continue;
    }
    for (const auto& [id, address] : peer.sockets) {
      if (id == t.path.socket) net.send(address, t.path.remote, t.bytes, false, now);
    }
  }
  while (auto request = peer.agent->poll_request()) on_request(peer, *request);
  while (auto event = peer.agent->poll_event()) on_event(peer, *std::move(event));
  while (auto data = peer.agent->poll_data()) peer.received.emplace_back(as_text(data->bytes));
}

void IceWorld::pump_servers() {
  for (const auto& server : turn_servers) {
    for (const auto& o : server->take()) net.send(o.from, o.to, o.bytes, o.stream, now);
  }
  for (const auto& server : lite_servers) {
    for (const Transmit& t : drained(server->agent)) {
      const auto bytes = server->stream ? frame_for_stream(StreamFraming::kLength, t.bytes) : t.bytes;
      net.send(server->address, t.path.remote, bytes, server->stream, now);
    }
  }
}

void IceWorld::pump() {
  for (const auto& peer : peers) pump(*peer);
  pump_servers();
}

Instant IceWorld::next_event() const {
  Instant next = net.next_delivery();
  for (const auto& peer : peers) next = std::min(next, peer->agent->next_deadline());
  for (const auto& server : lite_servers) next = std::min(next, server->agent.next_deadline());
  return scheduled_.empty() ? next : std::min(next, scheduled_.begin()->first);
}

void IceWorld::step() {
  if (!scheduled_.empty() && scheduled_.begin()->first <= now) {
    const auto what = std::move(scheduled_.begin()->second);
    scheduled_.erase(scheduled_.begin());
    return what();
  }
  if (auto datagram = net.receive(now)) return deliver(*std::move(datagram));
  for (const auto& peer : peers) peer->agent->advance(now);
  for (const auto& server : lite_servers) server->agent.advance(now);
}

bool IceWorld::deliver_to_peer(Peer& peer, net::NatNetwork::Datagram& datagram) {
  if (datagram.stream) {
    for (const auto& [id, ends] : peer.connections) {
      if (ends.first != datagram.to || ends.second != datagram.from) continue;
      // A stream has no boundaries.
      const SocketId connection = id;
      const std::size_t half = random.below(static_cast<std::uint32_t>(datagram.bytes.size() + 1));
      peer.agent->receive_stream(connection, Bytes(datagram.bytes).first(half), now);
      peer.agent->receive_stream(connection, Bytes(datagram.bytes).subspan(half), now);
      return true;
    }
    return false;
  }
  for (const auto& [id, address] : peer.sockets) {
    if (address != datagram.to) continue;
    const Received received = peer.agent->receive(datagram.bytes, {datagram.from, id}, now);
    if (received.kind == Received::Kind::kData) peer.received.emplace_back(as_text(received.payload));
    return true;
  }
  return false;
}

void IceWorld::deliver(net::NatNetwork::Datagram datagram) {
  for (const auto& server : turn_servers) {
    if (servers_down) break;
    if (server->options().address == datagram.to)
      return server->receive(datagram.bytes, datagram.from, datagram.stream, now);
    if (server->is_relayed(datagram.to))
      return server->receive_relayed(datagram.bytes, datagram.from, datagram.to, now);
  }
  for (const auto& server : lite_servers) {
    if (server->address != datagram.to || server->stream != datagram.stream) continue;
    Bytes bytes = datagram.bytes;
    if (server->stream) bytes = bytes.subspan(2);
    if (!bytes.empty() && bytes[0] > 3) {
      ++server->clients[datagram.from];
      return;
    }
    server->agent.receive(bytes, {datagram.from, 0}, now);
    return;
  }
  for (const auto& peer : peers) {
    if (deliver_to_peer(*peer, datagram)) return;
  }
}

}  // namespace sluice::ice
