#include "bench/udp_peers.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace sluice::bench {
namespace {

constexpr int kSocketBuffer = 2 << 20;

Instant read_clock() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return Instant(Duration(at.tv_sec * 1'000'000LL + at.tv_nsec / 1000));
}

WallClock wall_clock() {
  timespec at{};
  clock_gettime(CLOCK_REALTIME, &at);
  return {read_clock(), at.tv_sec * 1'000'000LL + at.tv_nsec / 1000};
}

Random::Seed entropy() {
  Random::Seed seed{};
  crypto::fill_entropy(seed);
  return seed;
}

sockaddr_in to_kernel(const SocketAddress& address) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(address.port());
  std::memcpy(&out.sin_addr, address.bytes(), 4);
  return out;
}

}  // namespace

UdpPeers::UdpPeers()
    : random_(entropy()),
      wall_clock_(wall_clock()),
      dtls_(dtls::Certificate::generate(wall_clock_.unix_micros / 1'000'000)),
      srtp_(srtp::make_backend(srtp::detect_backend())),
      batch_(*srtp_),
      shared_{random_, wall_clock_, dtls_, *srtp_, batch_, pool_},
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

UdpPeers::~UdpPeers() {
  for (Socket& socket : sockets_) {
    socket.peer.reset();
    close(socket.fd);
  }
  batch_.finish();
  close(epoll_);
}

Result<client::Peer*> UdpPeers::add() {
  Socket socket;
  socket.fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_in local = to_kernel(*SocketAddress::parse("127.0.0.1", 0));
  if (socket.fd < 0 || bind(socket.fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    return Error{ErrorCode::kInternal, "", std::string("cannot open a UDP socket: ") + std::strerror(errno)};
  }
  if (setsockopt(socket.fd, SOL_SOCKET, SO_RCVBUFFORCE, &kSocketBuffer, sizeof kSocketBuffer) != 0) {
    setsockopt(socket.fd, SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof kSocketBuffer);
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = sockets_.size();
  epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.fd, &event);
  client::Connection::Options options;
  options.socket = static_cast<SocketId>(sockets_.size());
  socket.peer = std::make_unique<client::Peer>(shared_, options);
  sockets_.push_back(std::move(socket));
  return sockets_.back().peer.get();
}

void UdpPeers::drain_only(const client::Peer& peer) {
  sockets_[peer.connection().socket()].drain = true;
}

Instant UdpPeers::now() const {
  return read_clock();
}

void UdpPeers::step(Instant end) {
  Instant next = end;
  for (const Socket& socket : sockets_) {
    if (!socket.drain) next = std::min(next, socket.peer->next_deadline());
  }
  const auto wait = duration_cast<std::chrono::milliseconds>(next - read_clock()).count();
  std::array<epoll_event, 256> events{};
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                               static_cast<int>(std::clamp<std::int64_t>(wait, 0, 1000)));
  const Instant at = read_clock();
  for (int i = 0; i < count; ++i) {
    Socket& socket = sockets_[events[static_cast<std::size_t>(i)].data.u64];
    if (socket.drain) {
      drain(socket);
    } else {
      read(socket, at);
    }
  }
  for (Socket& socket : sockets_) {
    if (!socket.drain && socket.peer->next_deadline() <= at) socket.peer->advance(at);
  }
  send();
}

void UdpPeers::read(Socket& socket, Instant at) {
  constexpr std::size_t kBatch = 32;
  std::array<PacketRef, kBatch> packets;
  std::array<mmsghdr, kBatch> headers{};
  std::array<iovec, kBatch> vectors{};
  std::array<sockaddr_in, kBatch> addresses{};
  for (std::size_t i = 0; i < kBatch; ++i) {
    packets[i] = pool_.allocate();
    vectors[i] = {packets[i]->data, Packet::kCapacity};
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    headers[i].msg_hdr.msg_name = &addresses[i];
    headers[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
  }
  const int count = recvmmsg(socket.fd, headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto n = static_cast<std::size_t>(i);
    std::uint8_t ip[4];
    std::memcpy(ip, &addresses[n].sin_addr, 4);
    packets[n]->size = static_cast<std::uint16_t>(headers[n].msg_len);
    packets[n]->arrival = at;
    socket.peer->receive(
        *packets[n],
        {SocketAddress::ipv4(ip, ntohs(addresses[n].sin_port)), socket.peer->connection().socket()}, at);
  }
}

void UdpPeers::drain(Socket& socket) {
  constexpr std::size_t kBatch = 64;
  static std::array<mmsghdr, kBatch> headers{};
  static std::array<iovec, kBatch> vectors{};
  static std::array<std::array<std::uint8_t, 2>, kBatch> heads{};
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors[i] = {heads[i].data(), 2};
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  int count = 0;
  do {
    count = recvmmsg(socket.fd, headers.data(), kBatch, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < count; ++i) {
      const std::uint8_t type = heads[static_cast<std::size_t>(i)][1];
      if (type < 192 || type > 223) ++drained_;  // RTCP (RFC 5761 §4) is not counted
    }
  } while (count == static_cast<int>(kBatch));
}

void UdpPeers::send() {
  batch_.finish();
  for (const OutgoingDatagram& datagram : batch_.take()) {
    const sockaddr_in to = to_kernel(datagram.path.remote);
    sendto(sockets_[datagram.path.socket].fd, datagram.bytes.data(), datagram.bytes.size(), MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
}

}  // namespace sluice::bench
