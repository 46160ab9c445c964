#include "sluice/address.h"

#include <algorithm>

#include <arpa/inet.h>

namespace sluice {
namespace {

// RFC 3986 §3.2.2: an IPv6 address stands in brackets before a port.
std::string join(IpFamily family, const std::string& ip, std::uint16_t port) {
  std::string text;
  if (family == IpFamily::kIPv6) text += '[';
  text += ip;
  if (family == IpFamily::kIPv6) text += ']';
  text += ':';
  text += std::to_string(port);
  return text;
}

}  // namespace

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
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1)
    return ipv4({bytes[0], bytes[1], bytes[2], bytes[3]}, port);
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
  return join(family_, ip(), port_);
}

std::string SocketAddress::redacted() const {
  if (is_loopback()) return to_string();
  if (family_ == IpFamily::kIPv4) {
    return join(family_, std::to_string(ip_[0]) + "." + std::to_string(ip_[1]) + ".x.x", port_);
  }
  SocketAddress prefix = *this;
  std::fill(prefix.ip_.begin() + 4, prefix.ip_.end(), std::uint8_t{0});
  return join(family_, prefix.ip() + "x", port_);
}

}  // namespace sluice
