// One bound TCP socket that listens: takes connections, and turns away those that must not be taken.
// Non-blocking; tcp_sockets.cc watches the descriptor.
//
// Invariant: a connection that cannot be taken leaves the kernel's backlog all the same, so that a
// level-triggered loop never spins on it; for want of a descriptor a spare one is held ready.
#pragma once

#include <cstdint>
#include <memory>

#include "sluice/address.h"
#include "sluice/result.h"
#include "worker/tcp_counters.h"
#include "worker/udp_socket.h"

namespace sluice::worker {

class TcpListener {
 public:
  /// Of each connection. What fills it is late already, so it is no larger than some 10 Mbit/s over 100 ms
  /// need.
  static constexpr int kBufferBytes = 256 << 10;
  /// How long what was sent may stay unacknowledged; then the connection ends (RFC 7675's 30 s).
  static constexpr unsigned kUserTimeoutMs = 30'000;

  /// Binds `ip` to the first free port of the range and listens. Errors as of UdpSocket::open.
  static Result<std::unique_ptr<TcpListener>> open(const SocketAddress& ip, PortRange ports);
  ~TcpListener();
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  struct Accepted {
    int fd = -1;  ///< -1: none waits, or none could be had.
    SocketAddress remote;
  };
  /// The next connection, configured. Whoever takes it counts it.
  Accepted accept();
  /// Ends a connection just accepted, with a reset: nothing of it stays in the kernel.
  void refuse(int fd, TcpRefusal reason);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const SocketAddress& local() const { return local_; }
  [[nodiscard]] TcpCounters& counters() { return counters_; }
  [[nodiscard]] const TcpCounters& counters() const { return counters_; }
  /// What the kernel grants each connection, in bytes.
  [[nodiscard]] int receive_buffer() const { return receive_buffer_; }
  [[nodiscard]] int send_buffer() const { return send_buffer_; }

 private:
  TcpListener(int fd, const SocketAddress& local);
  void turn_one_away();

  int fd_;
  int spare_ = -1;  ///< Given up for the moment it takes to accept and close.
  SocketAddress local_;
  int receive_buffer_ = 0;
  int send_buffer_ = 0;
  TcpCounters counters_;
};

}  // namespace sluice::worker
