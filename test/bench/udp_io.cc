#include "bench/udp_io.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <netinet/udp.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace sluice::bench {
namespace {

constexpr int kSocketBuffer = 4 << 20;
constexpr std::size_t kMaxSegments = 64;  // UDP_MAX_SEGMENTS of older kernels

}  // namespace

Instant read_clock() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return Instant(Duration(at.tv_sec * 1'000'000LL + at.tv_nsec / 1000));
}

std::int64_t read_wall_nanos() {
  timespec at{};
  clock_gettime(CLOCK_REALTIME, &at);
  return at.tv_sec * 1'000'000'000LL + at.tv_nsec;
}

sockaddr_in to_kernel(const SocketAddress& address) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(address.port());
  std::memcpy(&out.sin_addr, address.bytes(), 4);
  return out;
}

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

Result<int> open_udp() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_in local = to_kernel(*SocketAddress::parse("127.0.0.1", 0));
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    return Error{ErrorCode::kInternal, "",
                 std::string("cannot open a UDP socket: ") + std::strerror(errno) +
                     (errno == EMFILE ? " (ulimit -n)" : "")};
  }
  for (const auto& [forced, plain] : {std::pair{SO_RCVBUFFORCE, SO_RCVBUF}, {SO_SNDBUFFORCE, SO_SNDBUF}}) {
    if (setsockopt(fd, SOL_SOCKET, forced, &kSocketBuffer, sizeof kSocketBuffer) != 0)
      set_option(fd, SOL_SOCKET, plain, kSocketBuffer);
  }
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in local{};
  socklen_t size = sizeof local;
  getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size);
  return ntohs(local.sin_port);
}

std::size_t raise_descriptor_limit(std::size_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  rlimit raised = limit;
  raised.rlim_cur = wanted;
  raised.rlim_max = std::max<rlim_t>(limit.rlim_max, wanted);  // root may go beyond
  if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
    raised = {limit.rlim_max, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &raised);
  }
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

DatagramReader::DatagramReader(std::size_t keep, Receivers receivers)
    : keep_(receivers == Receivers::kGro ? std::size_t{65'536} : keep),
      buffers_(std::make_unique<std::uint8_t[]>(keep_ * kBatch)) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors_[i] = {buffers_.get() + i * keep_, keep_};
    headers_[i].msg_hdr.msg_iov = &vectors_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_name = &addresses_[i];
    headers_[i].msg_hdr.msg_control = controls_[i].data();
  }
}

int DatagramReader::receive(int fd) {
  for (auto& header : headers_) {
    header.msg_hdr.msg_namelen = sizeof(sockaddr_in);
    header.msg_hdr.msg_controllen = kControl;
  }
  // MSG_TRUNC: msg_len is the datagram's whole size, however little of it is kept.
  return recvmmsg(fd, headers_.data(), kBatch, MSG_DONTWAIT | MSG_TRUNC, nullptr);
}

DatagramReader::Control DatagramReader::read_control(std::size_t i) {
  Control control;
  msghdr& header = headers_[i].msg_hdr;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int size = 0;
      std::memcpy(&size, CMSG_DATA(c), sizeof size);
      control.segment = static_cast<std::size_t>(size);
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
      timespec at{};
      std::memcpy(&at, CMSG_DATA(c), sizeof at);
      control.kernel_nanos = at.tv_sec * 1'000'000'000LL + at.tv_nsec;
    }
  }
  return control;
}

void BurstSender::add(const SocketAddress& to, Bytes bytes) {
  if (used_ == kBatch) {
    more_.emplace_back(to, bytes);
    return;
  }
  addresses_[used_] = to_kernel(to);
  vectors_[used_] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  ++used_;
}

/// Lays the datagrams out as messages and gives how many there are.
std::size_t BurstSender::merge() {
  std::size_t messages = 0;
  for (std::size_t i = 0; i < used_;) {
    std::size_t end = i + 1;
    // UDP_SEGMENT: equal sizes, the last may be shorter; at most 64 kB.
    while (burst_ == Burst::kGso && end < used_ && end - i < kMaxSegments &&
           addresses_[end].sin_port == addresses_[i].sin_port &&
           vectors_[end - 1].iov_len == vectors_[i].iov_len && vectors_[end].iov_len <= vectors_[i].iov_len &&
           (end - i + 1) * vectors_[i].iov_len < 65'000) {
      ++end;
    }
    msghdr& header = headers_[messages].msg_hdr;
    header = {};
    header.msg_name = &addresses_[i];
    header.msg_namelen = sizeof(sockaddr_in);
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = end - i;
    if (end - i > 1) {
      header.msg_control = segments_[messages].bytes.data();
      header.msg_controllen = segments_[messages].bytes.size();
      cmsghdr* c = CMSG_FIRSTHDR(&header);
      c->cmsg_level = SOL_UDP;
      c->cmsg_type = UDP_SEGMENT;
      c->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
      const auto size = static_cast<std::uint16_t>(vectors_[i].iov_len);
      std::memcpy(CMSG_DATA(c), &size, sizeof size);
    }
    ++messages;
    i = end;
  }
  return messages;
}

void BurstSender::flush(int fd) {
  while (used_ != 0) {
    const std::size_t messages = merge();
    for (std::size_t done = 0; done < messages;) {
      const int count =
          sendmmsg(fd, headers_.data() + done, static_cast<unsigned>(messages - done), MSG_DONTWAIT);
      done += count > 0 ? static_cast<std::size_t>(count) : 1;  // refused: lost, as on a network
    }
    used_ = 0;
    const auto rest = std::exchange(more_, {});
    for (const auto& [to, bytes] : rest) add(to, bytes);
  }
}

}  // namespace sluice::bench
