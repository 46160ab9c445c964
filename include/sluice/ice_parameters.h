// The vocabulary of ICE as users and signaling know it: parameters, candidates, states. Values only; the
// machines are in src/ice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// What a side tells the other so that connectivity checks can be authenticated (RFC 8445 §5.3).
struct IceParameters {
  std::string username_fragment;  ///< 4 to 256 ice-chars (RFC 8839 §5.4).
  std::string password;           ///< 22 to 256 ice-chars.
  bool ice_lite = false;
  friend bool operator==(const IceParameters&, const IceParameters&) = default;
};

enum class IceProtocol : std::uint8_t { kUdp, kTcp };
enum class IceCandidateType : std::uint8_t { kHost, kSrflx, kPrflx, kRelay };
/// RFC 6544 §4.5.
enum class IceTcpType : std::uint8_t { kActive, kPassive, kSo };

/// One transport address where a side can be reached (RFC 8445 §5.3; the fields of RFC 8839 §5.1).
struct IceCandidate {
  std::string foundation;      ///< 1 to 32 ice-chars; equal for candidates of one type, base and server.
  std::uint32_t priority = 0;  ///< 1 to 2^31-1; higher is preferred.
  std::string address;         ///< IPv4 or IPv6 address, or a host name ("….local" of mDNS).
  IceProtocol protocol = IceProtocol::kUdp;
  std::uint16_t port = 0;
  IceCandidateType type = IceCandidateType::kHost;
  std::optional<IceTcpType> tcp_type;  ///< Set for TCP only.
  friend bool operator==(const IceCandidate&, const IceCandidate&) = default;
};

/// States of one ICE transport, named as RTCIceTransportState is. An ICE-lite side uses new, connected (a
/// valid check came), completed (the peer nominated), disconnected and closed; the checking side new,
/// checking, connected, disconnected, failed and closed.
enum class IceState : std::uint8_t {
  kNew,
  kChecking,
  kConnected,
  kCompleted,
  kDisconnected,
  kFailed,
  kClosed
};

constexpr std::string_view to_string(IceProtocol protocol) {
  return protocol == IceProtocol::kUdp ? "udp" : "tcp";
}

constexpr std::string_view to_string(IceCandidateType type) {
  constexpr std::string_view kNames[] = {"host", "srflx", "prflx", "relay"};
  return kNames[static_cast<std::size_t>(type)];
}

constexpr std::string_view to_string(IceTcpType type) {
  constexpr std::string_view kNames[] = {"active", "passive", "so"};
  return kNames[static_cast<std::size_t>(type)];
}

constexpr std::string_view to_string(IceState state) {
  constexpr std::string_view kNames[] = {"new",          "checking", "connected", "completed",
                                         "disconnected", "failed",   "closed"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace sluice
