#include "bench/udp_peers.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"

namespace sluice::bench {
namespace {

/// How long packets wait in a drained socket; a turn takes as long as it takes.
constexpr Duration kTurn = 3ms;
/// Sockets read before deadlines are looked at again.
constexpr std::size_t kSlice = 32;
/// Enough of a datagram for an RTP header with extensions, a STUN response or a sender report.
constexpr std::size_t kStart = 320;
/// So often one packet is decrypted, so that the receiver's roll-over counter keeps up (RFC 3711 §3.3.1) and
/// a drained peer can be sampled at any time.
constexpr std::size_t kMaxUnread = 4096;
constexpr std::size_t kDepartures = 4096;

WallClock wall_clock() {
  return {read_clock(), read_wall_nanos() / 1000};
}

Random::Seed entropy() {
  Random::Seed seed{};
  crypto::fill_entropy(seed);
  return seed;
}

std::vector<std::uint16_t> profiles_of(const UdpPeers::Options& options) {
  if (!options.srtp_profiles.empty()) return options.srtp_profiles;
  return {dtls::kSrtpProfiles.begin(), dtls::kSrtpProfiles.end()};
}

bool is_rtp(Bytes start) {
  return start.size() >= 12 && start[0] >= 128 && start[0] <= 191 && (start[1] < 192 || start[1] > 223);
}

}  // namespace

UdpPeers::UdpPeers(Options options)
    : random_(entropy()),
      wall_clock_(wall_clock()),
      dtls_(dtls::Certificate::generate(wall_clock_.unix_micros / 1'000'000), profiles_of(options)),
      srtp_(srtp::make_backend(srtp::detect_backend())),
      batch_(*srtp_),
      shared_{random_, wall_clock_, dtls_, *srtp_, batch_, pool_},
      receivers_(options.receivers),
      sender_(options.burst),
      starts_(kStart, options.receivers),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  prctl(PR_SET_TIMERSLACK, 1UL);
}

UdpPeers::~UdpPeers() {
  for (auto& socket : sockets_) {
    socket->peer.reset();
    close(socket->fd);
  }
  batch_.finish();
  close(epoll_);
}

Result<client::Peer*> UdpPeers::add() {
  auto fd = open_udp();
  if (!fd) return fd.error();
  auto& socket = *sockets_.emplace_back(std::make_unique<Socket>(*fd));
  client::Connection::Options options;
  options.socket = static_cast<SocketId>(sockets_.size() - 1);
  socket.peer = std::make_unique<client::Peer>(shared_, options);
  watch(socket, EPOLL_CTL_ADD);
  return socket.peer.get();
}

void UdpPeers::watch(Socket& socket, int operation) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &socket;
  epoll_ctl(epoll_, operation, socket.fd, &event);
}

void UdpPeers::drain(const client::Peer& peer) {
  Socket& socket = *sockets_[peer.connection().socket()];
  if (std::exchange(socket.drained, true)) return;
  watch(socket, EPOLL_CTL_DEL);
  if (receivers_ == Receivers::kGro) set_option(socket.fd, SOL_UDP, UDP_GRO, 1);
  drained_.push_back(&socket);
}

void UdpPeers::sample(const client::Peer& peer, std::function<void(std::int64_t)> take) {
  Socket& socket = *sockets_[peer.connection().socket()];
  set_option(socket.fd, SOL_UDP, UDP_GRO, 0);
  set_option(socket.fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  socket.take_sample = std::move(take);
  sampling_ = true;
}

void UdpPeers::stop_sampling(const client::Peer& peer) {
  Socket& socket = *sockets_[peer.connection().socket()];
  set_option(socket.fd, SOL_SOCKET, SO_TIMESTAMPNS, 0);
  if (socket.drained && receivers_ == Receivers::kGro) set_option(socket.fd, SOL_UDP, UDP_GRO, 1);
  socket.take_sample = nullptr;
}

void UdpPeers::freeze(Duration time) {
  const timespec sleep{time.count() / 1'000'000, time.count() % 1'000'000 * 1000};
  nanosleep(&sleep, nullptr);
}

void UdpPeers::step(Instant end) {
  wait(std::min(end, deadlines_.next()));
  const Instant at = read_clock();
  while (Deadline* due = deadlines_.pop_due(at)) {
    auto& socket = *static_cast<Socket*>(due->owner());
    socket.peer->advance(at);
    schedule(socket);
  }
  send(at);
  read_drained(at);
  send(at);
}

/// Sleeps until a watched socket has something, and reads it, or until there is something to do.
void UdpPeers::wait(Instant until) {
  if (!drained_.empty()) until = std::min(until, next_drained_ < drained_.size() ? Instant{} : turn_at_);
  const auto left = std::max<Duration>(until - read_clock(), Duration::zero()).count();
  const timespec timeout{left / 1'000'000, left % 1'000'000 * 1000};
  std::array<epoll_event, 256> events{};
  const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  if (count <= 0) return;
  const Instant at = read_clock();
  for (int i = 0; i < count; ++i)
    read(*static_cast<Socket*>(events[static_cast<std::size_t>(i)].data.ptr), at);
  send(at);
}

void UdpPeers::read(Socket& socket, Instant at) {
  whole_.read(socket.fd, [&](const Received& received) { deliver(socket, received, at); });
  schedule(socket);
}

/// A slice of the drained sockets, when their turn has come.
void UdpPeers::read_drained(Instant at) {
  if (next_drained_ >= drained_.size()) {
    if (at < turn_at_) return;
    next_drained_ = 0;
    turn_at_ = at + kTurn;
  }
  const std::size_t end = std::min(next_drained_ + kSlice, drained_.size());
  for (; next_drained_ < end; ++next_drained_) read_unwatched(*drained_[next_drained_], at);
}

void UdpPeers::read_unwatched(Socket& socket, Instant at) {
  bool any = false;
  const auto take = [&](const Received& received) {
    any = true;
    if (!is_rtp(received.start)) {
      if (received.start.size() == received.size) deliver(socket, received, at);
      return;
    }
    if (socket.take_sample) return deliver(socket, received, at);
    ++received_;
    if (++socket.unread >= kMaxUnread && received.start.size() == received.size)
      decrypt_only(socket, received, at);
    socket.peer->receive_unread(received.start, received.size, at);
  };
  bool more = true;
  while (more) {
    const bool whole = socket.take_sample || (socket.unread >= kMaxUnread && receivers_ == Receivers::kPlain);
    more = whole ? whole_.read(socket.fd, take) : starts_.read(socket.fd, take);
  }
  if (any) schedule(socket);
}

void UdpPeers::deliver(Socket& socket, const Received& received, Instant at) {
  PacketRef packet = pool_.allocate();
  if (!packet || received.start.size() != received.size || received.size > Packet::kCapacity) return;
  std::memcpy(packet->data, received.start.data(), received.size);
  packet->size = static_cast<std::uint16_t>(received.size);
  packet->arrival = at;
  const bool sampled = socket.take_sample && is_rtp(received.start);
  if (sampled) {
    ++received_;
    socket.unread = 0;
  }
  socket.peer->receive(*packet, {received.from, socket.peer->connection().socket()}, at);
  if (sampled) take_sample(socket, received);
}

void UdpPeers::decrypt_only(Socket& socket, const Received& received, Instant at) {
  PacketRef packet = pool_.allocate();
  if (!packet || received.size > Packet::kCapacity) return;
  std::memcpy(packet->data, received.start.data(), received.size);
  packet->size = static_cast<std::uint16_t>(received.size);
  client::Connection& connection = socket.peer->connection();
  connection.receive(*packet, {received.from, connection.socket()}, at);
  socket.unread = 0;
}

void UdpPeers::take_sample(Socket& socket, const Received& received) {
  if (received.kernel_nanos == 0) return;
  Instant marked{};
  for (const auto& receiver : socket.peer->receivers()) marked = std::max(marked, receiver->newest_sent_at());
  const auto it = std::lower_bound(departures_.begin(), departures_.end(), marked,
                                   [](const Departure& d, Instant m) { return d.marked < m; });
  if (it != departures_.end() && it->marked == marked) socket.take_sample(received.kernel_nanos - it->nanos);
}

void UdpPeers::schedule(Socket& socket) {
  deadlines_.set(socket.deadline, socket.peer->next_deadline());
}

void UdpPeers::send(Instant at) {
  batch_.finish();
  if (sampling_) {
    if (departures_.empty() || departures_.back().marked < at) departures_.push_back({at, read_wall_nanos()});
    if (departures_.size() > kDepartures) departures_.pop_front();
  }
  for (auto datagrams = batch_.take(); !datagrams.empty(); datagrams = batch_.take()) {
    SocketId socket = datagrams.front().path.socket;
    for (const OutgoingDatagram& datagram : datagrams) {
      if (datagram.path.socket != socket) sender_.flush(sockets_[socket]->fd);
      socket = datagram.path.socket;
      sender_.add(datagram.path.remote, datagram.bytes);
    }
    sender_.flush(sockets_[socket]->fd);
  }
}

}  // namespace sluice::bench
