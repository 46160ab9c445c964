#include "worker/tcp_listener.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "worker/sockaddr.h"
#include "worker/socket_options.h"

namespace sluice::worker {
namespace {

Error bind_error(const SocketAddress& ip, PortRange ports, int error) {
  const std::string where = ports.min == ports.max ? ip.with_port(ports.min).to_string()
                                                   : ip.ip() + ", any port of " + std::to_string(ports.min) +
                                                         "-" + std::to_string(ports.max);
  const auto code = error == EADDRINUSE      ? ErrorCode::kAlreadyExists
                    : error == EADDRNOTAVAIL ? ErrorCode::kNotFound
                                             : ErrorCode::kInternal;
  return {code, "listen", "cannot bind TCP " + where + ": " + std::strerror(error)};
}

/// A new socket for each try: one that was bound and may not listen (another program listens on the port) is
/// of no further use. Returns the descriptor, or minus errno.
int listen_on(const SocketAddress& local) {
  const bool ipv6 = local.family() == IpFamily::kIPv6;
  const int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (ipv6) set_socket_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  // Connections of a worker that was here before may linger in TIME_WAIT.
  set_socket_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  KernelAddress address{};
  const socklen_t size = to_sockaddr(local, address);
  if (bind(fd, &address.any, size) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

int open_spare() {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void configure(int fd) {
  set_socket_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // A peer that vanished without a word: while we send it shows by what stays unacknowledged, else by probes.
  set_socket_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, TcpListener::kUserTimeoutMs);
  set_socket_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_socket_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set_socket_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
}

}  // namespace

Result<std::unique_ptr<TcpListener>> TcpListener::open(const SocketAddress& ip, PortRange ports) {
  int fd = -EADDRINUSE;
  SocketAddress local;
  for (unsigned port = ports.min; port <= ports.max && fd == -EADDRINUSE; ++port) {
    local = ip.with_port(static_cast<std::uint16_t>(port));
    fd = listen_on(local);
  }
  if (fd < 0) return bind_error(ip, ports, -fd);
  return std::unique_ptr<TcpListener>(new TcpListener(fd, local));
}

TcpListener::TcpListener(int fd, const SocketAddress& local) : fd_(fd), spare_(open_spare()), local_(local) {
  // Connections inherit these.
  receive_buffer_ = set_socket_buffer(fd_, SO_RCVBUF, kBufferBytes);
  send_buffer_ = set_socket_buffer(fd_, SO_SNDBUF, kBufferBytes);
}

TcpListener::~TcpListener() {
  close(fd_);
  if (spare_ >= 0) close(spare_);
}

TcpListener::Accepted TcpListener::accept() {
  for (;;) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      configure(fd);
      return {fd, from_sockaddr(storage)};
    }
    // accept(2): errors of the connection itself, which is gone then; the next may be well.
    if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO || errno == ENETDOWN ||
        errno == EHOSTUNREACH || errno == ENETUNREACH || errno == ENOPROTOOPT || errno == EHOSTDOWN)
      continue;
    if (errno == EMFILE || errno == ENFILE) turn_one_away();
    return {};
  }
}

void TcpListener::turn_one_away() {
  counters_.refuse(TcpRefusal::kNoDescriptor);
  if (spare_ >= 0) close(spare_);
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) close(fd);
  spare_ = open_spare();
}

void TcpListener::refuse(int fd, TcpRefusal reason) {
  counters_.refuse(reason);
  const linger reset{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd);
}

}  // namespace sluice::worker
