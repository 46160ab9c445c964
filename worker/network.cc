#include "worker/network.h"

#include <algorithm>
#include <cstring>

#include <ifaddrs.h>
#include <net/if.h>

namespace sluice::worker {
namespace {

/// An announced address says how the world reaches this machine: an IP address not for the other family, and
/// neither kind for a loopback address that only a wildcard brought in. What one --listen was given by name
/// holds as it is.
std::string announced_for(const SocketAddress& local, const ListenSpec& spec, const std::string& general) {
  const bool wildcard = spec.address.is_unspecified();
  if (!wildcard && !spec.announced.empty()) return spec.announced;
  const std::string& announced = spec.announced.empty() ? general : spec.announced;
  const auto ip = SocketAddress::parse(announced, 0);
  if ((wildcard && local.is_loopback()) || (ip && ip->family() != local.family())) return {};
  return announced;
}

bool is_link_local_ipv6(const SocketAddress& address) {
  return address.family() == IpFamily::kIPv6 && address.bytes()[0] == 0xFE &&
         (address.bytes()[1] & 0xC0) == 0x80;  // RFC 4291 §2.4
}

/// All of one protocol; `Bound` holds what `open` gives.
template <typename Bound, typename Open>
Result<std::vector<Bound>> open_all(const Options& options, IceProtocol protocol, Open open) {
  std::vector<Bound> sockets;
  bool wanted = false;
  const std::vector<SocketAddress> machine = local_addresses();
  for (const ListenSpec& spec : options.listen) {
    if (spec.protocol != protocol) continue;
    wanted = true;
    const bool wildcard = spec.address.is_unspecified();
    const std::uint16_t port = spec.address.port();
    const PortRange ports = port == 0 ? options.ports : PortRange{port, port};
    for (const SocketAddress& ip :
         wildcard ? machine : std::vector<SocketAddress>{spec.address.with_port(0)}) {
      if (ip.family() != spec.address.family()) continue;
      auto socket = open(ip, ports);
      // An interface's address may be tentative or already gone; one that was asked for by name may not.
      if (!socket.ok() && wildcard && socket.error().code == ErrorCode::kNotFound) continue;
      if (!socket.ok()) return socket.error();
      sockets.push_back({std::move(socket).value(), announced_for(ip, spec, options.announced_address)});
    }
  }
  if (wanted && sockets.empty())
    return Error{ErrorCode::kNotFound, "listen", "this machine has no address to listen on"};
  return sockets;
}

}  // namespace

std::vector<SocketAddress> local_addresses() {
  std::vector<SocketAddress> found;
  ifaddrs* interfaces = nullptr;
  if (getifaddrs(&interfaces) != 0) return found;
  for (const ifaddrs* entry = interfaces; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, entry->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    const SocketAddress address = from_sockaddr(storage).with_port(0);
    if (!is_link_local_ipv6(address) && std::find(found.begin(), found.end(), address) == found.end())
      found.push_back(address);
  }
  freeifaddrs(interfaces);
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.family() < b.family(); });
  return found;
}

Result<std::vector<BoundSocket>> open_sockets(const Options& options) {
  return open_all<BoundSocket>(options, IceProtocol::kUdp, [&](const SocketAddress& ip, PortRange ports) {
    return UdpSocket::open(ip, ports, options.udp);
  });
}

Result<std::vector<BoundListener>> open_listeners(const Options& options) {
  return open_all<BoundListener>(options, IceProtocol::kTcp, TcpListener::open);
}

}  // namespace sluice::worker
