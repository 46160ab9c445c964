#include "worker/udp_socket.h"

#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

namespace sluice::worker {
namespace {

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
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

/// What sendmmsg says of a message that it would take as single datagrams: no segmentation in this kernel, on
/// this interface, or for this size (larger than the path's MTU; EMSGSIZE and EINVAL, by kernel version).
bool refuses_segmenting(int error) {
  return error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP || error == ENOPROTOOPT;
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
  const auto code = error == EADDRINUSE                  ? ErrorCode::kAlreadyExists
                    : error == EADDRNOTAVAIL             ? ErrorCode::kNotFound
                    : error == EMFILE || error == ENFILE ? ErrorCode::kLimitExceeded
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

SocketCounters& SocketCounters::operator+=(const SocketCounters& other) {
  receive_calls += other.receive_calls;
  datagrams_received += other.datagrams_received;
  bytes_received += other.bytes_received;
  messages_coalesced += other.messages_coalesced;
  send_calls += other.send_calls;
  messages_sent += other.messages_sent;
  datagrams_sent += other.datagrams_sent;
  bytes_sent += other.bytes_sent;
  segmented += other.segmented;
  segmenting_refused += other.segmenting_refused;
  deferred += other.deferred;
  for (std::size_t i = 0; i < kSocketDrops; ++i) drops[i] += other.drops[i];
  receive_batch += other.receive_batch;
  send_batch += other.send_batch;
  message_segments += other.message_segments;
  return *this;
}

Result<std::unique_ptr<UdpSocket>> UdpSocket::open(const SocketAddress& ip, PortRange ports,
                                                   const SocketOptions& options) {
  const bool ipv6 = ip.family() == IpFamily::kIPv6;
  const int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return bind_error(ip, ports, errno);
  if (ipv6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (options.reuse_port) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  int error = EADDRINUSE;
  for (unsigned port = ports.min; port <= ports.max && error == EADDRINUSE; ++port) {
    KernelAddress address{};
    const SocketAddress local = ip.with_port(static_cast<std::uint16_t>(port));
    const socklen_t size = to_sockaddr(local, address);
    if (bind(fd, &address.any, size) == 0)
      return std::unique_ptr<UdpSocket>(new UdpSocket(fd, local, options));
    error = errno;
  }
  close(fd);
  return bind_error(ip, ports, error);
}

UdpSocket::UdpSocket(int fd, const SocketAddress& local, const SocketOptions& options)
    : fd_(fd), local_(local) {
  configure(options);
}

UdpSocket::~UdpSocket() {
  close(fd_);
}

void UdpSocket::configure(const SocketOptions& options) {
  receive_buffer_ = set_buffer(fd_, SO_RCVBUF, SO_RCVBUFFORCE, options.receive_buffer);
  send_buffer_ = set_buffer(fd_, SO_SNDBUF, SO_SNDBUFFORCE, options.send_buffer);
  set_option(fd_, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  if (local_.family() == IpFamily::kIPv6) {
    set_option(fd_, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  } else {
    set_option(fd_, IPPROTO_IP, IP_RECVTOS, 1);
  }
  gro_ = options.gro && set_option(fd_, SOL_UDP, UDP_GRO, 1);
  // Size 0 changes nothing but tells whether the kernel knows the option (Linux 4.18).
  gso_ = options.gso && set_option(fd_, SOL_UDP, UDP_SEGMENT, 0);
  if (options.gso && !gso_) {
    notice_ =
        "this kernel cannot send many datagrams a message (UDP_SEGMENT): sending costs two to three times as "
        "much";
  } else if (receive_buffer_ < options.receive_buffer || send_buffer_ < options.send_buffer) {
    notice_ = "the kernel grants " + std::to_string(receive_buffer_) + " B to receive and " +
              std::to_string(send_buffer_) + " B to send instead of " +
              std::to_string(options.receive_buffer) + " and " + std::to_string(options.send_buffer) +
              ": packets may be lost in bursts; raise net.core.rmem_max and net.core.wmem_max";
  }
}

bool UdpSocket::receive(ReceiveBatch& batch, SocketId id, const Moment& moment) {
  batch.release();
  const std::span<mmsghdr> headers = batch.prepare();
  ++counters_.receive_calls;
  const int count =
      recvmmsg(fd_, headers.data(), static_cast<unsigned>(headers.size()), MSG_DONTWAIT, nullptr);
  if (count <= 0)
    return false;  // nothing there, or an ICMP error about an earlier datagram: the socket lives on
  const auto accepted = batch.accept(static_cast<std::size_t>(count), id, moment);
  counters_.datagrams_received += accepted.datagrams;
  counters_.bytes_received += accepted.bytes;
  counters_.messages_coalesced += accepted.coalesced;
  counters_.receive_batch.add(accepted.datagrams);
  drop(SocketDrop::kTooLongToReceive, accepted.too_long);
  drop(SocketDrop::kNoBuffer, accepted.no_buffer);
  return static_cast<std::size_t>(count) == headers.size();
}

void UdpSocket::send(const OutgoingDatagram& datagram, PacketPool& pool) {
  // Behind what waits already, so that the order of a destination holds.
  if (wants_writable()) return defer(datagram.bytes, datagram.path.remote, pool);
  if (batch_.full()) flush(pool);
  if (wants_writable()) return defer(datagram.bytes, datagram.path.remote, pool);
  add(datagram.bytes, datagram.path.remote);
}

void UdpSocket::add(std::span<const std::uint8_t> bytes, const SocketAddress& remote) {
  batch_.add(bytes, remote, gso_ && may_segment(remote));
}

void UdpSocket::flush(PacketPool& pool) {
  if (batch_.empty()) return;
  std::size_t done = send_messages();
  for (std::size_t i = 0; i < batch_.messages(); ++i) {
    for (const iovec& segment : batch_.segments(i)) {
      if (done > 0) {
        --done;
      } else {
        defer({static_cast<const std::uint8_t*>(segment.iov_base), segment.iov_len}, batch_.remote(i), pool);
      }
    }
  }
  batch_.clear();
}

/// Returns how many datagrams, from the first on, are dealt with: sent, or dropped and counted. Fewer than
/// all only when the kernel is full.
std::size_t UdpSocket::send_messages() {
  std::size_t done = 0;
  for (std::size_t next = 0; next < batch_.messages();) {
    ++counters_.send_calls;
    const std::span<mmsghdr> headers = batch_.headers(next);
    const int count = sendmmsg(fd_, headers.data(), static_cast<unsigned>(headers.size()), MSG_DONTWAIT);
    if (count > 0) {
      const std::size_t before = done;
      for (const std::size_t end = next + static_cast<std::size_t>(count); next < end; ++next) {
        done += batch_.segments(next).size();
        count_sent(next);
      }
      counters_.send_batch.add(done - before);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return done;
    if (errno == EINTR) continue;
    // sendmmsg(2): the error is about the first message.
    const std::size_t segments = batch_.segments(next).size();
    if (segments > 1 && refuses_segmenting(errno)) {
      on_segmenting_refused(errno, batch_.remote(next));
      const std::size_t taken = send_singly(next);
      done += taken;
      if (taken < segments) return done;
    } else {
      drop(send_failure(errno), segments);
      done += segments;
    }
    ++next;
  }
  return done;
}

void UdpSocket::count_sent(std::size_t message) {
  const std::size_t segments = batch_.segments(message).size();
  ++counters_.messages_sent;
  counters_.message_segments.add(segments);
  counters_.datagrams_sent += segments;
  counters_.bytes_sent += batch_.bytes(message);
  if (segments > 1) counters_.segmented += segments;
}

bool UdpSocket::may_segment(const SocketAddress& remote) const {
  return refused_count_ == 0 || refused_[remote.hash() % refused_.size()] != remote;
}

/// A path whose MTU is smaller than our datagrams is remembered; a kernel or interface that cannot segment at
/// all is not asked again. Either is told once.
void UdpSocket::on_segmenting_refused(int error, const SocketAddress& remote) {
  constexpr std::size_t kEnough = 16;
  ++counters_.segmenting_refused;
  const bool about_size = error == EINVAL || error == EMSGSIZE;
  if (!about_size || (counters_.segmented == 0 && counters_.segmenting_refused >= kEnough)) {
    gso_ = false;
    notice_ = std::string("many datagrams a message (UDP_SEGMENT) are refused here (") +
              std::strerror(error) + "): sending singly, which costs two to three times as much";
    return;
  }
  refused_[remote.hash() % refused_.size()] = remote;
  ++refused_count_;
  if (std::exchange(refusal_told_, true)) return;
  notice_ = "the path to " + remote.redacted() + " has a small MTU: its datagrams are sent singly";
}

/// Returns how many of the message's datagrams are dealt with.
std::size_t UdpSocket::send_singly(std::size_t message) {
  const std::span<const iovec> segments = batch_.segments(message);
  msghdr header = batch_.headers(message).front().msg_hdr;
  header.msg_iovlen = 1;
  header.msg_control = nullptr;
  header.msg_controllen = 0;
  for (std::size_t i = 0; i < segments.size();) {
    header.msg_iov = const_cast<iovec*>(&segments[i]);
    ++counters_.send_calls;
    if (sendmsg(fd_, &header, MSG_DONTWAIT) >= 0) {
      ++counters_.messages_sent;
      counters_.message_segments.add(1);
      ++counters_.datagrams_sent;
      counters_.bytes_sent += segments[i].iov_len;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return i;
    } else if (errno == EINTR) {
      continue;
    } else {
      drop(send_failure(errno));
    }
    ++i;
  }
  return segments.size();
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
    batch_.clear();
    while (!batch_.full() && batch_.datagrams() < deferred_count_) {
      const Deferred& next = deferred_[(deferred_first_ + batch_.datagrams()) % kMaxDeferred];
      add(next.packet->bytes(), next.remote);
    }
    const std::size_t offered = batch_.datagrams();
    const std::size_t done = send_messages();
    batch_.clear();
    for (std::size_t i = 0; i < done; ++i) {
      deferred_[deferred_first_].packet.reset();
      deferred_first_ = (deferred_first_ + 1) % kMaxDeferred;
    }
    deferred_count_ -= done;
    if (done < offered) return;
  }
}

}  // namespace sluice::worker
