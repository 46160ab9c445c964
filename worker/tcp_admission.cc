#include "worker/tcp_admission.h"

#include <algorithm>

namespace sluice::worker {
namespace {

SocketAddress whose(const SocketAddress& remote) {
  if (remote.family() == IpFamily::kIPv4) return remote.with_port(0);
  std::uint8_t prefix[16] = {};
  std::copy_n(remote.bytes(), 8, prefix);
  return SocketAddress::ipv6(prefix, 0);
}

}  // namespace

std::optional<TcpRefusal> TcpAdmission::admit(const SocketAddress& remote) {
  if (open_ >= limits_.connections) return TcpRefusal::kTooMany;
  const auto it = unproved_.find(whose(remote));
  if (it != unproved_.end() && it->second >= limits_.unproved_per_address)
    return TcpRefusal::kTooManyFromAddress;
  ++(it == unproved_.end() ? unproved_[whose(remote)] : it->second);
  ++open_;
  return std::nullopt;
}

void TcpAdmission::proved(const SocketAddress& remote) {
  const auto it = unproved_.find(whose(remote));
  if (it != unproved_.end() && --it->second == 0) unproved_.erase(it);
}

void TcpAdmission::ended(const SocketAddress& remote, bool was_proved) {
  if (!was_proved) proved(remote);
  --open_;
}

}  // namespace sluice::worker
