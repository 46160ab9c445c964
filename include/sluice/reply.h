// What each request to an engine (command.h) answers with, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sluice/command.h"
#include "sluice/stats.h"
#include "sluice/worker_stats.h"

namespace sluice {

struct Done {};
struct DumpReply {
  std::string json;
};
struct StatsReply {
  std::optional<TransportStats> transport;
  std::vector<RtpStreamStats> streams;
  std::optional<DataStats> data{};
  std::optional<WorkerStats> worker{};
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
  std::optional<SctpParameters> sctp_parameters{};  ///< With SCTP.
};
struct ConnectReply {
  DtlsRole dtls_local_role = DtlsRole::kServer;
};
struct IceParametersReply {
  IceParameters ice_parameters;
};
/// Tuples without a remote end until connect() or comedia has told it.
struct PlainTransportReply {
  std::string transport_id;
  bool rtcp_mux = true;
  bool comedia = false;
  TransportTuple tuple;
  std::optional<TransportTuple> rtcp_tuple;       ///< Without rtcp_mux.
  std::optional<SrtpParameters> srtp_parameters;  ///< Ours, with enable_srtp.
};
/// What connecting has changed.
struct PlainConnectReply {
  TransportTuple tuple;
  std::optional<TransportTuple> rtcp_tuple;
  std::optional<SrtpParameters> srtp_parameters;
};
/// How well a consumer's stream arrives at its viewer, and the producer's streams at us: 0 to 10.
struct ConsumerScore {
  std::uint8_t score = 10;
  std::uint8_t producer_score = 0;            ///< Of the stream that is forwarded; 0 when none is.
  std::vector<std::uint8_t> producer_scores;  ///< Of all its streams.
  friend bool operator==(const ConsumerScore&, const ConsumerScore&) = default;
};
struct ProducerReply {
  std::string producer_id;
  std::string type;  ///< "simple", "simulcast" or "svc".
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
  ConsumerScore score;
  std::optional<ConsumerLayers> preferred_layers;  ///< As they hold: within what the producer has.
};
struct PreferredLayersReply {
  std::optional<ConsumerLayers> preferred_layers;  ///< Absent where the consumer's type has no layers.
};
struct PriorityReply {
  std::uint8_t priority = 1;
};
struct ObserverReply {
  std::string observer_id;
};

struct DirectTransportReply {
  std::string transport_id;
};
struct DataProducerReply {
  std::string data_producer_id;
  std::string type;  ///< "sctp" or "direct".
  std::optional<SctpStreamParameters> sctp_stream_parameters;
};
struct DataConsumerReply {
  std::string data_consumer_id;
  std::string data_producer_id;
  std::string type;
  std::optional<SctpStreamParameters>
      sctp_stream_parameters;  ///< With the stream's id, chosen by the worker.
  std::string label;
  std::string protocol;
  bool paused = false;
  bool data_producer_paused = false;
  std::vector<std::uint16_t> subchannels;
};
struct BufferedAmountReply {
  std::uint32_t buffered_amount = 0;  ///< Bytes.
};
/// What the consumer has now, in ascending order.
struct SubchannelsReply {
  std::vector<std::uint16_t> subchannels;
};

using Reply = std::variant<Done, DumpReply, StatsReply, RoomReply, CanConsumeReply, PeerReply,
                           DescriptionReply, WebRtcTransportReply, ConnectReply, IceParametersReply,
                           ProducerReply, ConsumerReply, PlainTransportReply, PlainConnectReply,
                           PreferredLayersReply, PriorityReply, ObserverReply, DirectTransportReply,
                           DataProducerReply, DataConsumerReply, BufferedAmountReply, SubchannelsReply>;

}  // namespace sluice
