// RTCPeerConnection (W3C WebRTC §4.4) without a browser: offers and answers, ICE, DTLS, SRTP and data
// channels between two ends, with W3C's names in snake_case and C++ values.
//
// Sans-IO: it has no sockets, clocks, threads or callbacks. The owner
//   - says what sockets there are (add_local_address), before the first description is set;
//   - hands in what arrives (receive, receive_stream) and calls advance() when next_deadline() has come;
//   - after any call, sends what drain() gives, does what poll_request() asks (name resolution, TCP), and
//     takes poll_event() until it is empty.
// sluice/native.h has an owner with libuv's sockets, for programs that want none of this.
//
// Everything of a PeerConnection stays on one thread. A refused call changes nothing and says in its Error
// which field is at fault and what was expected.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/address.h"
#include "sluice/data_channel.h"
#include "sluice/ice_parameters.h"
#include "sluice/packet.h"
#include "sluice/peer_configuration.h"
#include "sluice/peer_event.h"
#include "sluice/peer_stats.h"
#include "sluice/result.h"
#include "sluice/rtp_transceiver.h"
#include "sluice/session_description.h"
#include "sluice/time.h"

namespace sluice {

namespace peer {
class Connection;
}

/// An address of this host that candidates are made of.
struct LocalAddress {
  SocketAddress address;
  /// kUdp: a bound socket, by the owner's number (below 0x8000). kTcp: an address that connections can be
  /// opened from (ICE-TCP towards a server); `socket` and port do not matter.
  SocketId socket = 0;
  IceProtocol protocol = IceProtocol::kUdp;
};

/// What a PeerConnection asks of its owner.
struct NetworkRequest {
  enum class Type : std::uint8_t {
    kResolve,     ///< The addresses of `host`: resolved().
    kConnect,     ///< A TCP connection, known by `socket` from now on: connected() or disconnected().
    kDisconnect,  ///< That is done with, once what drain() gave for it is written.
  };
  Type type = Type::kResolve;
  std::string host;  ///< Of kResolve.
  SocketId socket = 0;
  SocketAddress remote;
  SocketAddress local;  ///< To connect from; unspecified when it does not matter.
};

/// RTCOfferOptions.
struct OfferOptions {
  bool ice_restart = false;
};

class PeerConnection {
 public:
  struct Environment {
    /// Of all that must not be guessed: from the system's generator; in tests, anything.
    std::array<std::uint8_t, 32> seed{};
    WallClock wall_clock;
  };

  /// Refuses what of the configuration cannot be done: servers, certificate, codecs.
  static Result<std::unique_ptr<PeerConnection>> create(const Configuration& configuration,
                                                        const Environment& environment);
  ~PeerConnection();
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  // --- Configuration
  [[nodiscard]] const Configuration& get_configuration() const;
  /// Servers and transport policy may change, for candidates gathered from now on (the next ICE restart at
  /// the latest); certificate, codecs and limits may not.
  Result<void> set_configuration(const Configuration& configuration);
  /// "sha-256", "AB:CD:…": of the certificate, as descriptions have it.
  [[nodiscard]] DtlsFingerprint fingerprint() const;

  // --- Tracks (rtp_transceiver.h)
  /// Wants to send. Takes a transceiver of the kind that never sent, or a new one.
  Result<RtpSender> add_track(MediaKind kind, const TrackInit& init = {});
  Result<void> remove_track(const RtpSender& sender);
  Result<RtpTransceiver> add_transceiver(MediaKind kind, const TransceiverInit& init = {});
  [[nodiscard]] std::vector<RtpTransceiver> get_transceivers() const;
  [[nodiscard]] std::vector<RtpSender> get_senders() const;
  [[nodiscard]] std::vector<RtpReceiver> get_receivers() const;

  // --- Data (data_channel.h)
  Result<DataChannel> create_data_channel(std::string_view label, const DataChannelInit& init = {});

  // --- Signaling (RFC 8829)
  Result<SessionDescription> create_offer(const OfferOptions& options = {});
  Result<SessionDescription> create_answer();
  /// Without a description: makes the offer or the answer that is due. One that is given must be the newest
  /// that create_offer() or create_answer() gave (RFC 8829 §5.4), or a rollback; with an empty text it is
  /// made. Gathering begins. What create_answer() gave may be set as kPranswer first: it takes effect at
  /// once, and more may follow until the kAnswer.
  Result<void> set_local_description(Instant now);
  Result<void> set_local_description(const SessionDescription& description, Instant now);
  /// An offer that meets an offer of ours rolls ours back: the polite side of "perfect negotiation" just sets
  /// it, the impolite side ignores it. Of answers to an offer of ours the last may be another device's.
  Result<void> set_remote_description(const SessionDescription& description, Instant now);
  /// Before the remote description too. An empty candidate ends them.
  Result<void> add_ice_candidate(const IceCandidateInit& candidate, Instant now);
  /// The next offer has new credentials; NegotiationNeeded follows.
  void restart_ice();
  void close(Instant now);

  /// With the candidates so far. None: no such description.
  [[nodiscard]] std::optional<SessionDescription> local_description() const;
  [[nodiscard]] std::optional<SessionDescription> remote_description() const;
  [[nodiscard]] std::optional<SessionDescription> current_local_description() const;
  [[nodiscard]] std::optional<SessionDescription> current_remote_description() const;
  [[nodiscard]] std::optional<SessionDescription> pending_local_description() const;
  [[nodiscard]] std::optional<SessionDescription> pending_remote_description() const;
  [[nodiscard]] SignalingState signaling_state() const;
  [[nodiscard]] IceGatheringState ice_gathering_state() const;
  [[nodiscard]] IceState ice_connection_state() const;
  [[nodiscard]] PeerConnectionState connection_state() const;
  /// Why the connection is disconnected or failed, or why the other side closed it.
  [[nodiscard]] const std::string& reason() const;
  std::optional<PeerEvent> poll_event();

  // --- Statistics (peer_stats.h)
  [[nodiscard]] PeerStats get_stats(Instant now) const;

  // --- Network
  void add_local_address(const LocalAddress& address);
  void remove_local_address(SocketId socket, Instant now);
  /// One datagram from a UDP socket; changed where it lies.
  void receive(Packet& packet, const Path& path, Instant now);
  /// Bytes of a connection that kConnect asked for.
  void receive_stream(SocketId connection, std::span<const std::uint8_t> bytes, Instant now);
  void resolved(std::string_view host, const std::vector<SocketAddress>& addresses, std::string_view why,
                Instant now);
  void connected(SocketId connection, const SocketAddress& local, Instant now);
  void disconnected(SocketId connection, std::string_view why, Instant now);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  /// What is to be sent: datagrams by UDP sockets, bytes by connections (path.socket from 0x8000). Borrowed
  /// until the next call of anything here.
  std::span<const OutgoingDatagram> drain();
  std::optional<NetworkRequest> poll_request();

 private:
  explicit PeerConnection(std::unique_ptr<peer::Connection> connection);
  std::unique_ptr<peer::Connection> connection_;
};

}  // namespace sluice
