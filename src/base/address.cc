#include "sluice/address.h"

#include <arpa/inet.h>

#include <algorithm>

namespace sluice {

SocketAddress SocketAddress::ipv4(const std::uint8_t (&bytes)[4], std::uint16_t port) {
  SocketAddress address;
  std::copy_n(bytes, 4, address.ip_.begin());
  address.port_ = port;
  return address;
}

SocketAddress SocketAddress::ipv6(const std::uint8_t (&bytes)[16], std::uint16_t port) {
  static constexpr std::uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  SocketAddress address;
  address.port_ = port;
  if (std::equal(kMappedPrefix, kMappedPrefix + 12, bytes)) {
    std::copy_n(bytes + 12, 4, address.ip_.begin());
  } else {
    address.family_ = IpFamily::kIPv6;
    std::copy_n(bytes, 16, address.ip_.begin());
  }
  return address;
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view ip, std::uint16_t port) {
  if (ip.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string text(ip);
  std::uint8_t bytes[16] = {};
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return ipv4({bytes[0], bytes[1], bytes[2], bytes[3]}, port);
  if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) return ipv6(bytes, port);
  return std::nullopt;
}

bool SocketAddress::is_unspecified() const {
  return std::all_of(ip_.begin(), ip_.end(), [](std::uint8_t b) { return b == 0; });
}

bool SocketAddress::is_loopback() const {
  if (family_ == IpFamily::kIPv4) return ip_[0] == 127;
  return std::all_of(ip_.begin(), ip_.end() - 1, [](std::uint8_t b) { return b == 0; }) && ip_[15] == 1;
}

std::string SocketAddress::ip() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(family_ == IpFamily::kIPv4 ? AF_INET : AF_INET6, ip_.data(), text, sizeof text);
  return text;
}

std::string SocketAddress::to_string() const {
  const std::string port = std::to_string(port_);
  return family_ == IpFamily::kIPv4 ? ip() + ":" + port : "[" + ip() + "]:" + port;
}

std::string SocketAddress::redacted() const {
  if (is_loopback()) return to_string();
  const std::string port = std::to_string(port_);
  if (family_ == IpFamily::kIPv4) return std::to_string(ip_[0]) + "." + std::to_string(ip_[1]) + ".x.x:" + port;
  SocketAddress prefix = *this;
  std::fill(prefix.ip_.begin() + 4, prefix.ip_.end(), std::uint8_t{0});
  return "[" + prefix.ip() + "x]:" + port;
}

}  // namespace sluice
