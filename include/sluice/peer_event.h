// What a PeerConnection tells its owner, taken with poll_event(): W3C's events (WebRTC §4.11) as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sluice/data_channel.h"
#include "sluice/encoded_frame.h"
#include "sluice/ice_parameters.h"
#include "sluice/rtp_transceiver.h"
#include "sluice/session_description.h"

namespace sluice {

/// RTCSignalingState.
enum class SignalingState : std::uint8_t {
  kStable,
  kHaveLocalOffer,
  kHaveRemoteOffer,
  kHaveLocalPranswer,
  kHaveRemotePranswer,
  kClosed
};
/// RTCIceGatheringState.
enum class IceGatheringState : std::uint8_t { kNew, kGathering, kComplete };
/// RTCPeerConnectionState.
enum class PeerConnectionState : std::uint8_t {
  kNew,
  kConnecting,
  kConnected,
  kDisconnected,
  kFailed,
  kClosed
};

constexpr std::string_view to_string(SignalingState state) {
  constexpr std::string_view kNames[] = {
      "stable", "have-local-offer", "have-remote-offer", "have-local-pranswer", "have-remote-pranswer",
      "closed"};
  return kNames[static_cast<std::size_t>(state)];
}
constexpr std::string_view to_string(IceGatheringState state) {
  constexpr std::string_view kNames[] = {"new", "gathering", "complete"};
  return kNames[static_cast<std::size_t>(state)];
}
constexpr std::string_view to_string(PeerConnectionState state) {
  constexpr std::string_view kNames[] = {"new",          "connecting", "connected",
                                         "disconnected", "failed",     "closed"};
  return kNames[static_cast<std::size_t>(state)];
}

namespace event {

/// Something waits to be offered. Once for a batch of changes, and only while signaling is stable.
struct NegotiationNeeded {};
struct SignalingStateChange {
  SignalingState state = SignalingState::kStable;
};
struct IceGatheringStateChange {
  IceGatheringState state = IceGatheringState::kNew;
};
struct IceConnectionStateChange {
  IceState state = IceState::kNew;
};
struct ConnectionStateChange {
  PeerConnectionState state = PeerConnectionState::kNew;
  std::string reason;  ///< Of disconnected, failed and (by the other side) closed: a sentence.
};
/// None: there will be no more, and local_description() has them all.
struct IceCandidate {
  std::optional<IceCandidateInit> candidate;
};
/// RTCPeerConnectionIceErrorEvent.
struct IceCandidateError {
  std::string address;  ///< Ours, that was used; empty when none was.
  std::uint16_t port = 0;
  std::string url;               ///< Of the server.
  std::uint16_t error_code = 0;  ///< STUN's, or 701: not reached.
  std::string error_text;
};
/// The other side sends here, or sends again.
struct Track {
  RtpTransceiver transceiver;
};
/// It does not send any more.
struct TrackRemoved {
  RtpTransceiver transceiver;
};
/// A whole frame for a decoder; of video from a key frame on, without gaps.
struct FrameReceived {
  RtpTransceiver transceiver;
  EncodedFrame frame;
};
/// A packet as it came, decrypted: RtpReceiver::deliver_packets().
struct RtpReceived {
  RtpTransceiver transceiver;
  std::vector<std::uint8_t> packet;
};
/// The other side wants a key frame (PLI, FIR). `rid`: of which encoding.
struct KeyFrameRequested {
  RtpTransceiver transceiver;
  std::string rid;
};

/// The other side opened a channel; it is open already.
struct DataChannelOpened {
  DataChannel channel;
};
/// A channel of ours is open: messages can be sent. Before any of its messages.
struct ChannelOpen {
  DataChannel channel;
};
struct ChannelMessage {
  DataChannel channel;
  bool binary = false;
  std::vector<std::uint8_t> data;
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
  }
};
struct BufferedAmountLow {
  DataChannel channel;
};
struct ChannelClosing {
  DataChannel channel;
};
struct ChannelClosed {
  DataChannel channel;
  std::string reason;  ///< Empty: one of the two sides closed it.
};

}  // namespace event

using PeerEvent =
    std::variant<event::NegotiationNeeded, event::SignalingStateChange, event::IceGatheringStateChange,
                 event::IceConnectionStateChange, event::ConnectionStateChange, event::IceCandidate,
                 event::IceCandidateError, event::Track, event::TrackRemoved, event::FrameReceived,
                 event::RtpReceived, event::KeyFrameRequested, event::DataChannelOpened, event::ChannelOpen,
                 event::ChannelMessage, event::BufferedAmountLow, event::ChannelClosing,
                 event::ChannelClosed>;

}  // namespace sluice
