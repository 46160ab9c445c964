// SocketAddress ↔ the kernel's address structures.
#pragma once

#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include "sluice/address.h"

namespace sluice::worker {

/// Either family, in no more space than the larger needs.
union KernelAddress {
  sockaddr any;
  sockaddr_in ipv4;
  sockaddr_in6 ipv6;
};

/// Returns the length that the kernel wants to hear.
inline socklen_t to_sockaddr(const SocketAddress& address, KernelAddress& out) {
  if (address.family() == IpFamily::kIPv4) {
    out.ipv4 = {};
    out.ipv4.sin_family = AF_INET;
    out.ipv4.sin_port = htons(address.port());
    std::memcpy(&out.ipv4.sin_addr, address.bytes(), 4);
    return sizeof out.ipv4;
  }
  out.ipv6 = {};
  out.ipv6.sin6_family = AF_INET6;
  out.ipv6.sin6_port = htons(address.port());
  std::memcpy(&out.ipv6.sin6_addr, address.bytes(), 16);
  return sizeof out.ipv6;
}

inline SocketAddress from_sockaddr(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &storage, sizeof ipv4);
    std::uint8_t bytes[4];
    std::memcpy(bytes, &ipv4.sin_addr, 4);
    return SocketAddress::ipv4(bytes, ntohs(ipv4.sin_port));
  }
  sockaddr_in6 ipv6{};
  std::memcpy(&ipv6, &storage, sizeof ipv6);
  std::uint8_t bytes[16];
  std::memcpy(bytes, &ipv6.sin6_addr, 16);
  return SocketAddress::ipv6(bytes, ntohs(ipv6.sin6_port));
}

}  // namespace sluice::worker
