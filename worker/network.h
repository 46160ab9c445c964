// From --listen to bound sockets, UDP and TCP: wildcards become one socket for each address of the machine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sluice/result.h"
#include "worker/options.h"
#include "worker/tcp_listener.h"
#include "worker/udp_socket.h"

namespace sluice::worker {

struct BoundSocket {
  std::unique_ptr<UdpSocket> socket;
  std::string announced;  ///< Empty: the socket's own address.
};

struct BoundListener {
  std::unique_ptr<TcpListener> socket;
  std::string announced;
};

/// Those of UDP and those of TCP. Fails with a sentence when an address cannot be bound, or when there is
/// none of what was asked for.
Result<std::vector<BoundSocket>> open_sockets(const Options& options);
Result<std::vector<BoundListener>> open_listeners(const Options& options);

/// Addresses of the interfaces that are up, IPv4 first; no link-local IPv6.
std::vector<SocketAddress> local_addresses();

}  // namespace sluice::worker
