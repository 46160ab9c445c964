// PeerConnection with sockets included: an event loop (libuv), UDP and TCP, name resolution, and events as
// callbacks named after W3C's. For programs that do not bring a loop of their own; those that do use
// sluice/peer_connection.h.
//
//   sluice::native::Loop loop;
//   auto pc = sluice::native::PeerConnection::create(loop, {});
//   (*pc)->on_ice_candidate = [](const auto& candidate) { … };
//   (*pc)->set_local_description();
//   loop.run();
//
// Everything of a loop stays on the thread that runs it. Callbacks come from inside run(); they may call
// anything, and close() too, but must not destroy the peer connection that calls them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/peer_connection.h"

namespace sluice::native {

class Loop {
 public:
  Loop();
  ~Loop();  ///< After its peer connections.
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Until stop().
  void run();
  void stop();
  [[nodiscard]] Instant now() const;
  /// Calls back once, `delay` from now.
  void after(Duration delay, std::function<void()> call);
  /// Calls back whenever the descriptor (a pipe, a socket, a terminal) has something to read or has ended. An
  /// empty function ends that.
  void watch(int descriptor, std::function<void()> on_readable);

  class Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct NetworkOptions {
  /// Numeric addresses to bind UDP sockets to. Empty: those of the machine's interfaces that are up, without
  /// loopback unless there is nothing else.
  std::vector<std::string> addresses;
  /// Also connections from these addresses to the other side's TCP candidates (ICE-TCP).
  bool tcp = false;
};

/// RTCPeerConnection. What is not here (tracks, channels, their handles) is that of core().
class PeerConnection {
 public:
  static Result<std::unique_ptr<PeerConnection>> create(Loop& loop, const Configuration& configuration = {},
                                                        const NetworkOptions& network = {});
  ~PeerConnection();
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  [[nodiscard]] sluice::PeerConnection& core();
  [[nodiscard]] const sluice::PeerConnection& core() const;
  [[nodiscard]] Instant now() const;

  Result<RtpSender> add_track(MediaKind kind, const TrackInit& init = {});
  Result<RtpTransceiver> add_transceiver(MediaKind kind, const TransceiverInit& init = {});
  Result<DataChannel> create_data_channel(std::string_view label, const DataChannelInit& init = {});
  Result<SessionDescription> create_offer(const OfferOptions& options = {});
  Result<SessionDescription> create_answer();
  Result<void> set_local_description();
  Result<void> set_local_description(const SessionDescription& description);
  Result<void> set_remote_description(const SessionDescription& description);
  Result<void> add_ice_candidate(const IceCandidateInit& candidate);
  [[nodiscard]] std::optional<SessionDescription> local_description() const;
  [[nodiscard]] PeerStats get_stats() const;
  void close();

  std::function<void()> on_negotiation_needed;
  std::function<void(const std::optional<IceCandidateInit>&)> on_ice_candidate;
  std::function<void(const event::IceCandidateError&)> on_ice_candidate_error;
  std::function<void(SignalingState)> on_signaling_state_change;
  std::function<void(IceGatheringState)> on_ice_gathering_state_change;
  std::function<void(IceState)> on_ice_connection_state_change;
  std::function<void(PeerConnectionState, const std::string& reason)> on_connection_state_change;
  std::function<void(RtpTransceiver)> on_track;
  std::function<void(RtpTransceiver)> on_track_removed;
  std::function<void(RtpTransceiver, const EncodedFrame&)> on_frame;
  std::function<void(RtpTransceiver, std::span<const std::uint8_t>)> on_packet;
  std::function<void(RtpTransceiver, const std::string& rid)> on_key_frame_requested;
  std::function<void(DataChannel)> on_data_channel;
  std::function<void(DataChannel)> on_open;
  std::function<void(const event::ChannelMessage&)> on_message;
  std::function<void(DataChannel)> on_buffered_amount_low;
  std::function<void(DataChannel)> on_closing;
  std::function<void(DataChannel, const std::string& reason)> on_close;

 private:
  class Impl;
  explicit PeerConnection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::native
