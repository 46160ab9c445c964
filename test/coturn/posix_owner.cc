#include "coturn/posix_owner.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

namespace sluice::test {
namespace {

sockaddr_in to_posix(const SocketAddress& address) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(address.port());
  std::memcpy(&out.sin_addr, address.bytes(), 4);
  return out;
}

SocketAddress from_posix(const sockaddr_in& in) {
  std::uint8_t ip[4];
  std::memcpy(ip, &in.sin_addr, 4);
  return SocketAddress::ipv4(ip, ntohs(in.sin_port));
}

SocketAddress local_of(int fd) {
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  SLUICE_CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0);
  return from_posix(bound);
}

}  // namespace

const ice::LocalCandidate* PosixOwner::Peer::find(IceCandidateType type) const {
  for (const auto& c : candidates) {
    if (c.ice.type == type) return &c;
  }
  return nullptr;
}

PosixOwner::PosixOwner() : random_(static_cast<std::uint64_t>(now().time_since_epoch().count())) {}

PosixOwner::~PosixOwner() {
  for (const Udp& udp : sockets_) ::close(udp.fd);
  for (const auto& connection : connections_) ::close(connection->fd);
}

Instant PosixOwner::now() {
  return Instant(duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

PosixOwner::Peer& PosixOwner::add_peer(ice::FullAgent::Options options, const char* claimed) {
  Peer& peer = *peers_.emplace_back(std::make_unique<Peer>());
  peer.agent = std::make_unique<ice::FullAgent>(ice::Credentials{random_.ice_chars(8), random_.ice_chars(24)},
                                                random_, std::move(options));
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_in any = to_posix(*SocketAddress::parse("127.0.0.1", 0));
  SLUICE_CHECK(bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
  const auto id = static_cast<SocketId>(sockets_.size());
  sockets_.push_back({&peer, id, fd});
  peer.agent->add_local({*SocketAddress::parse(claimed, local_of(fd).port()), id, IceProtocol::kUdp}, now());
  return peer;
}

void PosixOwner::signal(Peer& a, Peer& b) {
  a.other = &b;
  b.other = &a;
  a.agent->set_remote(b.agent->local(), false, now());
  b.agent->set_remote(a.agent->local(), false, now());
}

void PosixOwner::close(Peer& peer) {
  peer.agent->close(now());
  run_until([] { return false; }, 100ms);
}

void PosixOwner::pump(Peer& peer) {
  std::vector<ice::Transmit> out;
  peer.agent->drain(out);
  for (const auto& transmit : out) send(peer, transmit);
  while (auto request = peer.agent->poll_request()) on_request(peer, *request);
  while (auto event = peer.agent->poll_event()) {
    if (event->type == ice::FullEvent::Type::kCandidate) {
      peer.candidates.push_back(*event->candidate);
      if (peer.other != nullptr) peer.other->agent->add_remote_candidate(event->candidate->ice);
    }
    if (event->type == ice::FullEvent::Type::kCandidateError) peer.errors.push_back(*event->error);
    if (event->type == ice::FullEvent::Type::kGatheringStateChanged && peer.other != nullptr &&
        event->gathering == ice::GatheringState::kComplete)
      peer.other->agent->end_of_candidates(now());
    if (!event->reason.empty()) peer.reason = event->reason;
  }
  while (auto data = peer.agent->poll_data()) peer.received.emplace_back(as_text(data->bytes));
}

void PosixOwner::send(Peer& peer, const ice::Transmit& transmit) {
  for (const Udp& udp : sockets_) {
    if (udp.peer != &peer || udp.id != transmit.path.socket) continue;
    const sockaddr_in to = to_posix(transmit.path.remote);
    (void)sendto(udp.fd, transmit.bytes.data(), transmit.bytes.size(), 0,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to);
    return;
  }
  for (const auto& c : connections_) {
    if (c->peer != &peer || c->id != transmit.path.socket) continue;
    if (c->tls) {
      c->tls->send(transmit.bytes);
    } else {
      c->out.insert(c->out.end(), transmit.bytes.begin(), transmit.bytes.end());
    }
    return flush(*c);
  }
}

void PosixOwner::on_request(Peer& peer, const ice::FullRequest& request) {
  switch (request.type) {
    case ice::FullRequest::Type::kResolve:
      if (request.host == "localhost") {
        peer.agent->resolved(request.host, {*SocketAddress::parse("127.0.0.1", 0)}, {}, now());
      } else {
        peer.agent->resolved(request.host, {}, "no such host", now());
      }
      return;
    case ice::FullRequest::Type::kConnect:
      return connect(peer, request);
    case ice::FullRequest::Type::kDisconnect:
      for (const auto& c : connections_) {
        if (c->peer == &peer && c->id == request.socket) drop(*c, {});
      }
  }
}

void PosixOwner::connect(Peer& peer, const ice::FullRequest& request) {
  auto c = std::make_unique<Connection>();
  c->peer = &peer;
  c->id = request.socket;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (request.tls)
    c->tls = std::make_unique<dtls::TlsClient>(
        dtls::TlsClient::Options{request.host, ca_pem, true, static_cast<std::int64_t>(std::time(nullptr))});
  const sockaddr_in to = to_posix(request.remote);
  const int result = ::connect(c->fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  const int error = errno;
  connections_.push_back(std::move(c));
  if (result != 0 && error != EINPROGRESS) drop(*connections_.back(), std::strerror(error));
}

void PosixOwner::flush(Connection& c) {
  if (c.fd < 0 || c.connecting) return;
  if (c.tls) {
    const auto more = c.tls->take_outgoing();
    c.out.insert(c.out.end(), more.begin(), more.end());
  }
  if (c.out.empty()) return;
  const auto written = ::send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
  if (written > 0) c.out.erase(c.out.begin(), c.out.begin() + written);
}

void PosixOwner::drop(Connection& c, const std::string& why) {
  if (c.fd < 0) return;
  flush(c);
  ::close(c.fd);
  c.fd = -1;
  if (!why.empty()) c.peer->agent->disconnected(c.id, why, now());
}

void PosixOwner::serve(Connection& c, short events) {
  if (c.connecting && (events & (POLLOUT | POLLERR | POLLHUP)) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return drop(c, std::strerror(error));
    c.connecting = false;
  }
  if (!c.connecting && (events & (POLLIN | POLLHUP)) != 0) {
    std::vector<std::uint8_t> buffer(65536);
    const auto size = recv(c.fd, buffer.data(), buffer.size(), 0);
    if (size == 0) return drop(c, "the server closed it");
    if (size < 0 && errno != EAGAIN) return drop(c, std::strerror(errno));
    buffer.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    if (c.tls) {
      c.tls->receive(buffer);
      buffer = c.tls->take_incoming();
    }
    if (!buffer.empty()) c.peer->agent->receive_stream(c.id, buffer, now());
  }
  if (c.tls && c.tls->state() == dtls::TlsClient::State::kFailed) return drop(c, c.tls->error());
  const bool open = !c.connecting && (!c.tls || c.tls->state() == dtls::TlsClient::State::kConnected);
  if (open && !c.told) {
    c.told = true;
    c.peer->agent->connected(c.id, local_of(c.fd), now());
  }
  flush(c);
}

void PosixOwner::read(const Udp& udp) {
  for (;;) {
    std::vector<std::uint8_t> buffer(2048);
    sockaddr_in from{};
    socklen_t from_size = sizeof from;
    const auto size =
        recvfrom(udp.fd, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size <= 0) return;
    buffer.resize(static_cast<std::size_t>(size));
    const ice::Received received = udp.peer->agent->receive(buffer, {from_posix(from), udp.id}, now());
    if (received.kind == ice::Received::Kind::kData)
      udp.peer->received.emplace_back(as_text(received.payload));
  }
}

bool PosixOwner::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = now() + limit;
  for (;;) {
    for (const auto& peer : peers_) pump(*peer);
    if (done()) return true;
    if (now() >= end) return false;
    std::erase_if(connections_, [](const auto& c) { return c->fd < 0; });
    std::vector<pollfd> fds;
    for (const Udp& udp : sockets_) fds.push_back({udp.fd, POLLIN, 0});
    for (const auto& c : connections_)
      fds.push_back(
          {c->fd, static_cast<short>(POLLIN | (c->connecting || !c->out.empty() ? POLLOUT : 0)), 0});
    Instant wake = end;
    for (const auto& peer : peers_) wake = std::min(wake, peer->agent->next_deadline());
    const auto wait = std::max<std::int64_t>(0, (wake - now()).count() / 1000 + 1);
    poll(fds.data(), fds.size(), static_cast<int>(wait));
    const std::size_t count = connections_.size();
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      if (fds[i].revents != 0) read(sockets_[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (const short events = fds[sockets_.size() + i].revents; events != 0) serve(*connections_[i], events);
    }
    for (const auto& peer : peers_) peer->agent->advance(now());
  }
}

}  // namespace sluice::test
