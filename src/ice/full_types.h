// The values that go into FullAgent and come out of it. Used by its owner (sluice::PeerConnection,
// src/client).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "ice/agent.h"
#include "ice/ice_server.h"
#include "sluice/address.h"
#include "sluice/ice_parameters.h"
#include "sluice/time.h"

namespace sluice::ice {

/// Socket ids: below this the owner's own UDP sockets, from here on connections that the agent asks for.
inline constexpr SocketId kFirstConnection = 0x8000;
/// Connections to servers are below this, those of candidate pairs from here on.
inline constexpr SocketId kFirstPairConnection = 0xA000;
/// From here on relayed transport addresses: of use inside the agent and in statistics only.
inline constexpr SocketId kFirstRelay = 0xC000;

/// RTCIceGatheringState.
enum class GatheringState : std::uint8_t { kNew, kGathering, kComplete };
/// RTCIceTransportPolicy.
enum class TransportPolicy : std::uint8_t { kAll, kRelay };

constexpr std::string_view to_string(GatheringState state) {
  constexpr std::string_view kNames[] = {"new", "gathering", "complete"};
  return kNames[static_cast<std::size_t>(state)];
}

/// Where the owner can send from. UDP: one of its sockets. TCP: an address from which connections can be
/// opened (RFC 6544 §4.1, active candidates); `socket` is not used and the port does not matter.
struct LocalAddress {
  SocketAddress address;
  SocketId socket = 0;
  IceProtocol protocol = IceProtocol::kUdp;
};

/// A candidate of ours.
struct LocalCandidate {
  IceCandidate ice;
  SocketAddress address;        ///< That of `ice`, as a value.
  SocketId socket = 0;          ///< Its base (RFC 8445 §4): where it sends from.
  std::string related_address;  ///< RFC 8839 §5.1: raddr and rport; empty for host candidates.
  std::uint16_t related_port = 0;
  std::string url;                                ///< Of the server it came from; empty for host candidates.
  std::optional<ServerTransport> relay_protocol;  ///< Relayed: how the TURN server is reached.
};

/// RTCPeerConnectionIceErrorEvent (W3C WebRTC §4.8.4).
struct CandidateError {
  std::string url;
  SocketAddress local;       ///< Where it was sent from; unspecified when nothing was sent.
  std::uint16_t code = 701;  ///< STUN error code, or 701: the server was not reached.
  std::string text;
};

/// Taken with FullAgent::poll_event().
struct FullEvent {
  enum class Type : std::uint8_t {
    kCandidate,              ///< `candidate`
    kCandidateError,         ///< `error`
    kGatheringStateChanged,  ///< `gathering`; complete is what W3C's null candidate says
    kStateChanged,           ///< `state`, `reason`
    kSelectedPairChanged,    ///< ask selected_pair()
    kRoleChanged,            ///< ask controlling()
  };
  Type type = Type::kStateChanged;
  IceState state = IceState::kNew;
  GatheringState gathering = GatheringState::kNew;
  std::string reason;  ///< Of disconnected and failed: a sentence.
  std::optional<LocalCandidate> candidate;
  std::optional<CandidateError> error;
};

/// What the agent wants of its owner, who has sockets and a resolver. Taken with FullAgent::poll_request().
struct FullRequest {
  enum class Type : std::uint8_t {
    kResolve,     ///< `host`; answered by resolved()
    kConnect,     ///< Open `socket` to `remote`; answered by connected() or disconnected()
    kDisconnect,  ///< Close `socket` once what drain() gave for it is written; not answered
  };
  Type type = Type::kResolve;
  std::string host;  ///< Of kConnect with TLS: the name that the server's certificate must have.
  SocketId socket = 0;
  SocketAddress remote;
  SocketAddress local;  ///< The address to connect from (port 0: any), unspecified when it does not matter.
  bool tls = false;     ///< dtls::TlsClient stands between the connection and the agent.
};

/// What became of a candidate of the peer's.
enum class CandidateVerdict : std::uint8_t {
  kAdded,
  kDuplicate,     ///< Known already.
  kMdns,          ///< A ".local" name: nothing to be done with it here, and nothing wrong with it.
  kNotAnAddress,  ///< Another name: candidates are not resolved.
  kUnusable,      ///< Unspecified address, port 0, or a TCP candidate that is not passive.
  kLimit,         ///< There are FullAgent::kMaxRemoteCandidates already.
  kEnded,         ///< The agent has failed or is closed: only a restart helps.
};
inline constexpr std::size_t kCandidateVerdictCount = 7;

constexpr std::string_view to_string(CandidateVerdict verdict) {
  constexpr std::string_view kNames[kCandidateVerdictCount] = {
      "added", "duplicate", "mdns", "not-an-address", "unusable", "limit", "ended"};
  return kNames[static_cast<std::size_t>(verdict)];
}

/// RFC 8445 §6.1.2.6; W3C's RTCStatsIceCandidatePairState has the same names.
enum class PairState : std::uint8_t { kFrozen, kWaiting, kInProgress, kFailed, kSucceeded };

constexpr std::string_view to_string(PairState state) {
  constexpr std::string_view kNames[] = {"frozen", "waiting", "in-progress", "failed", "succeeded"};
  return kNames[static_cast<std::size_t>(state)];
}

/// What a received datagram was. kData: `payload` is the peer's DTLS, SRTP or SRTCP, a view into what was
/// given, without what a relay wrapped around it.
struct Received {
  enum class Kind : std::uint8_t { kConsumed, kData, kDropped };
  Kind kind = Kind::kDropped;
  MutableBytes payload;
  Path path;  ///< Of kData: which pair it came by.
};

/// RTCIceCandidatePairStats (W3C webrtc-stats §8.19).
struct CandidatePairStats {
  IceCandidate local;
  IceCandidate remote;
  PairState state = PairState::kFrozen;
  bool nominated = false;
  bool selected = false;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::optional<Instant> last_packet_sent;
  std::optional<Instant> last_packet_received;
  Duration total_round_trip_time{};
  std::optional<Duration> current_round_trip_time;
  std::uint64_t requests_received = 0;
  std::uint64_t requests_sent = 0;
  std::uint64_t responses_received = 0;
  std::uint64_t responses_sent = 0;
  std::uint64_t consent_requests_sent = 0;
  std::uint64_t packets_discarded_on_send = 0;
  std::uint64_t bytes_discarded_on_send = 0;
};

/// The pair that data takes.
struct SelectedPair {
  Path path;
  LocalCandidate local;
  IceCandidate remote;
  bool nominated = false;
  /// Whether a datagram can be given to path.socket as it is. Otherwise (a relay, a TCP connection) it must
  /// go through FullAgent::send().
  bool direct = false;
};

}  // namespace sluice::ice
