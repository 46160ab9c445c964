// How one gathering task goes on: resolve the server's name, wait for its turn, connect if need be, ask, keep
// alive.
#include <algorithm>
#include <array>
#include <utility>

#include "ice/gatherer.h"
#include "ice/stun_error.h"
#include "ice/stun_writer.h"

namespace sluice::ice {
namespace {

std::vector<std::uint8_t> binding(StunClass stun_class, const TransactionId& id) {
  std::array<std::uint8_t, 64> buffer;
  StunWriter writer(buffer, stun_class, StunMethod::kBinding, id);
  const Bytes message = writer.finish();
  return {message.begin(), message.end()};
}

}  // namespace

void Gatherer::resolve(Task& task, Instant now) {
  const std::string& host = task.server.host;
  if (const auto address = SocketAddress::parse(host, task.server.port))
    return set_addresses(task, {*address}, {}, now);
  for (const auto& [name, addresses] : names_) {
    if (name == host) return set_addresses(task, addresses, {}, now);
  }
  task.deadline = now + kOpenTimeout;
  const auto same = [&](const std::unique_ptr<Task>& t) {
    return t.get() != &task && t->stage == Stage::kResolving && t->server.host == host;
  };
  if (std::any_of(tasks_.begin(), tasks_.end(), same)) return;  // asked already
  FullRequest request;
  request.type = FullRequest::Type::kResolve;
  request.host = host;
  requests_.push(std::move(request));
}

void Gatherer::set_addresses(Task& task, const std::vector<SocketAddress>& addresses, std::string_view why,
                             Instant now) {
  const IpFamily family = task.base.local.address.family();
  bool of_another_base = false;
  for (const SocketAddress& address : addresses) {
    if (task.addresses.size() < kMaxAddresses && address.family() == family)
      task.addresses.insert(task.addresses.begin(), address.with_port(task.server.port));
    of_another_base = of_another_base || std::any_of(bases_.begin(), bases_.end(), [&](const Base& b) {
                        return b.local.address.family() == address.family();
                      });
  }
  if (task.addresses.empty()) {
    task.stage = Stage::kDone;
    if (of_another_base) return;  // that base asks it
    return push_error(task.server, task.base.local.address, kServerNotReached,
                      "the host name '" + task.server.host + "' " +
                          (addresses.empty() ? "was not resolved: " + std::string(why)
                                             : "has no address of an IP version that we have"));
  }
  try_next(task, now);
}

void Gatherer::try_next(Task& task, Instant now) {
  if (task.addresses.empty()) return give_up(task);
  task.remote = task.addresses.back();
  task.addresses.pop_back();
  task.stage = Stage::kQueued;
  task.deadline = kNever;
  (void)now;
}

/// The task's turn has come.
void Gatherer::begin(Task& task, Instant now) {
  if (!task.stream()) return run(task, now);
  task.stage = Stage::kConnecting;
  task.deadline = now + kOpenTimeout;
  task.socket = next_connection_;
  // Ids come again only after thousands of connections.
  next_connection_ = next_connection_ + 1 == kFirstPairConnection
                         ? kFirstConnection
                         : static_cast<SocketId>(next_connection_ + 1);
  task.deframer = StreamDeframer(StreamFraming::kTurn);
  FullRequest request;
  request.type = FullRequest::Type::kConnect;
  request.socket = task.socket;
  request.remote = task.remote;
  request.local = task.base.local.address.with_port(0);
  request.tls = task.server.transport == ServerTransport::kTls;
  request.host = task.server.host;
  requests_.push(std::move(request));
}

void Gatherer::run(Task& task, Instant now) {
  task.stage = Stage::kRunning;
  task.deadline = kNever;
  if (task.server.kind == ServerKind::kStun) {
    random_.fill(task.probe);
    task.timer = Retransmission(kServerPlan, now);
    task.probe_bytes = binding(StunClass::kRequest, task.probe);
    return send(task, task.probe_bytes);
  }
  task.turn = std::make_unique<TurnClient>(TurnClient::Options{.username = task.server.username,
                                                               .password = task.server.credential,
                                                               .reliable = task.stream(),
                                                               .family = task.remote.family()},
                                           random_);
  task.turn->start(now);
  after_turn(task, now);
}

void Gatherer::answer_probe(Task& task, const StunMessage& response, Instant now) {
  if (response.stun_class == StunClass::kError && response.error_code)
    return try_failed(task, *response.error_code,
                      stun_error_text(*response.error_code, response.error_reason), now);
  if (response.stun_class != StunClass::kSuccess || !response.xor_mapped_address ||
      !response.unknown_required().empty() || (response.has_fingerprint() && !response.verify_fingerprint()))
    return;  // as if it had not come
  task.stage = Stage::kReady;
  task.keepalive = now + kKeepalive;
  task.probe_bytes = {};
  found_reflexive(task, *response.xor_mapped_address);
}

/// What the TURN client has to send and to tell.
void Gatherer::after_turn(Task& task, Instant now) {
  const auto flush = [&] {
    task.turn->drain(turn_out_);
    for (auto& message : turn_out_) send(task, std::move(message));
    turn_out_.clear();
  };
  flush();
  while (task.turn) {
    auto event = task.turn->poll_event();
    if (!event) break;
    switch (event->type) {
      case TurnClient::Event::Type::kAllocated:
        task.stage = Stage::kReady;
        task.keepalive = task.stream() ? kNever : now + kKeepalive;
        on_allocated(task);
        break;
      case TurnClient::Event::Type::kFailed:
        try_failed(task, event->code, std::move(event->text), now);
        break;
      case TurnClient::Event::Type::kRedirected:
        redirect(task, event->address, now);
        break;
      case TurnClient::Event::Type::kPeerRefused: {
        Event refused;
        refused.type = Event::Type::kPeerRefused;
        refused.relay = task.relay;
        refused.peer = event->address;
        refused.text = std::move(event->text);
        events_.push(std::move(refused));
        break;
      }
    }
  }
}

void Gatherer::redirect(Task& task, const SocketAddress& address, Instant now) {
  if (++task.redirects > kMaxRedirects)
    return try_failed(task, 300, "300 Try Alternate, more than three times", now);
  if (address.family() != task.base.local.address.family() || address == task.remote)
    return try_failed(task, 300, "300 Try Alternate, to an address of no use: " + address.to_string(), now);
  disconnect(task);
  task.turn.reset();
  task.addresses.push_back(address);
  try_next(task, now);
}

/// This address of the server's did not work, or what worked has ended.
void Gatherer::try_failed(Task& task, std::uint16_t code, std::string text, Instant now) {
  const bool was_ready = task.stage == Stage::kReady;
  disconnect(task);
  task.turn.reset();
  task.failure_code = code;
  task.failure = std::move(text);
  if (!was_ready) return try_next(task, now);
  give_up(task);
  Event lost;
  lost.type = Event::Type::kRelayLost;
  lost.relay = std::exchange(task.relay, SocketId{0});
  lost.text = task.server.url + ": " + task.failure;
  events_.push(std::move(lost));
  // A server that was started anew, or another way to it, may give another allocation.
  task.redirects = 0;
  task.stage = Stage::kResolving;
  task.socket = task.base.local.socket;
  resolve(task, now);
}

void Gatherer::give_up(Task& task) {
  task.stage = Stage::kDone;
  task.deadline = kNever;
  push_error(task.server, task.base.local.address, task.failure_code, task.failure);
}

void Gatherer::disconnect(Task& task) {
  if (!task.stream() || task.socket < kFirstConnection) return;
  FullRequest request;
  request.type = FullRequest::Type::kDisconnect;
  request.socket = std::exchange(task.socket, SocketId{0});
  requests_.push(std::move(request));
}

void Gatherer::advance(Instant now) {
  if (closed_) return;
  for (const auto& task : tasks_) {
    if (task->deadline <= now) {
      if (task->stage == Stage::kResolving) {
        set_addresses(*task, {}, "no answer within 10 s", now);
      } else {
        try_failed(*task, kServerNotReached, "no connection within 10 s", now);
      }
    }
    if (task->turn) {
      task->turn->advance(now);
      after_turn(*task, now);
    } else if (task->stage == Stage::kRunning) {
      const auto due = task->timer.due(now);
      if (due == Retransmission::Due::kAgain) send(*task, task->probe_bytes);
      if (due == Retransmission::Due::kGiveUp)
        try_failed(*task, kServerNotReached, "the server does not answer", now);
    }
    // RFC 8445 §5.1.1.4: indications keep the NAT's binding, and need no answer.
    if (keep_alive_ && task->stage == Stage::kReady && task->keepalive <= now) {
      TransactionId id;
      random_.fill(id);
      send(*task, binding(StunClass::kIndication, id));
      task->keepalive = now + kKeepalive;
    }
  }
  if (now < next_begin_) return;
  for (const auto& task : tasks_) {
    if (task->stage != Stage::kQueued) continue;
    begin(*task, now);
    next_begin_ = now + pacing_;
    return;
  }
}

Instant Gatherer::next_deadline() const {
  if (closed_) return kNever;
  Instant first = kNever;
  for (const auto& task : tasks_) {
    first = std::min(first, task->deadline);
    if (task->stage == Stage::kQueued) first = std::min(first, next_begin_);
    if (task->turn) {
      first = std::min(first, task->turn->next_deadline());
    } else if (task->stage == Stage::kRunning) {
      first = std::min(first, task->timer.next());
    }
    if (keep_alive_ && task->stage == Stage::kReady) first = std::min(first, task->keepalive);
  }
  return first;
}

}  // namespace sluice::ice
