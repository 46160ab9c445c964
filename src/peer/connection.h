// What is behind sluice::PeerConnection: the negotiator says what is agreed, the transport carries it, media
// and data channels use it. This class brings them together: after everything that happens, sync() makes the
// parts agree, and events wait until they are taken.
//
// Owned by PeerConnection; the handles of its tracks and channels point here.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "dtls/certificate.h"
#include "peer/data.h"
#include "peer/media.h"
#include "peer/negotiator.h"
#include "peer/settings.h"
#include "peer/transport.h"
#include "sluice/peer_connection.h"

namespace sluice::peer {

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> create(const Configuration& configuration,
                                                    const PeerConnection::Environment& environment);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // --- As PeerConnection's
  [[nodiscard]] const Configuration& configuration() const { return configuration_; }
  Result<void> set_configuration(const Configuration& configuration);
  [[nodiscard]] DtlsFingerprint fingerprint() const { return certificate_.fingerprint(); }
  Result<RtpSender> add_track(MediaKind kind, const TrackInit& init);
  Result<void> remove_track(const RtpSender& sender);
  Result<RtpTransceiver> add_transceiver(MediaKind kind, const TransceiverInit& init);
  [[nodiscard]] std::vector<RtpTransceiver> transceivers();
  Result<DataChannel> create_data_channel(std::string_view label, const DataChannelInit& init);
  Result<SessionDescription> create_offer(bool ice_restart);
  Result<SessionDescription> create_answer();
  Result<void> set_local(const SessionDescription* description, Instant now);
  Result<void> set_remote(const SessionDescription& description, Instant now);
  Result<void> add_ice_candidate(const IceCandidateInit& candidate, Instant now);
  void restart_ice();
  void close(Instant now);
  std::optional<PeerEvent> poll_event();  // connection_events.cc
  [[nodiscard]] PeerConnectionState state() const { return state_; }
  [[nodiscard]] IceState ice_state() const { return ice_state_; }
  [[nodiscard]] IceGatheringState gathering_state() const { return gathering_state_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] PeerStats stats(Instant now) const;  // connection_stats.cc

  // --- Network
  void add_local_address(const LocalAddress& address);
  void remove_local_address(SocketId socket, Instant now);
  void receive(MutableBytes datagram, const Path& path, Instant now);
  void receive_stream(SocketId connection, Bytes bytes, Instant now);
  void resolved(std::string_view host, const std::vector<SocketAddress>& addresses, std::string_view why,
                Instant now);
  void connected(SocketId connection, const SocketAddress& local, Instant now);
  void disconnected(SocketId connection, std::string_view why, Instant now);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  std::span<const OutgoingDatagram> drain();
  std::optional<NetworkRequest> poll_request();

  // --- For handles
  [[nodiscard]] Negotiator& negotiator() { return negotiator_; }
  [[nodiscard]] const Negotiator& negotiator() const { return negotiator_; }
  [[nodiscard]] Data& data() { return data_; }
  [[nodiscard]] Media& media() { return media_; }
  [[nodiscard]] Transport& transport() { return transport_; }
  void changed() { take_negotiator_events(); }
  void moved(Instant now) { now_ = std::max(now_, now); }

 private:
  Connection(const Configuration& configuration, const PeerConnection::Environment& environment,
             Settings settings);

  void sync(Instant now);
  void take_received(const Transport::Received& received, Instant now);
  void take_stream_data(Instant now);
  void take_negotiator_events();  // connection_events.cc, with the next three
  void take_ice_events();
  void take_dtls();
  void update_state();
  void lose_provisional(const dtls::Session& dtls);
  void end(std::string reason, PeerConnectionState state);
  void shut(Instant now);
  [[nodiscard]] DataChannel channel(std::uint64_t number) { return {this, number}; }

  Configuration configuration_;
  WallClock wall_clock_;
  Random random_;
  dtls::Certificate certificate_;
  dtls::Context dtls_context_;
  Negotiator negotiator_;
  PacketPool pool_{1U << 16};  ///< Of payloads: before the transport, whose batch holds some to its end.
  Transport transport_;
  Media media_;
  Data data_;
  Instant now_{};
  std::uint64_t agreements_ = 0;   ///< Of negotiator_, acted on.
  std::uint32_t association_ = 0;  ///< Of what was agreed, acted on.
  std::deque<PeerEvent> events_;
  SignalingState signaling_ = SignalingState::kStable;
  IceState ice_state_ = IceState::kNew;
  IceGatheringState gathering_state_ = IceGatheringState::kNew;
  PeerConnectionState state_ = PeerConnectionState::kNew;
  std::string reason_;
  std::vector<std::vector<std::uint8_t>> data_in_;
  bool closed_ = false;
};

}  // namespace sluice::peer
