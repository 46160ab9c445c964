// What an engine tells its controller unasked, as plain values.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "sluice/log.h"
#include "sluice/reply.h"
#include "sluice/stats.h"

namespace sluice {

/// W3C `negotiationneeded` of a JSEP peer: once for a batch of changes, only while its signaling state is
/// stable.
struct NegotiationNeeded {
  std::string peer_id;
};
/// The transport of a JSEP peer was made; its state events carry this id.
struct PeerTransportCreated {
  std::string peer_id;
  std::string transport_id;
};
/// A JSEP peer began to send a track.
struct ProducerCreated {
  std::string peer_id;
  std::string transport_id;
  std::string producer_id;
  MediaKind kind = MediaKind::kAudio;
  std::string type;
  RtpParameters rtp_parameters;
};
/// A JSEP peer accepted a track of another.
struct ConsumerCreated {
  std::string peer_id;
  std::string transport_id;
  std::string consumer_id;
  std::string producer_id;
  std::string mid;
  MediaKind kind = MediaKind::kAudio;
  RtpParameters rtp_parameters;
  std::string type{};  ///< As ConsumerReply's, as is `score`.
  ConsumerScore score{};
};
/// Closed by the engine, not by a command that named it: `reason` is "transportclose", "producerclose",
/// "stopped" or "refused".
struct ObjectClosed {
  ObjectKind kind;
  std::string id;
  std::string reason;
};
struct ProducerPaused {  ///< To each of its consumers.
  std::string consumer_id;
  bool paused = false;
};
struct IceStateChange {
  std::string transport_id;
  std::string ice_state;  ///< "new", "connected", "completed", "disconnected", "closed".
};
struct IceSelectedTupleChange {
  std::string transport_id;
  TransportTuple tuple;
};
struct DtlsStateChange {
  std::string transport_id;
  std::string dtls_state;   ///< "new", "connecting", "connected", "failed", "closed".
  std::string remote_cert;  ///< PEM, when connected.
  std::string reason;       ///< One sentence, when failed.
};
/// A plain transport with comedia has learned where its remote end is.
struct TupleChange {
  std::string transport_id;
  TransportTuple tuple;
};
struct RtcpTupleChange {
  std::string transport_id;
  TransportTuple tuple;
};

/// One entry for each of a producer's streams, in the order of its encodings.
struct ProducerScoreChange {
  struct Stream {
    std::uint32_t encoding_index = 0;
    std::uint32_t ssrc = 0;
    std::string rid;
    std::uint8_t score = 0;  ///< 0 (nothing arrives) to 10.
  };
  std::string producer_id;
  std::vector<Stream> streams;
};
struct ConsumerScoreChange {
  std::string consumer_id;
  ConsumerScore score;
};
/// What is forwarded now; absent: nothing.
struct LayersChange {
  std::string consumer_id;
  std::optional<ConsumerLayers> layers;
};
/// How the publisher holds its camera (3GPP TS 26.114 §7.4.5).
struct VideoOrientationChange {
  std::string producer_id;
  bool camera = false;         ///< The back camera.
  bool flip = false;           ///< Mirrored.
  std::uint16_t rotation = 0;  ///< Degrees clockwise: 0, 90, 180 or 270.
};
struct TraceEvent {
  ObjectKind kind = ObjectKind::kProducer;
  std::string id;
  TraceType type = TraceType::kRtp;
  std::uint64_t timestamp = 0;  ///< Monotonic milliseconds.
  bool outgoing = false;        ///< mediasoup's direction "out".
  std::string info;             ///< JSON, by type: of RTP {"payloadType", "sequenceNumber", "ssrc", …}.
};
struct DominantSpeaker {
  std::string observer_id;
  std::string producer_id;
};
/// Loudest first; empty: silence, told once.
struct AudioLevels {
  struct Volume {
    std::string producer_id;
    std::int8_t volume = -127;  ///< dBov, -127 to 0.
  };
  std::string observer_id;
  std::vector<Volume> volumes;
};

// --- Data, and what direct transports give --------------------------------------------------------

/// A JSEP peer opened a data channel.
struct DataProducerCreated {
  std::string peer_id;
  std::string transport_id;
  std::string data_producer_id;
  SctpStreamParameters sctp_stream_parameters;
  std::string label;
  std::string protocol;
};
/// A JSEP peer is sent what another's data channel carries.
struct DataConsumerCreated {
  std::string peer_id;
  std::string transport_id;
  std::string data_consumer_id;
  std::string data_producer_id;
  SctpStreamParameters sctp_stream_parameters;
  std::string label;
  std::string protocol;
  bool data_producer_paused = false;
};
struct DataProducerPaused {  ///< To each of its consumers.
  std::string data_consumer_id;
  bool paused = false;
};
/// To a data consumer of a direct transport.
struct DataMessageReceived {
  std::string data_consumer_id;
  std::uint32_t ppid = 0;
  Payload payload;
};
/// A message was dropped for this consumer, as its queue is full. Once, until it has taken one again.
struct DataConsumerFull {
  std::string data_consumer_id;
  std::uint64_t messages_dropped = 0;  ///< All of the consumer's so far.
};
/// What waits for this consumer has fallen to the threshold that was set.
struct BufferedAmountLow {
  std::string data_consumer_id;
  std::uint32_t buffered_amount = 0;
};
/// A packet for a consumer of a direct transport.
struct RtpReceived {
  std::string consumer_id;
  std::vector<std::uint8_t> packet;
};
/// A compound packet for a direct transport.
struct RtcpReceived {
  std::string transport_id;
  std::vector<std::uint8_t> packet;
};
struct SctpStateChange {
  std::string transport_id;
  std::string sctp_state;  ///< "new", "connecting", "connected", "failed", "closed".
};

using Event =
    std::variant<NegotiationNeeded, PeerTransportCreated, ProducerCreated, ConsumerCreated, ObjectClosed,
                 ProducerPaused, IceStateChange, IceSelectedTupleChange, DtlsStateChange, LogRecord,
                 TupleChange, RtcpTupleChange, ProducerScoreChange, ConsumerScoreChange, LayersChange,
                 VideoOrientationChange, TraceEvent, DominantSpeaker, AudioLevels, DataProducerCreated,
                 DataConsumerCreated, DataProducerPaused, DataMessageReceived, DataConsumerFull,
                 BufferedAmountLow, RtpReceived, RtcpReceived, SctpStateChange>;

}  // namespace sluice
