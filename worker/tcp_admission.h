// Who may hold how many TCP connections: all together, and each address until its connections have shown a
// valid ICE check.
//
// A connection that has, belongs to a client that signaling let in; it counts for the total only, so that an
// office behind one address is not shut out. IPv6 addresses count by /64, which one customer has. Called by
// TcpSockets.
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>

#include "sluice/address.h"
#include "worker/tcp_counters.h"

namespace sluice::worker {

struct TcpLimits {
  std::size_t connections = 4096;
  std::size_t unproved_per_address = 64;
};

class TcpAdmission {
 public:
  explicit TcpAdmission(const TcpLimits& limits) : limits_(limits) {}

  /// Why one more of `remote` is refused; nothing when it was admitted.
  std::optional<TcpRefusal> admit(const SocketAddress& remote);
  void proved(const SocketAddress& remote);
  /// `was_proved`: proved() was called for it.
  void ended(const SocketAddress& remote, bool was_proved);

  [[nodiscard]] std::size_t open() const { return open_; }
  [[nodiscard]] std::size_t addresses() const { return unproved_.size(); }

 private:
  TcpLimits limits_;
  std::size_t open_ = 0;
  std::unordered_map<SocketAddress, std::size_t> unproved_;  ///< By address without port.
};

}  // namespace sluice::worker
