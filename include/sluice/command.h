// What a controller can ask of an engine, as plain values. What each request answers with is in reply.h.
//
// Ids are chosen by whoever asks (a UUID from the controllers); an empty id lets the engine choose one, and
// the reply names it. Every id is unique within its worker. A refused command changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sluice/data.h"
#include "sluice/dtls_parameters.h"
#include "sluice/ice_parameters.h"
#include "sluice/listen.h"
#include "sluice/log.h"
#include "sluice/rtp_parameters.h"
#include "sluice/session_description.h"
#include "sluice/srtp_parameters.h"

namespace sluice {

enum class ObjectKind : std::uint8_t {
  kWorker,
  kRoom,
  kPeer,
  kTransport,
  kProducer,
  kConsumer,
  kObserver,
  kDataProducer,
  kDataConsumer
};

// --- Worker --------------------------------------------------------------------------------------

struct UpdateSettings {
  std::optional<LogLevel> log_level;
  std::optional<std::vector<LogTag>> log_tags;
};

// --- Any object ----------------------------------------------------------------------------------

/// Closes an object and all it owns. Not for the worker itself.
struct Close {
  ObjectKind kind;
  std::string id;
};
/// Stops or goes on forwarding, or observing: producers and consumers (of data too) and observers only.
/// Pausing twice is no error.
struct Pause {
  ObjectKind kind;
  std::string id;
};
struct Resume {
  ObjectKind kind;
  std::string id;
};
/// Everything about an object, as JSON. `id` is ignored for the worker.
struct Dump {
  ObjectKind kind;
  std::string id;
};
/// Transports, producers and consumers (of data too), and the worker itself (`id` is ignored), only.
struct GetStats {
  ObjectKind kind;
  std::string id;
};

// --- Room ----------------------------------------------------------------------------------------

struct CreateRoom {
  std::string room_id;
  std::vector<RtpCodecCapability> media_codecs;
};
struct CanConsume {
  std::string producer_id;
  RtpCapabilities rtp_capabilities;
};

// --- Peer ----------------------------------------------------------------------------------------

/// `kAll`: a JSEP peer is offered every producer of the others in its room. `kManual`: only what Subscribe
/// names.
enum class Subscription : std::uint8_t { kAll, kManual };

/// Which of the worker's addresses a transport offers to its client, and in what order of preference.
struct CandidateOptions {
  /// Unset: whatever the worker listens on; true demands it.
  std::optional<bool> enable_udp{};
  std::optional<bool> enable_tcp{};
  /// UDP is preferred, unless `prefer_tcp` is set and `prefer_udp` is not.
  bool prefer_udp = false;
  bool prefer_tcp = false;
  /// Neither: in the order of the worker's addresses. Both: IPv4.
  bool prefer_ipv4 = false;
  bool prefer_ipv6 = false;
};

struct CreatePeer {
  std::string room_id;
  std::string peer_id;
  std::string name;  ///< Unique within the room when not empty.
  Subscription subscription = Subscription::kManual;
  CandidateOptions candidates{};  ///< Of the transport that is negotiated.
  /// The data channels that the client of a JSEP peer opens become data producers. Else they are closed.
  bool produce_data = true;
};

/// A JSEP peer is offered this producer of its room, whatever its subscription says.
struct Subscribe {
  std::string peer_id;
  std::string producer_id;
};
/// It is offered no more, and taken back if the client had accepted it.
struct Unsubscribe {
  std::string peer_id;
  std::string producer_id;
};

/// W3C WebRTC §4.4.1.6; the peer's one transport is made when it is first needed.
struct SetRemoteDescription {
  std::string peer_id;
  SdpType type = SdpType::kOffer;
  std::string sdp;
};
struct SetLocalDescription {
  std::string peer_id;
  SdpType type = SdpType::kAnswer;
  std::string sdp;  ///< Empty: the one last created.
};
struct CreateOffer {
  std::string peer_id;
  /// How many tracks of the kind the client may send, at least (offerToReceiveAudio, W3C WebRTC §4.4.3.2).
  std::uint8_t receive_audio = 0;
  std::uint8_t receive_video = 0;
};
/// What the client can decode and how it numbers it, from an offer of its that is not negotiated.
struct SetCapabilities {
  std::string peer_id;
  std::string sdp;
};
struct CreateAnswer {
  std::string peer_id;
};
struct AddIceCandidate {
  std::string peer_id;
  std::string candidate;  ///< "candidate:1 1 udp ..."; empty ends the candidates.
  std::optional<std::string> sdp_mid;
  std::optional<std::uint16_t> sdp_m_line_index;
  std::string username_fragment;
};

// --- Transport -----------------------------------------------------------------------------------

/// Belongs to `peer_id` when given, else to the room itself.
struct CreateWebRtcTransport {
  std::string room_id;
  std::string peer_id;
  std::string transport_id;
  std::uint32_t ice_consent_timeout_seconds = 30;  ///< 0: off.
  CandidateOptions candidates{};
  SctpOptions sctp{};
};
struct ConnectTransport {
  std::string transport_id;
  DtlsParameters dtls_parameters;
};
/// New ICE credentials: of a transport by its id, or of a JSEP peer's (which then needs negotiation).
struct RestartIce {
  std::string transport_id;
  std::string peer_id;
};
/// RTP with one endpoint over sockets of its own. Belongs to `peer_id` when given, else to the room itself.
struct CreatePlainTransport {
  std::string room_id;
  std::string peer_id;
  std::string transport_id;
  std::optional<ListenInfo> listen_info;       ///< Absent: 127.0.0.1.
  std::optional<ListenInfo> rtcp_listen_info;  ///< Without rtcp_mux; absent: as RTP, the next port.
  bool rtcp_mux = true;                        ///< RFC 5761.
  bool comedia = false;                        ///< The remote address is that of the first valid packet.
  bool enable_srtp = false;
  std::string srtp_crypto_suite = "AES_CM_128_HMAC_SHA1_80";
  bool enable_sctp = false;  ///< Refused: not there yet.
  /// What the engine's owner has opened for it, by `listen_info`; rtcp_socket only without rtcp_mux. From
  /// here on the engine's, whatever becomes of the command, until Engine::take_released_sockets() gives them
  /// back.
  std::optional<ListenSocket> socket;
  std::optional<ListenSocket> rtcp_socket;
};
/// Without comedia: ip and port, rtcp_port exactly without rtcp_mux. With it: none of them. srtp_parameters
/// exactly with enable_srtp.
struct ConnectPlainTransport {
  std::string transport_id;
  std::string ip;
  std::optional<std::uint16_t> port;
  std::optional<std::uint16_t> rtcp_port;
  std::optional<SrtpParameters> srtp_parameters;
};
/// RTP, RTCP and data messages of the controller itself, over the control channel.
struct CreateDirectTransport {
  std::string room_id;
  std::string peer_id;
  std::string transport_id;
  std::uint32_t max_message_size = 262'144;  ///< Bytes of a message that the controller sends.
};
/// A packet of the controller's own; its producer stands on a direct transport, and knows its SSRC.
struct SendRtp {
  std::string producer_id;
  std::vector<std::uint8_t> packet;
};
/// A compound packet, to a direct transport.
struct SendRtcp {
  std::string transport_id;
  std::vector<std::uint8_t> packet;
};
struct Produce {
  std::string transport_id;
  std::string producer_id;
  MediaKind kind = MediaKind::kAudio;
  RtpParameters rtp_parameters;
  bool paused = false;
  std::uint32_t key_frame_request_delay_ms = 0;
};
/// What a viewer asks for. Simulcast: `spatial` counts the encodings from 0, smallest first. Numbers above
/// what the producer sends mean its highest.
struct ConsumerLayers {
  std::uint8_t spatial = 0;
  std::optional<std::uint8_t> temporal;  ///< Absent: the highest.
  friend bool operator==(const ConsumerLayers&, const ConsumerLayers&) = default;
};
struct Consume {
  std::string transport_id;
  std::string consumer_id;
  std::string producer_id;
  RtpCapabilities rtp_capabilities;
  bool paused = false;
  std::string mid;  ///< Empty: chosen by the engine.
  /// Retransmission, where the receiver's capabilities have it. Default: yes, for audio as well
  /// (docs/migrating.md: elsewhere audio is left out).
  std::optional<bool> enable_rtx;
  std::optional<ConsumerLayers> preferred_layers;
  bool ignore_dtx = false;  ///< Audio in discontinuous transmission is not forwarded.
};
struct RequestKeyFrame {
  std::string consumer_id;
};
struct SetPreferredLayers {
  std::string consumer_id;
  ConsumerLayers layers;
};
/// Among the consumers of a transport whose bitrate does not do for all: 1 (the default) to 255 (served
/// first).
struct SetPriority {
  std::string consumer_id;
  std::uint8_t priority = 1;
};
/// Why a consumer gets what it gets, as JSON (a DumpReply): layers and what keeps it from others, key frames
/// awaited, who paused it, packets not forwarded by reason.
struct Explain {
  std::string consumer_id;
};
/// kMaxIncoming asks the publisher to stay below it (REMB); the others bound what the transport's consumers
/// share.
enum class BitrateLimit : std::uint8_t { kMaxIncoming, kMaxOutgoing, kMinOutgoing };
struct SetBitrateLimit {
  std::string transport_id;
  BitrateLimit limit = BitrateLimit::kMaxIncoming;
  std::uint32_t bitrate = 0;  ///< bps; 0 takes the limit away.
};

enum class TraceType : std::uint8_t { kRtp, kKeyFrame, kNack, kPli, kFir, kSr, kProbation, kBwe };
/// From now on exactly `types` are traced: producers (rtp, keyframe, nack, pli, fir, sr), consumers (all but
/// sr) and transports (probation, bwe).
struct EnableTraceEvent {
  ObjectKind kind = ObjectKind::kProducer;
  std::string id;
  std::vector<TraceType> types;
};

// --- Observers -----------------------------------------------------------------------------------

/// Of a room. Producers are added to it; it tells which speaks.
struct CreateActiveSpeakerObserver {
  std::string room_id;
  std::string observer_id;
  std::uint32_t interval_ms = 300;  ///< 100 to 5000.
};
/// Tells the loudest producers of the last `interval_ms`, and once when there are none any more.
struct CreateAudioLevelObserver {
  std::string room_id;
  std::string observer_id;
  std::uint32_t max_entries = 1;
  std::int32_t threshold = -80;      ///< dBov, -127 to 0.
  std::uint32_t interval_ms = 1000;  ///< 100 to 5000.
};
/// Audio producers of the same room only. Adding one twice, or removing one that is not there, is refused.
struct ObserverAddProducer {
  std::string observer_id;
  std::string producer_id;
};
struct ObserverRemoveProducer {
  std::string observer_id;
  std::string producer_id;
};

// --- Data ----------------------------------------------------------------------------------------

/// On a transport with SCTP: the client's messages of one stream. On a direct one, without stream parameters:
/// the controller's, by SendToDataProducer.
struct ProduceData {
  std::string transport_id;
  std::string data_producer_id{};
  std::optional<SctpStreamParameters> sctp_stream_parameters{};
  std::string label{};
  std::string protocol{};
  bool paused = false;
};
/// Reliability as the producer's unless it is said here. On a direct transport messages come as events.
struct ConsumeData {
  std::string transport_id;
  std::string data_consumer_id;
  std::string data_producer_id;
  std::optional<bool> ordered{};
  std::optional<std::uint16_t> max_packet_life_time{};  ///< ms.
  std::optional<std::uint16_t> max_retransmits{};
  bool paused = false;
  std::vector<std::uint16_t> subchannels{};
};
/// A message of the controller's, as if the producer had received it.
struct SendToDataProducer {
  std::string data_producer_id;
  std::uint32_t ppid = ppid::kBinary;
  Payload payload;
  Audience audience{};
};
/// A message of the controller's to one consumer only. Refused when its queue is full.
struct SendToDataConsumer {
  std::string data_consumer_id;
  std::uint32_t ppid = ppid::kBinary;
  Payload payload;
};
struct GetBufferedAmount {
  std::string data_consumer_id;
};
/// Tells BufferedAmountLow when what waits falls to it; at once when it is there already.
struct SetBufferedAmountLowThreshold {
  std::string data_consumer_id;
  std::uint32_t threshold = 0;  ///< Bytes.
};
struct SetSubchannels {
  std::string data_consumer_id;
  std::vector<std::uint16_t> subchannels;
};
struct AddSubchannel {
  std::string data_consumer_id;
  std::uint16_t subchannel = 0;
};
struct RemoveSubchannel {
  std::string data_consumer_id;
  std::uint16_t subchannel = 0;
};

using Command =
    std::variant<UpdateSettings, Close, Pause, Resume, Dump, GetStats, CreateRoom, CanConsume, CreatePeer,
                 SetRemoteDescription, SetLocalDescription, CreateOffer, CreateAnswer, AddIceCandidate,
                 CreateWebRtcTransport, ConnectTransport, RestartIce, Produce, Consume, RequestKeyFrame,
                 CreatePlainTransport, ConnectPlainTransport, SetPreferredLayers, SetPriority, Explain,
                 SetBitrateLimit, EnableTraceEvent, CreateActiveSpeakerObserver, CreateAudioLevelObserver,
                 ObserverAddProducer, ObserverRemoveProducer, SetCapabilities, Subscribe, Unsubscribe,
                 CreateDirectTransport, SendRtp, SendRtcp, ProduceData, ConsumeData, SendToDataProducer,
                 SendToDataConsumer, GetBufferedAmount, SetBufferedAmountLowThreshold, SetSubchannels,
                 AddSubchannel, RemoveSubchannel>;

}  // namespace sluice
