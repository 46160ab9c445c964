// RTCRtpTransceiver, RTCRtpSender and RTCRtpReceiver (W3C WebRTC §5) of a PeerConnection.
//
// Handles: copied freely, equal when they mean the same object, valid as long as their PeerConnection lives.
// What a sender takes is encoded: whole frames, cut into packets by the codec's payload format, or payloads
// that are cut already.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/encoded_frame.h"
#include "sluice/result.h"
#include "sluice/rtp_parameters.h"
#include "sluice/time.h"

namespace sluice {

namespace peer {
class Connection;
}

/// RTCRtpTransceiverDirection.
enum class TransceiverDirection : std::uint8_t { kSendRecv, kSendOnly, kRecvOnly, kInactive, kStopped };

constexpr std::string_view to_string(TransceiverDirection direction) {
  constexpr std::string_view kNames[] = {"sendrecv", "sendonly", "recvonly", "inactive", "stopped"};
  return kNames[static_cast<std::size_t>(direction)];
}

/// One encoding of a simulcast (RTCRtpEncodingParameters).
struct SendEncoding {
  std::string rid;                           ///< Letters and digits; needed when there are several.
  std::optional<std::uint32_t> max_bitrate;  ///< bps; told to the other side as a hint (RFC 8851 max-br).
};

/// What add_track() says of a track that this end sends.
struct TrackInit {
  std::string id;                       ///< Empty: one is made up.
  std::vector<std::string> stream_ids;  ///< MediaStreams it belongs to (RFC 8830).
  /// Media types to use, the preferred first: {"audio/PCMU"}. Empty: all of the configuration's.
  std::vector<std::string> codecs;
};

/// RTCRtpTransceiverInit.
struct TransceiverInit : TrackInit {
  TransceiverDirection direction = TransceiverDirection::kSendRecv;
  std::vector<SendEncoding> send_encodings;  ///< Smallest first; empty: one, without a rid.
};

/// A packet's payload, for those who packetize themselves. Sequence numbers and SSRCs are the sender's.
struct RtpPayload {
  std::uint32_t timestamp = 0;  ///< In the codec's clock rate.
  bool marker = false;
  std::span<const std::uint8_t> bytes;
};

class RtpSender {
 public:
  RtpSender() = default;
  [[nodiscard]] std::string track_id() const;
  [[nodiscard]] std::vector<std::string> stream_ids() const;
  /// What was agreed: codecs[0] is the one to encode with. None before, or when nothing is to be sent.
  [[nodiscard]] std::optional<RtpParameters> parameters() const;
  /// A frame of the agreed codec, as an encoder gives it. False, with nothing sent, while the connection is
  /// not there or the direction does not send. `rid`: which encoding of a simulcast.
  bool send_frame(const EncodedFrameView& frame, Instant now, std::string_view rid = {});
  bool send_rtp(const RtpPayload& payload, Instant now, std::string_view rid = {});

  friend bool operator==(const RtpSender&, const RtpSender&) = default;

 private:
  friend class peer::Connection;
  friend class RtpTransceiver;
  RtpSender(peer::Connection* connection, std::uint32_t id) : connection_(connection), id_(id) {}
  peer::Connection* connection_ = nullptr;
  std::uint32_t id_ = 0;
};

class RtpReceiver {
 public:
  RtpReceiver() = default;
  /// As the other side names them (a=msid).
  [[nodiscard]] std::string track_id() const;
  [[nodiscard]] std::vector<std::string> stream_ids() const;
  [[nodiscard]] std::optional<RtpParameters> parameters() const;
  /// Asks the other side for a key frame (RTCP PLI).
  void request_key_frame(Instant now);
  /// Gives packets (RtpReceived) besides frames. Off at first.
  void deliver_packets(bool wanted);

  friend bool operator==(const RtpReceiver&, const RtpReceiver&) = default;

 private:
  friend class peer::Connection;
  friend class RtpTransceiver;
  RtpReceiver(peer::Connection* connection, std::uint32_t id) : connection_(connection), id_(id) {}
  peer::Connection* connection_ = nullptr;
  std::uint32_t id_ = 0;
};

class RtpTransceiver {
 public:
  RtpTransceiver() = default;
  [[nodiscard]] MediaKind kind() const;
  /// Which m-line; none before there is one.
  [[nodiscard]] std::optional<std::string> mid() const;
  [[nodiscard]] TransceiverDirection direction() const;
  [[nodiscard]] std::optional<TransceiverDirection> current_direction() const;
  /// What this end wants; the next negotiation makes it so. kStopped is refused: that is stop().
  Result<void> set_direction(TransceiverDirection direction);
  /// Ends it for good; its m-line goes with the next negotiation and may be used again.
  void stop();
  [[nodiscard]] RtpSender sender() const { return {connection_, id_}; }
  [[nodiscard]] RtpReceiver receiver() const { return {connection_, id_}; }

  friend bool operator==(const RtpTransceiver&, const RtpTransceiver&) = default;

 private:
  friend class peer::Connection;
  RtpTransceiver(peer::Connection* connection, std::uint32_t id) : connection_(connection), id_(id) {}
  peer::Connection* connection_ = nullptr;
  std::uint32_t id_ = 0;
};

}  // namespace sluice
