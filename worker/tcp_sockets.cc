#include "worker/tcp_sockets.h"

#include <algorithm>

#include <sys/resource.h>

namespace sluice::worker {
namespace {

/// Full chunks read from one connection in one wake-up, before the others have their turn.
constexpr int kReadsPerWakeUp = 2;
/// Connections taken in one wake-up.
constexpr int kAcceptsPerWakeUp = 64;
constexpr std::uint64_t kProofTickMs = 1000;
/// Descriptors that are not for TCP connections.
constexpr std::size_t kOtherDescriptors = 128;

/// The default, or what the limit of descriptors allows once it is as high as it may be.
TcpLimits limits_here() {
  TcpLimits limits;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return limits;
  if (files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) getrlimit(RLIMIT_NOFILE, &files);
  }
  const std::size_t most = files.rlim_cur > kOtherDescriptors ? files.rlim_cur - kOtherDescriptors : 1;
  limits.connections = std::min(limits.connections, most);
  return limits;
}

uv_handle_t* as_handle(auto& handle) {
  return reinterpret_cast<uv_handle_t*>(&handle);
}

}  // namespace

struct TcpSockets::Connection {
  Connection(TcpSockets& tcp, Listener& taken_by, int fd, const SocketAddress& remote, TcpCounters& counters)
      : sockets(tcp), listener(taken_by), socket(std::in_place, fd, remote, counters) {}

  uv_poll_t poll{};
  TcpSockets& sockets;
  Listener& listener;
  std::optional<TcpConnection> socket;  ///< Empty while libuv closes the handle.
  Path path;
  Instant since{};
  int watched = 0;
  bool proved = false;
  bool sent_to = false;  ///< Stands in TcpSockets::sent_to_.
  bool ended = false;    ///< Stands in TcpSockets::ended_.
};

struct TcpSockets::Listener {
  uv_poll_t poll{};
  TcpSockets* sockets = nullptr;
  SocketId id = 0;
  TcpListener* socket = nullptr;
  std::unordered_map<SocketAddress, std::unique_ptr<Connection>> connections;
};

TcpSockets::TcpSockets(uv_loop_t* loop, std::span<const BoundListener> listeners, SocketId first,
                       Engine& engine, Owner& owner)
    : loop_(loop), first_(first), engine_(engine), owner_(owner), admission_(limits_here()) {
  if (listeners.empty()) return;
  chunk_ = std::make_unique<std::uint8_t[]>(kChunk);
  proof_timer_.data = this;
  uv_timer_init(loop_, &proof_timer_);
  for (const BoundListener& bound : listeners) {
    Listener& listener = *listeners_.emplace_back(std::make_unique<Listener>());
    listener.sockets = this;
    listener.id = static_cast<SocketId>(first_ + listeners_.size() - 1);
    listener.socket = bound.socket.get();
    listener.poll.data = &listener;
    uv_poll_init(loop_, &listener.poll, listener.socket->fd());
    uv_poll_start(&listener.poll, UV_READABLE, [](uv_poll_t* handle, int, int) {
      auto& self = *static_cast<Listener*>(handle->data);
      self.sockets->on_listener(self);
    });
  }
}

TcpSockets::~TcpSockets() = default;

// --- Connections come
// ------------------------------------------------------------------------------------------------------

void TcpSockets::on_listener(Listener& listener) {
  for (int i = 0; i < kAcceptsPerWakeUp && !stopping_; ++i) {
    const TcpListener::Accepted accepted = listener.socket->accept();
    if (accepted.fd < 0) return;
    take(listener, accepted.fd, accepted.remote);
  }
}

void TcpSockets::take(Listener& listener, int fd, const SocketAddress& remote) {
  // The peer reset a connection that we still hold, and came again from the same port.
  if (const auto old = listener.connections.find(remote); old != listener.connections.end()) {
    old->second->socket->end(TcpEnd::kReplaced);
    close_connection(*old->second);
  }
  if (const auto refusal = admission_.admit(remote)) return listener.socket->refuse(fd, *refusal);
  TcpCounters& counters = listener.socket->counters();
  auto owned = std::make_unique<Connection>(*this, listener, fd, remote, counters);
  Connection& connection = *owned;
  connection.path = {remote, listener.id};
  connection.since = owner_.moment().now;
  connection.poll.data = &connection;
  uv_poll_init(loop_, &connection.poll, fd);
  listener.connections.emplace(remote, std::move(owned));
  unproved_.push_back(&connection);
  ++counters.accepted;
  ++counters.open;
  watch(connection);
  if (uv_is_active(as_handle(proof_timer_)) == 0) {
    uv_timer_start(
        &proof_timer_, [](uv_timer_t* timer) { static_cast<TcpSockets*>(timer->data)->check_proofs(); },
        kProofTickMs, kProofTickMs);
  }
}

/// Only those that have nothing to show yet are looked at.
void TcpSockets::check_proofs() {
  const Instant now = owner_.moment().now;
  std::erase_if(unproved_, [&](Connection* connection) {
    if (engine_.has_path(connection->path)) {
      connection->proved = true;
      admission_.proved(connection->path.remote);
      return true;
    }
    if (now - connection->since < kProof) return false;
    connection->socket->end(TcpEnd::kNoCheck);
    note_if_ended(*connection);
    return false;  // close_connection() takes it out
  });
  if (unproved_.empty()) uv_timer_stop(&proof_timer_);
}

/// Readable always; writable while frames wait.
void TcpSockets::watch(Connection& connection) {
  const int wanted = UV_READABLE | (connection.socket->wants_writable() ? UV_WRITABLE : 0);
  if (wanted == connection.watched || stopping_) return;
  connection.watched = wanted;
  uv_poll_start(&connection.poll, wanted, [](uv_poll_t* handle, int status, int events) {
    auto& self = *static_cast<Connection*>(handle->data);
    self.sockets.on_connection(self,
                               status < 0 ? int{UV_READABLE} : events);  // the next read tells the error
  });
}

// --- Datagrams come and go
// ------------------------------------------------------------------------------------------------------

void TcpSockets::on_connection(Connection& connection, int events) {
  if ((events & UV_WRITABLE) != 0) {
    connection.socket->on_writable();
    watch(connection);
  }
  if ((events & UV_READABLE) != 0) receive_from(connection);
  note_if_ended(connection);
}

void TcpSockets::receive_from(Connection& connection) {
  for (int i = 0; i < kReadsPerWakeUp; ++i) {
    const auto bytes = connection.socket->read({chunk_.get(), kChunk});
    deliver(connection, bytes);
    if (bytes.size() < kChunk) return;
  }
}

void TcpSockets::deliver(Connection& connection, std::span<const std::uint8_t> bytes) {
  const Instant arrival = owner_.moment().now;  // the kernel stamps no segments
  while (!bytes.empty() && !connection.socket->ended()) {
    std::size_t count = 0;
    while (count < kBatch) {
      PacketRef packet = connection.socket->next_datagram(bytes, engine_.pool());
      if (!packet) break;
      packet->arrival = arrival;
      batch_[count++] = {std::move(packet), connection.path};
    }
    if (count == 0) return;
    owner_.on_tcp_datagrams(std::span(batch_).first(count));
    for (std::size_t i = 0; i < count; ++i) batch_[i].packet.reset();
  }
}

void TcpSockets::send(const OutgoingDatagram& datagram) {
  // Side by side as datagrams of one destination are, mostly no search is needed.
  Connection* last = sent_to_.empty() ? nullptr : sent_to_.back();
  Connection* connection = last != nullptr && last->path == datagram.path ? last : find(datagram.path);
  if (connection == nullptr) {
    listeners_[datagram.path.socket - first_]->socket->counters().drop(TcpDrop::kNoConnection);
    return;
  }
  connection->socket->send(datagram.bytes);
  if (connection->sent_to) return;
  connection->sent_to = true;
  sent_to_.push_back(connection);
}

void TcpSockets::flush() {
  for (Connection* connection : sent_to_) {
    connection->sent_to = false;
    connection->socket->flush();
    watch(*connection);
    note_if_ended(*connection);
  }
  sent_to_.clear();
}

TcpSockets::Connection* TcpSockets::find(const Path& path) const {
  const auto& connections = listeners_[path.socket - first_]->connections;
  const auto it = connections.find(path.remote);
  return it == connections.end() ? nullptr : it->second.get();
}

// --- Connections go
// ------------------------------------------------------------------------------------------------------

void TcpSockets::note_if_ended(Connection& connection) {
  if (!connection.socket->ended() || connection.ended) return;
  connection.ended = true;
  ended_.push_back(&connection);
}

bool TcpSockets::close_ended() {
  if (listeners_.empty()) return false;
  for (const Path& path : engine_.take_closed_paths()) {
    // One that another transport has taken over meanwhile stays.
    Connection* connection = engine_.has_path(path) ? nullptr : find(path);
    if (connection == nullptr) continue;
    connection->socket->end(TcpEnd::kReleased);
    note_if_ended(*connection);
  }
  if (ended_.empty()) return false;
  while (!ended_.empty()) close_connection(*ended_.back());
  return true;
}

/// At once for the peer and the engine; the memory goes when libuv lets go of the handle.
void TcpSockets::close_connection(Connection& connection) {
  std::erase(unproved_, &connection);
  std::erase(ended_, &connection);
  if (connection.sent_to) std::erase(sent_to_, &connection);
  TcpCounters& counters = connection.listener.socket->counters();
  --counters.open;
  ++counters.ended[static_cast<std::size_t>(connection.socket->ended().value_or(TcpEnd::kOther))];
  admission_.ended(connection.path.remote, connection.proved);
  uv_poll_stop(&connection.poll);
  connection.socket.reset();
  auto owned = connection.listener.connections.extract(connection.path.remote);
  closing_.push_back(std::move(owned.mapped()));
  if (!stopping_) engine_.path_closed(connection.path, owner_.moment().now);
  uv_close(as_handle(connection.poll), [](uv_handle_t* handle) {
    auto& self = *static_cast<Connection*>(handle->data);
    std::erase_if(self.sockets.closing_, [&](const auto& closing) { return closing.get() == &self; });
  });
}

void TcpSockets::stop() {
  if (stopping_ || listeners_.empty()) return;
  stopping_ = true;
  for (auto& listener : listeners_) {
    uv_close(as_handle(listener->poll), nullptr);
    while (!listener->connections.empty()) close_connection(*listener->connections.begin()->second);
  }
  uv_close(as_handle(proof_timer_), nullptr);
}

}  // namespace sluice::worker
