// An IPv4 or IPv6 address with a port, as a small value: compared, hashed and copied on the packet's way.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

enum class IpFamily : std::uint8_t { kIPv4 = 4, kIPv6 = 6 };

/// IP address and port. IPv4-mapped IPv6 addresses (::ffff:a.b.c.d) are kept as IPv4, so that one peer has
/// one form.
class SocketAddress {
 public:
  SocketAddress() = default;
  static SocketAddress ipv4(const std::uint8_t (&bytes)[4], std::uint16_t port);
  static SocketAddress ipv6(const std::uint8_t (&bytes)[16], std::uint16_t port);
  /// Parses a numeric IPv4 or IPv6 address (no brackets, no host names); nothing when it is neither.
  static std::optional<SocketAddress> parse(std::string_view ip, std::uint16_t port);

  [[nodiscard]] IpFamily family() const { return family_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// 4 or 16 bytes in network order.
  [[nodiscard]] const std::uint8_t* bytes() const { return ip_.data(); }
  [[nodiscard]] std::size_t size() const { return family_ == IpFamily::kIPv4 ? 4 : 16; }
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] std::string ip() const;         ///< "192.0.2.1" or "2001:db8::1".
  [[nodiscard]] std::string to_string() const;  ///< "192.0.2.1:5000" or "[2001:db8::1]:5000".
  /// For logs: the host part of a public address is hidden ("192.0.x.x:5000").
  [[nodiscard]] std::string redacted() const;
  [[nodiscard]] SocketAddress with_port(std::uint16_t port) const {
    SocketAddress copy = *this;
    copy.port_ = port;
    return copy;
  }
  [[nodiscard]] std::size_t hash() const {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::memcpy(&a, ip_.data(), 8);
    std::memcpy(&b, ip_.data() + 8, 8);
    std::uint64_t h = (a ^ (b * 0x9E3779B97F4A7C15ULL) ^ port_) * 0xD6E8FEB86659FD93ULL;
    return h ^ (h >> 32);
  }
  friend bool operator==(const SocketAddress& x, const SocketAddress& y) {
    // Two words and not a call of memcmp: this is compared for every packet.
    std::uint64_t a[2];
    std::uint64_t b[2];
    std::memcpy(a, x.ip_.data(), sizeof a);
    std::memcpy(b, y.ip_.data(), sizeof b);
    return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0 && x.port_ == y.port_ && x.family_ == y.family_;
  }
  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;

 private:
  std::array<std::uint8_t, 16> ip_{};
  std::uint16_t port_ = 0;
  IpFamily family_ = IpFamily::kIPv4;
};

/// Index of one of the worker's sockets, given by whoever opened it.
using SocketId = std::uint16_t;

/// Where a datagram came from and by which of our sockets; the way back.
struct Path {
  SocketAddress remote;
  SocketId socket = 0;
  friend bool operator==(const Path&, const Path&) = default;
};

}  // namespace sluice

template <>
struct std::hash<sluice::SocketAddress> {
  std::size_t operator()(const sluice::SocketAddress& a) const noexcept { return a.hash(); }
};
template <>
struct std::hash<sluice::Path> {
  std::size_t operator()(const sluice::Path& p) const noexcept {
    return p.remote.hash() ^ (p.socket * 0x9E3779B9U);
  }
};
