// Where sockets are opened: what is asked for, and what was opened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sluice/address.h"
#include "sluice/ice_parameters.h"

namespace sluice {

/// A UDP socket, or a TCP socket that accepts connections, that the engine's owner has opened. A Path with
/// the id of a TCP socket is one connection to it.
struct ListenSocket {
  SocketId id = 0;
  SocketAddress local;  ///< Concrete; 0.0.0.0 or :: only beside an announced address.
  std::string
      announced_address;  ///< IP or host name told to clients instead of `local`; empty: `local` itself.
  IceProtocol protocol = IceProtocol::kUdp;
};

/// What a controller asks to be opened (mediasoup's TransportListenInfo).
struct ListenInfo {
  struct PortRange {
    std::uint16_t min = 0;  ///< With `max`: 0 and 0 stand for the worker's own range.
    std::uint16_t max = 0;
  };
  struct Flags {
    /// An IPv6 socket takes IPv6 only, whatever this says; false is refused for `::`.
    std::optional<bool> ipv6_only;
    bool udp_reuse_port = false;  ///< SO_REUSEPORT.
  };

  IceProtocol protocol = IceProtocol::kUdp;
  std::string ip;                 ///< Numeric.
  std::string announced_address;  ///< Needed beside 0.0.0.0 and ::.
  std::uint16_t port = 0;         ///< 0: one of the range. Ignored when a range is given.
  PortRange port_range;
  Flags flags;
  std::uint32_t send_buffer_size = 0;  ///< Bytes; 0: the worker's default.
  std::uint32_t recv_buffer_size = 0;
};

}  // namespace sluice
