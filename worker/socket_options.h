// setsockopt(2) in the two ways that the TCP sockets need it.
#pragma once

#include <sys/socket.h>

namespace sluice::worker {

inline void set_socket_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

/// Asks for `bytes` of SO_RCVBUF or SO_SNDBUF; returns what was granted.
inline int set_socket_buffer(int fd, int name, int bytes) {
  set_socket_option(fd, SOL_SOCKET, name, bytes);
  int granted = 0;
  socklen_t size = sizeof granted;
  getsockopt(fd, SOL_SOCKET, name, &granted, &size);
  return granted / 2;  // socket(7): the kernel doubles the value for its bookkeeping and returns the double
}

}  // namespace sluice::worker
