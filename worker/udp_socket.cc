#include "worker/udp_socket.h"

#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <unistd.h>

namespace sluice::worker {
namespace {

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

/// Asks for `bytes`, beyond net.core.*mem_max where the process may, and reports what was granted.
int set_buffer(int fd, int name, int force_name, int bytes) {
  if (setsockopt(fd, SOL_SOCKET, force_name, &bytes, sizeof bytes) != 0)
    set_option(fd, SOL_SOCKET, name, bytes);
  int granted = 0;
  socklen_t size = sizeof granted;
  getsockopt(fd, SOL_SOCKET, name, &granted, &size);
  return granted / 2;  // socket(7): the kernel doubles the value for its bookkeeping and returns the double
}

SocketDrop send_failure(int error) {
  switch (error) {
    case ENOBUFS:
    case ENOMEM:
      return SocketDrop::kNoKernelMemory;
    case EMSGSIZE:
      return SocketDrop::kTooLongToSend;
    case EPERM:
    case EACCES:
      return SocketDrop::kNotPermitted;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
      return SocketDrop::kUnreachable;
    default:
      return SocketDrop::kOther;
  }
}

Error bind_error(const SocketAddress& ip, PortRange ports, int error) {
  const std::string where = ports.min == ports.max ? ip.with_port(ports.min).to_string()
                                                   : ip.ip() + ", any port of " + std::to_string(ports.min) +
                                                         "-" + std::to_string(ports.max);
  const auto code = error == EADDRINUSE      ? ErrorCode::kAlreadyExists
                    : error == EADDRNOTAVAIL ? ErrorCode::kNotFound
                                             : ErrorCode::kInternal;
  return {code, "listen", "cannot bind UDP " + where + ": " + std::strerror(error)};
}

}  // namespace

std::string_view to_string(SocketDrop drop) {
  constexpr std::string_view kNames[kSocketDrops] = {
      "too-long-to-receive", "no-buffer",     "send-buffer-full", "no-kernel-memory",
      "too-long-to-send",    "not-permitted", "unreachable",      "other"};
  return kNames[static_cast<std::size_t>(drop)];
}

Result<std::unique_ptr<UdpSocket>> UdpSocket::open(const SocketAddress& ip, PortRange ports) {
  const bool ipv6 = ip.family() == IpFamily::kIPv6;
  const int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return bind_error(ip, ports, errno);
  if (ipv6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  int error = EADDRINUSE;
  for (unsigned port = ports.min; port <= ports.max && error == EADDRINUSE; ++port) {
    KernelAddress address{};
    const SocketAddress local = ip.with_port(static_cast<std::uint16_t>(port));
    const socklen_t size = to_sockaddr(local, address);
    if (bind(fd, &address.any, size) == 0) return std::unique_ptr<UdpSocket>(new UdpSocket(fd, local));
    error = errno;
  }
  close(fd);
  return bind_error(ip, ports, error);
}

UdpSocket::UdpSocket(int fd, const SocketAddress& local) : fd_(fd), local_(local) {
  configure();
  for (std::size_t i = 0; i < kSendBatch; ++i) {
    headers_[i].msg_hdr.msg_iov = &vectors_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_name = &addresses_[i];
  }
}

UdpSocket::~UdpSocket() {
  close(fd_);
}

void UdpSocket::configure() {
  receive_buffer_ = set_buffer(fd_, SO_RCVBUF, SO_RCVBUFFORCE, kBufferBytes);
  send_buffer_ = set_buffer(fd_, SO_SNDBUF, SO_SNDBUFFORCE, kBufferBytes);
  set_option(fd_, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  if (local_.family() == IpFamily::kIPv6) {
    set_option(fd_, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  } else {
    set_option(fd_, IPPROTO_IP, IP_RECVTOS, 1);
  }
  // UDP_GRO belongs here, and its segment size into ReceiveBatch::read_control, when receiving learns to
  // split segments.
}

bool UdpSocket::receive(ReceiveBatch& batch, SocketId id, const Moment& moment) {
  batch.release();
  const std::span<mmsghdr> headers = batch.prepare();
  if (headers.empty()) {
    discard_unbuffered();
    return false;
  }
  ++counters_.receive_calls;
  const int count =
      recvmmsg(fd_, headers.data(), static_cast<unsigned>(headers.size()), MSG_DONTWAIT, nullptr);
  if (count <= 0)
    return false;  // nothing there, or an ICMP error about an earlier datagram: the socket lives on
  const std::size_t truncated = batch.accept(static_cast<std::size_t>(count), id, moment);
  counters_.drops[static_cast<std::size_t>(SocketDrop::kTooLongToReceive)] += truncated;
  counters_.datagrams_received += static_cast<std::size_t>(count) - truncated;
  for (const ReceivedDatagram& datagram : batch.datagrams())
    counters_.bytes_received += datagram.packet->size;
  return static_cast<std::size_t>(count) == headers.size();
}

/// Without buffers the datagrams must go all the same, or a level-triggered loop would spin.
void UdpSocket::discard_unbuffered() {
  for (std::size_t i = 0; i < ReceiveBatch::kSize; ++i) {
    ++counters_.receive_calls;
    if (recv(fd_, nullptr, 0, MSG_DONTWAIT | MSG_TRUNC) < 0) return;
    drop(SocketDrop::kNoBuffer);
  }
}

void UdpSocket::send(const OutgoingDatagram& datagram, PacketPool& pool) {
  // Behind what waits already, so that the order of a destination holds.
  if (wants_writable()) return defer(datagram.bytes, datagram.path.remote, pool);
  add(datagram.bytes, datagram.path.remote);
  if (used_ == kSendBatch) flush(pool);
}

void UdpSocket::add(std::span<const std::uint8_t> bytes, const SocketAddress& remote) {
  // The place for GSO: when `remote` and the size equal those of the last slot, another iovec of the same
  // message with UDP_SEGMENT takes the datagram instead of a slot of its own.
  vectors_[used_] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  headers_[used_].msg_hdr.msg_namelen = to_sockaddr(remote, addresses_[used_]);
  remotes_[used_] = remote;
  ++used_;
}

void UdpSocket::flush(PacketPool& pool) {
  const std::size_t done = send_slots();
  for (std::size_t i = done; i < used_; ++i) {
    defer({static_cast<const std::uint8_t*>(vectors_[i].iov_base), vectors_[i].iov_len}, remotes_[i], pool);
  }
  used_ = 0;
}

/// Returns how many of the slots are dealt with: sent, or dropped and counted. Fewer than used_ only when the
/// kernel is full.
std::size_t UdpSocket::send_slots() {
  std::size_t done = 0;
  while (done < used_) {
    ++counters_.send_calls;
    const int count = sendmmsg(fd_, &headers_[done], static_cast<unsigned>(used_ - done), MSG_DONTWAIT);
    if (count > 0) {
      const std::size_t end = done + static_cast<std::size_t>(count);
      counters_.datagrams_sent += static_cast<std::size_t>(count);
      for (; done < end; ++done) counters_.bytes_sent += vectors_[done].iov_len;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      drop(send_failure(errno));  // sendmmsg(2): the error is about the first message
      ++done;
    }
  }
  return done;
}

void UdpSocket::defer(std::span<const std::uint8_t> bytes, const SocketAddress& remote, PacketPool& pool) {
  if (deferred_.empty()) deferred_.resize(kMaxDeferred);
  if (deferred_count_ == kMaxDeferred || bytes.size() > Packet::kCapacity)
    return drop(SocketDrop::kSendBufferFull);
  PacketRef packet = pool.allocate();
  if (!packet) return drop(SocketDrop::kNoBuffer);
  std::memcpy(packet->data, bytes.data(), bytes.size());
  packet->size = static_cast<std::uint16_t>(bytes.size());
  deferred_[(deferred_first_ + deferred_count_++) % kMaxDeferred] = {std::move(packet), remote};
  ++counters_.deferred;
}

void UdpSocket::on_writable() {
  while (deferred_count_ != 0) {
    used_ = 0;
    while (used_ < kSendBatch && used_ < deferred_count_) {
      const Deferred& next = deferred_[(deferred_first_ + used_) % kMaxDeferred];
      add(next.packet->bytes(), next.remote);
    }
    const std::size_t offered = used_;
    const std::size_t done = send_slots();
    used_ = 0;
    for (std::size_t i = 0; i < done; ++i) {
      deferred_[deferred_first_].packet.reset();
      deferred_first_ = (deferred_first_ + 1) % kMaxDeferred;
    }
    deferred_count_ -= done;
    if (done < offered) return;
  }
}

}  // namespace sluice::worker
