#include "net/tcp_peers.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "base/crypto.h"
#include "worker/clock.h"
#include "worker/sockaddr.h"

namespace sluice::net {
namespace {

Random::Seed entropy() {
  Random::Seed seed{};
  crypto::fill_entropy(seed);
  return seed;
}

WallClock wall_clock() {
  const worker::Moment moment = worker::read_clocks();
  return {moment.now, moment.unix_nanos / 1000};
}

}  // namespace

TcpPeers::TcpPeers()
    : random_(entropy()),
      wall_clock_(wall_clock()),
      dtls_(dtls::Certificate::generate(wall_clock_.unix_micros / 1'000'000)),
      srtp_(srtp::make_backend(srtp::detect_backend())),
      batch_(*srtp_),
      shared_{random_, wall_clock_, dtls_, *srtp_, batch_, pool_} {}

TcpPeers::~TcpPeers() {
  for (auto& connection : connections_) {
    connection->peer.reset();
    if (connection->fd >= 0) close(connection->fd);
  }
  batch_.finish();
}

Result<client::Peer*> TcpPeers::add(const SocketAddress& server, int receive_buffer) {
  auto connection = std::make_unique<Connection>();
  connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer != 0)
    setsockopt(connection->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  worker::KernelAddress address{};
  const socklen_t size = worker::to_sockaddr(server, address);
  if (connect(connection->fd, &address.any, size) != 0) {
    const Error error{ErrorCode::kInternal, "", "connect: " + std::string(std::strerror(errno))};
    close(connection->fd);
    return error;
  }
  fcntl(connection->fd, F_SETFL, O_NONBLOCK);
  const int on = 1;
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connection->server = server;
  client::Connection::Options options;
  options.socket = static_cast<SocketId>(connections_.size());
  options.protocol = IceProtocol::kTcp;
  connection->peer = std::make_unique<client::Peer>(shared_, options);
  return connections_.emplace_back(std::move(connection))->peer.get();
}

void TcpPeers::stop_reading(const client::Peer& peer, bool stop) {
  of(peer).stopped = stop;
}

void TcpPeers::hang_up(const client::Peer& peer) {
  close(std::exchange(of(peer).fd, -1));
}

bool TcpPeers::ended(const client::Peer& peer) const {
  return of(peer).fd < 0;
}

Instant TcpPeers::now() const {
  return worker::read_clocks().now;
}

void TcpPeers::step(Instant end) {
  Instant next = end;
  std::vector<pollfd> ready;
  for (const auto& connection : connections_) {
    next = std::min(next, connection->peer->next_deadline());
    const int events = (connection->stopped ? 0 : POLLIN) | (connection->unsent.empty() ? 0 : POLLOUT);
    ready.push_back({connection->fd, static_cast<short>(events), 0});
  }
  const auto wait = duration_cast<std::chrono::milliseconds>(next - now()).count();
  poll(ready.data(), ready.size(), static_cast<int>(std::clamp<std::int64_t>(wait, 0, 100)));
  const Instant at = now();
  for (std::size_t i = 0; i < ready.size(); ++i) {
    if ((ready[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !connections_[i]->stopped)
      read(*connections_[i], at);
    if ((ready[i].revents & POLLOUT) != 0) write(*connections_[i]);
  }
  for (auto& connection : connections_) {
    if (connection->peer->next_deadline() <= at) connection->peer->advance(at);
  }
  send();
}

void TcpPeers::read(Connection& connection, Instant at) {
  std::uint8_t chunk[16384];
  const ssize_t count = recv(connection.fd, chunk, sizeof chunk, 0);
  if (count == 0 || (count < 0 && errno != EAGAIN)) close(std::exchange(connection.fd, -1));
  if (count <= 0) return;
  std::span<const std::uint8_t> bytes(chunk, static_cast<std::size_t>(count));
  while (connection.deframer.next(bytes, pool_) == worker::TcpDeframer::Status::kFrame) {
    const PacketRef packet = connection.deframer.take();
    packet->arrival = at;
    connection.peer->receive(*packet, {connection.server, connection.peer->connection().socket()}, at);
  }
}

void TcpPeers::write(Connection& connection) {
  if (connection.fd < 0) connection.unsent.clear();
  if (connection.unsent.empty()) return;
  const ssize_t count =
      ::send(connection.fd, connection.unsent.data(), connection.unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count > 0) connection.unsent.erase(connection.unsent.begin(), connection.unsent.begin() + count);
}

void TcpPeers::send() {
  batch_.finish();
  for (const OutgoingDatagram& datagram : batch_.take()) {
    std::vector<std::uint8_t>& unsent = connections_[datagram.path.socket]->unsent;
    unsent.push_back(static_cast<std::uint8_t>(datagram.bytes.size() >> 8));
    unsent.push_back(static_cast<std::uint8_t>(datagram.bytes.size()));
    unsent.insert(unsent.end(), datagram.bytes.begin(), datagram.bytes.end());
  }
  for (auto& connection : connections_) write(*connection);
}

}  // namespace sluice::net
