#include "load/udp_ports.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <netinet/udp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "worker/sockaddr.h"

namespace sluice::load {
namespace {

constexpr int kReceiveBuffer = 8 << 20;
constexpr int kSendBuffer = 4 << 20;
constexpr std::uint32_t kFirstLoopback = 0x7F400001;  ///< 127.64.0.1: away from what others use.
constexpr std::size_t kMaxPorts = 0xFFFF;

Error failure(const char* what) {
  return {ErrorCode::kInternal, "", std::string(what) + ": " + std::strerror(errno)};
}

void set_buffer(int fd, int forced, int usual, int size) {
  if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, usual, &size, sizeof size);
}

void switch_on(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

template <typename T>
T value_of(const cmsghdr* control) {
  T out{};
  std::memcpy(&out, CMSG_DATA(control), sizeof out);
  return out;
}

/// Appends a control message and gives where the next one goes.
template <typename T>
void put_control(msghdr& header, std::size_t capacity, int level, int type, const T& value) {
  auto* at = reinterpret_cast<cmsghdr*>(static_cast<char*>(header.msg_control) + header.msg_controllen);
  if (header.msg_controllen + CMSG_SPACE(sizeof value) > capacity) return;
  at->cmsg_level = level;
  at->cmsg_type = type;
  at->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(at), &value, sizeof value);
  header.msg_controllen += CMSG_SPACE(sizeof value);
}

}  // namespace

struct UdpPorts::Received {
  std::array<mmsghdr, kReceiveBatch> headers{};
  std::array<iovec, kReceiveBatch> vectors{};
  std::array<sockaddr_storage, kReceiveBatch> addresses{};
  std::array<Control, kReceiveBatch> controls{};
  std::array<std::array<std::uint8_t, kReceiveSize>, kReceiveBatch> buffers;
};

struct UdpPorts::Outgoing {
  std::array<mmsghdr, kSendBatch> headers{};
  std::array<std::array<iovec, kMaxSegments>, kSendBatch> vectors{};
  std::array<worker::KernelAddress, kSendBatch> addresses{};
  std::array<Control, kSendBatch> controls{};
};

UdpPorts::UdpPorts(PortSharing sharing)
    : sharing_(sharing),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      in_(std::make_unique<Received>()),
      out_(std::make_unique<Outgoing>()) {}

UdpPorts::~UdpPorts() {
  for (const Socket& socket : sockets_) close(socket.fd);
  close(epoll_);
}

Result<std::uint16_t> UdpPorts::open_socket() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failure("cannot open a UDP socket");
  sockaddr_in any{};
  any.sin_family = AF_INET;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    close(fd);
    return failure("cannot bind a UDP socket");
  }
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, kReceiveBuffer);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, kSendBuffer);
  switch_on(fd, SOL_SOCKET, SO_TIMESTAMPNS);
  switch_on(fd, SOL_SOCKET, SO_RXQ_OVFL);
  switch_on(fd, SOL_UDP, UDP_GRO);
  if (sharing_ == PortSharing::kLoopback) switch_on(fd, IPPROTO_IP, IP_PKTINFO);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = sockets_.size();
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    close(fd);
    return failure("cannot watch a UDP socket");
  }
  sockets_.push_back({fd, 0});
  return static_cast<std::uint16_t>(sockets_.size() - 1);
}

Result<SocketId> UdpPorts::open() {
  if (ports_.size() >= kMaxPorts) return Error{ErrorCode::kLimitExceeded, "", "no more than 65535 peers"};
  Port port;
  const bool share = sharing_ == PortSharing::kLoopback;
  if (share && ports_.size() % kPeersPerSocket != 0) {
    port.socket = ports_.back().socket;
  } else {
    auto socket = open_socket();
    if (!socket) return socket.error();
    port.socket = *socket;
  }
  if (share) port.local.s_addr = htonl(kFirstLoopback + static_cast<std::uint32_t>(ports_.size()));
  ports_.push_back(port);
  return static_cast<SocketId>(ports_.size() - 1);
}

// --- In ------------------------------------------------------------------------------------------

bool UdpPorts::receive(const worker::Moment& moment, Sink& sink) {
  std::array<epoll_event, 256> ready;
  const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 0);
  bool more = count == static_cast<int>(ready.size());
  for (int i = 0; i < count; ++i) {
    const std::size_t index = ready[static_cast<std::size_t>(i)].data.u64;
    // A few batches each, so that timers and the other sockets have their turn.
    for (int batch = 0; batch < 4; ++batch) {
      const std::size_t got = read_socket(index, moment, sink);
      if (got < kReceiveBatch) break;
      more = more || batch == 3;
    }
  }
  return more;
}

std::size_t UdpPorts::read_socket(std::size_t index, const worker::Moment& moment, Sink& sink) {
  // A peer of its own brings little at a time; the headers of a whole batch would be laid out for nothing.
  const std::size_t batch = sharing_ == PortSharing::kLoopback ? kReceiveBatch : 8;
  for (std::size_t i = 0; i < batch; ++i) {
    msghdr& header = in_->headers[i].msg_hdr;
    in_->vectors[i] = {in_->buffers[i].data(), kReceiveSize};
    header.msg_iov = &in_->vectors[i];
    header.msg_iovlen = 1;
    header.msg_name = &in_->addresses[i];
    header.msg_namelen = sizeof(sockaddr_storage);
    header.msg_control = in_->controls[i].bytes.data();
    header.msg_controllen = kControlSize;
  }
  ++counts_.receive_calls;
  const int count =
      recvmmsg(sockets_[index].fd, in_->headers.data(), static_cast<unsigned>(batch), MSG_DONTWAIT, nullptr);
  if (count <= 0) return 0;
  for (int i = 0; i < count; ++i) take(index, static_cast<std::size_t>(i), moment, sink);
  return static_cast<std::size_t>(count) == batch ? kReceiveBatch : static_cast<std::size_t>(count);
}

void UdpPorts::take(std::size_t socket, std::size_t i, const worker::Moment& moment, Sink& sink) {
  const msghdr& header = in_->headers[i].msg_hdr;
  Instant arrival = moment.now;
  std::size_t segment = in_->headers[i].msg_len;
  std::size_t port = socket;
  for (const cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(control))) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
      arrival = worker::to_instant(moment, value_of<timespec>(control));
    } else if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) {
      const auto drops = value_of<std::uint32_t>(control);
      counts_.kernel_drops += drops - std::exchange(sockets_[socket].kernel_drops, drops);
    } else if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
      if (const int size = value_of<int>(control); size > 0) segment = static_cast<std::size_t>(size);
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      port = ntohl(value_of<in_pktinfo>(control).ipi_addr.s_addr) - kFirstLoopback;
    }
  }
  if (port >= ports_.size() || ports_[port].socket != socket) return;  // not for a peer
  if ((header.msg_flags & MSG_TRUNC) != 0 || segment == 0 || segment > Packet::kCapacity) {
    ++counts_.truncated;
    return;
  }
  const SocketAddress from = worker::from_sockaddr(in_->addresses[i]);
  const std::size_t size = in_->headers[i].msg_len;
  for (std::size_t at = 0; at < size; at += segment) {
    const std::size_t length = std::min(segment, size - at);
    std::memcpy(scratch_.data, in_->buffers[i].data() + at, length);
    scratch_.size = static_cast<std::uint16_t>(length);
    scratch_.arrival = arrival;
    ++counts_.received;
    counts_.received_bytes += length;
    sink.on_datagram(static_cast<SocketId>(port), scratch_, from);
  }
}

// --- Out -----------------------------------------------------------------------------------------

std::size_t UdpPorts::lay_out(std::span<const OutgoingDatagram> datagrams, std::size_t slot) {
  const OutgoingDatagram& first = datagrams.front();
  auto& vectors = out_->vectors[slot];
  std::size_t count = 0;
  std::size_t total = 0;
  while (count < std::min(datagrams.size(), gso_ ? kMaxSegments : 1)) {
    const OutgoingDatagram& next = datagrams[count];
    total += next.bytes.size();
    // All of one message are equally long, except that the last may be shorter.
    if (count > 0 && (!(next.path == first.path) || next.bytes.size() > first.bytes.size() || total > 65'000))
      break;
    vectors[count++] = {const_cast<std::uint8_t*>(next.bytes.data()), next.bytes.size()};
    if (next.bytes.size() < first.bytes.size()) break;
  }
  msghdr& header = out_->headers[slot].msg_hdr;
  header.msg_name = &out_->addresses[slot];
  header.msg_namelen = worker::to_sockaddr(first.path.remote, out_->addresses[slot]);
  header.msg_iov = vectors.data();
  header.msg_iovlen = count;
  header.msg_control = out_->controls[slot].bytes.data();
  header.msg_controllen = 0;
  if (sharing_ == PortSharing::kLoopback) {
    in_pktinfo source{};
    source.ipi_spec_dst = ports_[first.path.socket].local;
    put_control(header, kControlSize, IPPROTO_IP, IP_PKTINFO, source);
  }
  if (count > 1)
    put_control(header, kControlSize, SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(first.bytes.size()));
  return count;
}

void UdpPorts::send(std::span<const OutgoingDatagram> datagrams) {
  std::array<std::size_t, kSendBatch> sizes{};
  while (!datagrams.empty()) {
    const std::size_t socket = ports_[datagrams.front().path.socket].socket;
    std::size_t messages = 0;
    while (messages < kSendBatch && !datagrams.empty() &&
           ports_[datagrams.front().path.socket].socket == socket) {
      sizes[messages] = lay_out(datagrams, messages);
      for (const OutgoingDatagram& one : datagrams.first(sizes[messages]))
        counts_.sent_bytes += one.bytes.size();
      datagrams = datagrams.subspan(sizes[messages]);
      ++messages;
    }
    write_batch(sockets_[socket].fd, messages, std::span(sizes).first(messages));
  }
}

void UdpPorts::write_batch(int fd, std::size_t count, std::span<const std::size_t> sizes) {
  for (std::size_t done = 0; done < count;) {
    ++counts_.send_calls;
    const int sent =
        sendmmsg(fd, out_->headers.data() + done, static_cast<unsigned>(count - done), MSG_DONTWAIT);
    if (sent > 0) {
      for (int i = 0; i < sent; ++i) counts_.sent += sizes[done++];
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EIO && sizes[done] > 1) gso_ = false;  // a device that cannot: from now on one by one
    counts_.send_drops += sizes[done++];
  }
}

}  // namespace sluice::load
