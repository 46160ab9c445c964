// STUN and TURN servers as users write them: W3C's RTCIceServer in, checked server addresses out.
//
// Nothing is resolved here: a host name stays a name. Called by whoever takes a configuration
// (sluice::PeerConnection); the results go to FullAgent.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/result.h"

namespace sluice::ice {

/// RTCIceServer (W3C WebRTC §4.2.2.1) on plain strings. `urls` given as one string is a vector of one.
struct IceServerConfig {
  std::vector<std::string> urls;
  std::optional<std::string> username;
  std::optional<std::string> credential;
  std::optional<std::string> credential_type;  ///< "password", which is also what absence means.
};

enum class ServerKind : std::uint8_t { kStun, kTurn };
enum class ServerTransport : std::uint8_t { kUdp, kTcp, kTls, kDtls };

/// "udp", "tcp", "tls": RTCIceServerTransportProtocol; "dtls" has no name there.
constexpr std::string_view to_string(ServerTransport transport) {
  constexpr std::string_view kNames[] = {"udp", "tcp", "tls", "dtls"};
  return kNames[static_cast<std::size_t>(transport)];
}

/// One URL of a configuration, taken apart.
struct IceServer {
  ServerKind kind = ServerKind::kStun;
  ServerTransport transport = ServerTransport::kUdp;
  std::string host;  ///< Numeric address without brackets, or a name.
  std::uint16_t port = 0;
  std::string url;  ///< As it was given; what candidates and errors name.
  std::string username;
  std::string credential;
  friend bool operator==(const IceServer&, const IceServer&) = default;
};

inline constexpr std::size_t kMaxServerUrls = 32;  ///< Of one configuration.

/// stun:, stuns: (RFC 7064 §3.1), turn: and turns: (RFC 7065 §3.1). `field` names the URL in the error.
Result<IceServer> parse_server_url(std::string_view url, std::string_view field = "urls");

/// All URLs of all servers, in order. Errors name the field, as in "iceServers[0].urls[1]".
Result<std::vector<IceServer>> parse_ice_servers(std::span<const IceServerConfig> servers);

}  // namespace sluice::ice
