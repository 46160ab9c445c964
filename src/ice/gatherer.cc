// The owner's side of gathering: bases, servers, what arrives, what goes out. How one task goes on is
// gatherer_tasks.cc.
#include "ice/gatherer.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::ice {
namespace {

constexpr std::size_t kMaxPending = 256;

}  // namespace

void Gatherer::add_base(const LocalAddress& base, std::uint16_t place, Instant now) {
  bases_.push_back({base, place});
  if (started_ && !closed_) add_tasks(bases_.back(), now);
}

void Gatherer::remove_base(SocketId socket, Instant now) {
  const auto is_gone = [&](const Base& b) {
    return b.local.protocol == IceProtocol::kUdp && b.local.socket == socket;
  };
  std::erase_if(bases_, is_gone);
  std::erase_if(tasks_, [&](const std::unique_ptr<Task>& t) {
    if (t->stream() || !is_gone(t->base)) return false;
    if (t->turn) t->turn->close(now);
    return true;
  });
}

/// Which servers are asked from which base: by UDP from every UDP socket; by a connection once an address
/// family, for whatever the way to a TURN server is, its relays are alike.
bool Gatherer::wanted(const IceServer& server, const Base& base) const {
  if (server.transport == ServerTransport::kUdp) return base.local.protocol == IceProtocol::kUdp;
  if (server.kind == ServerKind::kStun || server.transport == ServerTransport::kDtls) return false;
  const auto first = std::find_if(bases_.begin(), bases_.end(), [&](const Base& b) {
    return b.local.address.family() == base.local.address.family();
  });
  return first != bases_.end() && first->place == base.place && first->local.protocol == base.local.protocol;
}

void Gatherer::start(Instant now) {
  if (closed_) return;
  started_ = true;
  // What ended in vain may have better luck now; so may what the new configuration does not name any more.
  std::erase_if(tasks_, [&](const std::unique_ptr<Task>& t) {
    if (t->stage == Stage::kReady) {
      // The way to the server may be another by now: the network is often why ICE is restarted.
      if (t->turn) {
        t->turn->probe(now);
      } else {
        t->stage = Stage::kQueued;
      }
      return false;
    }
    if (t->stage != Stage::kDone && std::find(servers_.begin(), servers_.end(), t->server) != servers_.end())
      return false;
    disconnect(*t);
    return true;
  });
  for (const IceServer& server : servers_) {
    if (server.transport == ServerTransport::kDtls)
      push_error(server, {}, kServerNotReached,
                 "TURN over DTLS (turns: with transport=udp) is not supported");
    if (server.kind == ServerKind::kStun && server.transport != ServerTransport::kUdp)
      push_error(server, {}, kServerNotReached,
                 "a STUN server is asked by UDP only: what address a TLS connection has is of no use");
  }
  for (const Base& base : bases_) add_tasks(base, now);
}

void Gatherer::add_tasks(const Base& base, Instant now) {
  for (const IceServer& server : servers_) {
    if (!wanted(server, base) || tasks_.size() >= kMaxTasks) continue;
    const auto same = [&](const std::unique_ptr<Task>& t) {
      return t->server.url == server.url && t->server.username == server.username &&
             t->base.local.address == base.local.address && t->base.local.socket == base.local.socket;
    };
    if (std::any_of(tasks_.begin(), tasks_.end(), same)) continue;
    Task& task = *tasks_.emplace_back(std::make_unique<Task>());
    task.server = server;
    task.base = base;
    task.socket = base.local.socket;
    resolve(task, now);
  }
}

bool Gatherer::complete() const {
  return started_ && std::all_of(tasks_.begin(), tasks_.end(), [](const std::unique_ptr<Task>& t) {
           return t->stage == Stage::kReady || t->stage == Stage::kDone;
         });
}

void Gatherer::close(Instant now) {
  if (std::exchange(closed_, true)) return;
  for (const auto& task : tasks_) {
    if (task->turn) {
      task->turn->close(now);
      task->turn->drain(turn_out_);
      for (auto& message : std::exchange(turn_out_, {})) send(*task, std::move(message));
    }
    disconnect(*task);
  }
  tasks_.clear();
}

void Gatherer::resolved(std::string_view host, const std::vector<SocketAddress>& addresses,
                        std::string_view why, Instant now) {
  if (!addresses.empty() && names_.size() < kMaxTasks) names_.emplace_back(host, addresses);
  for (const auto& task : tasks_) {
    if (task->stage == Stage::kResolving && task->server.host == host)
      set_addresses(*task, addresses, why, now);
  }
}

void Gatherer::connected(SocketId connection, const SocketAddress& local, Instant now) {
  Task* task = by_socket(connection);
  if (task == nullptr || task->stage != Stage::kConnecting) return;
  task->bound = local;
  run(*task, now);
}

void Gatherer::disconnected(SocketId connection, std::string_view why, Instant now) {
  Task* task = by_socket(connection);
  if (task == nullptr) return;
  task->socket = 0;  // it is gone: nothing to close
  const bool was_open = task->stage != Stage::kConnecting;
  try_failed(*task, kServerNotReached,
             (was_open ? "the connection has ended: " : "no connection: ") + std::string(why), now);
}

Gatherer::Task* Gatherer::by_socket(SocketId connection) const {
  for (const auto& task : tasks_) {
    if (task->stream() && task->socket == connection && connection >= kFirstConnection) return task.get();
  }
  return nullptr;
}

Gatherer::Task* Gatherer::by_relay(SocketId relay) const {
  for (const auto& task : tasks_) {
    if (task->turn && task->relay == relay) return task.get();
  }
  return nullptr;
}

Gatherer::Inbound Gatherer::receive(MutableBytes datagram, const Path& path, Instant now) {
  for (const auto& task : tasks_) {
    if (task->stream() || task->socket != path.socket || task->remote != path.remote) continue;
    if (task->turn) {
      // A server may be a peer's address too, and several allocations may share one: who has no use for a
      // message leaves it.
      const Inbound inbound = give_to_turn(*task, datagram, now);
      if (inbound.kind != Kind::kNotMine) return inbound;
    } else if (task->stage == Stage::kRunning && peek_transaction_id(datagram) == task->probe) {
      const auto response = StunMessage::parse(datagram);
      if (response) answer_probe(*task, *response, now);
      return {Kind::kHandled, {}, {}};
    }
  }
  return {};
}

void Gatherer::append_stream(SocketId connection, Bytes bytes) {
  if (Task* task = by_socket(connection)) task->deframer.append(bytes);
}

std::optional<Gatherer::Inbound> Gatherer::next_from_stream(SocketId connection, Instant now) {
  Task* task = by_socket(connection);
  if (task == nullptr || !task->turn) return std::nullopt;
  const auto message = task->deframer.next();
  if (!message) {
    if (task->deframer.broken()) {
      disconnect(*task);
      try_failed(*task, kServerNotReached, "what the server sends is not TURN", now);
    }
    return std::nullopt;
  }
  return give_to_turn(*task, *message, now);
}

Gatherer::Inbound Gatherer::give_to_turn(Task& task, MutableBytes message, Instant now) {
  const TurnClient::Inbound inbound = task.turn->receive(message, now);
  const SocketId relay = task.relay;
  if (inbound.kind == TurnClient::Kind::kData) return {Kind::kData, {inbound.peer, relay}, inbound.payload};
  if (inbound.kind == TurnClient::Kind::kDropped) return {};
  after_turn(task, now);
  return {Kind::kHandled, {}, {}};
}

bool Gatherer::relay_send(const Path& path, Bytes datagram, Instant now) {
  Task* task = by_relay(path.socket);
  if (task == nullptr) return false;
  const bool taken = task->turn->send(path.remote, datagram, now);
  after_turn(*task, now);
  return taken;
}

void Gatherer::bind_channel(const Path& path, Instant now) {
  Task* task = by_relay(path.socket);
  if (task == nullptr) return;
  task->turn->bind_channel(path.remote, now);
  after_turn(*task, now);
}

void Gatherer::found_reflexive(const Task& task, const SocketAddress& mapped) {
  Event event;
  event.candidate.ice.type = IceCandidateType::kSrflx;
  event.candidate.address = mapped;
  event.candidate.socket = task.base.local.socket;
  event.candidate.related_address = task.base.local.address.ip();
  event.candidate.related_port = task.base.local.address.port();
  event.candidate.url = task.server.url;
  event.base = task.base.local.address;
  event.server = task.remote;
  event.place = task.base.place;
  events_.push(std::move(event));
}

void Gatherer::on_allocated(Task& task) {
  const auto mapped = task.turn->mapped();
  // RFC 8445 §5.1.1.2: the answer to an Allocate names a server-reflexive address too.
  if (mapped && !task.stream()) found_reflexive(task, *mapped);
  task.relay = next_relay_++;
  Event event;
  event.candidate.ice.type = IceCandidateType::kRelay;
  event.candidate.address = task.turn->relayed();
  event.candidate.socket = task.relay;
  const SocketAddress related = mapped.value_or(task.stream() ? task.bound : task.base.local.address);
  event.candidate.related_address = related.ip();  // RFC 8839 §5.1: of relayed candidates, the mapped address
  event.candidate.related_port = related.port();
  event.candidate.url = task.server.url;
  event.candidate.relay_protocol = task.server.transport;
  event.base = task.turn->relayed();
  event.server = task.remote;
  event.place = task.base.place;
  events_.push(std::move(event));
}

void Gatherer::drain(std::vector<Transmit>& out) {
  std::move(out_.begin(), out_.end(), std::back_inserter(out));
  out_.clear();
}

void Gatherer::send(const Task& task, std::vector<std::uint8_t> bytes) {
  if (out_.size() < kMaxPending) out_.push_back({{task.remote, task.socket}, std::move(bytes)});
}

void Gatherer::push_error(const IceServer& server, const SocketAddress& local, std::uint16_t code,
                          std::string text) {
  Event event;
  event.type = Event::Type::kError;
  event.error = {server.url, local, code, std::move(text)};
  events_.push(std::move(event));
}

}  // namespace sluice::ice
