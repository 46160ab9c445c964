// What a controller can ask of an engine, as plain values, and what each request answers with.
//
// Ids are chosen by whoever asks (a UUID from the controllers); an empty id lets the engine choose one, and
// the reply names it. Every id is unique within its worker. A refused command changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sluice/dtls_parameters.h"
#include "sluice/ice_parameters.h"
#include "sluice/log.h"
#include "sluice/rtp_parameters.h"
#include "sluice/stats.h"

namespace sluice {

enum class ObjectKind : std::uint8_t { kWorker, kRoom, kPeer, kTransport, kProducer, kConsumer };

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
/// Stops or goes on forwarding: producers and consumers only. Pausing twice is no error.
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
/// Transports, producers and consumers only.
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

/// `kAll`: a JSEP peer is offered every producer of the others in its room. `kManual`: only what consume()
/// names.
enum class Subscription : std::uint8_t { kAll, kManual };

struct CreatePeer {
  std::string room_id;
  std::string peer_id;
  std::string name;  ///< Unique within the room when not empty.
  Subscription subscription = Subscription::kManual;
};

enum class SdpType : std::uint8_t { kOffer, kAnswer, kPranswer, kRollback };

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
struct Produce {
  std::string transport_id;
  std::string producer_id;
  MediaKind kind = MediaKind::kAudio;
  RtpParameters rtp_parameters;
  bool paused = false;
  std::uint32_t key_frame_request_delay_ms = 0;
};
struct Consume {
  std::string transport_id;
  std::string consumer_id;
  std::string producer_id;
  RtpCapabilities rtp_capabilities;
  bool paused = false;
  std::string mid;                 ///< Empty: chosen by the engine.
  std::optional<bool> enable_rtx;  ///< Default: video yes, audio no.
};
struct RequestKeyFrame {
  std::string consumer_id;
};

using Command =
    std::variant<UpdateSettings, Close, Pause, Resume, Dump, GetStats, CreateRoom, CanConsume, CreatePeer,
                 SetRemoteDescription, SetLocalDescription, CreateOffer, CreateAnswer, AddIceCandidate,
                 CreateWebRtcTransport, ConnectTransport, RestartIce, Produce, Consume, RequestKeyFrame>;

// --- Replies -------------------------------------------------------------------------------------

struct Done {};
struct DumpReply {
  std::string json;
};
struct StatsReply {
  std::optional<TransportStats> transport;
  std::vector<RtpStreamStats> streams;
};
struct RoomReply {
  std::string room_id;
  RtpCapabilities rtp_capabilities;
};
struct CanConsumeReply {
  bool can_consume = false;
};
struct PeerReply {
  std::string peer_id;
};
/// One m-line of a peer's descriptions, so that a page can tell whose track a mid carries.
struct SectionInfo {
  std::string mid;
  MediaKind kind = MediaKind::kAudio;
  bool sending = false;  ///< The server sends here: `consumer_id` of `producer_id`, made by `source_peer_id`.
  bool receiving = false;  ///< The client sends here: `producer_id` is its producer.
  std::string producer_id;
  std::string consumer_id;
  std::string source_peer_id;
};
struct DescriptionReply {
  SdpType type = SdpType::kOffer;
  std::string sdp;
  std::string signaling_state;  ///< W3C: "stable", "have-local-offer", "have-remote-offer".
  std::vector<SectionInfo> sections;
};
struct WebRtcTransportReply {
  std::string transport_id;
  IceParameters ice_parameters;
  std::vector<IceCandidate> ice_candidates;
  DtlsParameters dtls_parameters;
};
struct ConnectReply {
  DtlsRole dtls_local_role = DtlsRole::kServer;
};
struct IceParametersReply {
  IceParameters ice_parameters;
};
struct ProducerReply {
  std::string producer_id;
  std::string type;  ///< "simple".
  RtpParameters consumable_rtp_parameters;
};
struct ConsumerReply {
  std::string consumer_id;
  std::string producer_id;
  MediaKind kind = MediaKind::kAudio;
  RtpParameters rtp_parameters;
  std::string type;
  bool paused = false;
  bool producer_paused = false;
};

using Reply =
    std::variant<Done, DumpReply, StatsReply, RoomReply, CanConsumeReply, PeerReply, DescriptionReply,
                 WebRtcTransportReply, ConnectReply, IceParametersReply, ProducerReply, ConsumerReply>;

}  // namespace sluice
