// One handler a command; each stands in the file of its noun. Called by Engine::execute through std::visit.
#pragma once

#include "engine/state.h"

namespace sluice::engine {

/// What the whole engine adds up to (worker_stats.cc).
WorkerStats worker_stats(State& state, Instant now);

// worker_commands.cc
Result<Reply> handle(State& state, const UpdateSettings& command, Instant now);
Result<Reply> handle(State& state, const Close& command, Instant now);
Result<Reply> handle(State& state, const Pause& command, Instant now);
Result<Reply> handle(State& state, const Resume& command, Instant now);
Result<Reply> handle(State& state, const Dump& command, Instant now);      // dump.cc
Result<Reply> handle(State& state, const GetStats& command, Instant now);  // stats.cc

// room_commands.cc
Result<Reply> handle(State& state, const CreateRoom& command, Instant now);
Result<Reply> handle(State& state, const CanConsume& command, Instant now);

// peer_commands.cc
Result<Reply> handle(State& state, const CreatePeer& command, Instant now);
Result<Reply> handle(State& state, const SetRemoteDescription& command, Instant now);
Result<Reply> handle(State& state, const SetLocalDescription& command, Instant now);
Result<Reply> handle(State& state, const CreateOffer& command, Instant now);
Result<Reply> handle(State& state, const CreateAnswer& command, Instant now);
Result<Reply> handle(State& state, const AddIceCandidate& command, Instant now);
Result<Reply> handle(State& state, const SetCapabilities& command, Instant now);
Result<Reply> handle(State& state, const Subscribe& command, Instant now);
Result<Reply> handle(State& state, const Unsubscribe& command, Instant now);

// transport_commands.cc
Result<Reply> handle(State& state, const CreateWebRtcTransport& command, Instant now);
Result<Reply> handle(State& state, const ConnectTransport& command, Instant now);
Result<Reply> handle(State& state, const RestartIce& command, Instant now);
Result<Reply> handle(State& state, const SetBitrateLimit& command, Instant now);

// plain_commands.cc
Result<Reply> handle(State& state, const CreatePlainTransport& command, Instant now);
Result<Reply> handle(State& state, const ConnectPlainTransport& command, Instant now);

// direct_commands.cc
Result<Reply> handle(State& state, const CreateDirectTransport& command, Instant now);
Result<Reply> handle(State& state, const SendRtp& command, Instant now);
Result<Reply> handle(State& state, const SendRtcp& command, Instant now);

// data_commands.cc
Result<Reply> handle(State& state, const ProduceData& command, Instant now);
Result<Reply> handle(State& state, const ConsumeData& command, Instant now);
Result<Reply> handle(State& state, const SendToDataProducer& command, Instant now);
Result<Reply> handle(State& state, const SendToDataConsumer& command, Instant now);
Result<Reply> handle(State& state, const GetBufferedAmount& command, Instant now);
Result<Reply> handle(State& state, const SetBufferedAmountLowThreshold& command, Instant now);
Result<Reply> handle(State& state, const SetSubchannels& command, Instant now);
Result<Reply> handle(State& state, const AddSubchannel& command, Instant now);
Result<Reply> handle(State& state, const RemoveSubchannel& command, Instant now);

// media_commands.cc
Result<Reply> handle(State& state, const Produce& command, Instant now);
Result<Reply> handle(State& state, const Consume& command, Instant now);

// consumer_commands.cc
Result<Reply> handle(State& state, const RequestKeyFrame& command, Instant now);
Result<Reply> handle(State& state, const SetPreferredLayers& command, Instant now);
Result<Reply> handle(State& state, const SetPriority& command, Instant now);
Result<Reply> handle(State& state, const Explain& command, Instant now);  // explain.cc

// trace_commands.cc
Result<Reply> handle(State& state, const EnableTraceEvent& command, Instant now);

// observer_commands.cc
Result<Reply> handle(State& state, const CreateActiveSpeakerObserver& command, Instant now);
Result<Reply> handle(State& state, const CreateAudioLevelObserver& command, Instant now);
Result<Reply> handle(State& state, const ObserverAddProducer& command, Instant now);
Result<Reply> handle(State& state, const ObserverRemoveProducer& command, Instant now);

// --- Shared by all kinds of transport (transport_commands.cc)

/// Where a new transport belongs and how it is called.
struct NewTransport {
  Room* room = nullptr;
  Peer* peer = nullptr;
  std::string id;
};
Result<NewTransport> check_new_transport(State& state, const std::string& room_id, const std::string& peer_id,
                                         const std::string& transport_id);

/// What of the worker's addresses the options leave, in their order; refused when they leave none.
Result<CandidateChoice> choose_candidates(const State& state, const CandidateOptions& options);

/// Sets what the transport sends at most: by command and by the client's descriptions, but not below the
/// least that was commanded.
void limit_outgoing(Transport& transport, Instant now);

// --- Shared by the ORTC and the JSEP way (media_commands.cc)

/// Makes a producer; both ways meet here.
Result<ProducerEntry*> add_producer(State& state, Transport& transport, std::string id, MediaKind kind,
                                    RtpParameters parameters, bool paused, Duration key_frame_request_delay,
                                    std::vector<std::string> stream_ids = {});
/// How a consumer begins; a JSEP peer's begin with the defaults.
struct ConsumerStart {
  bool paused = false;
  std::optional<ConsumerLayers> preferred_layers;
  bool ignore_dtx = false;
};
/// What a consumer of this producer is made (or made anew) with.
sfu::Consumer::Options consumer_options(std::string id, const ProducerEntry& producer,
                                        const RtpParameters& parameters, const ConsumerStart& start = {});
ConsumerEntry& add_consumer(State& state, Transport& transport, std::string id, ProducerEntry& producer,
                            const RtpParameters& parameters, const ConsumerStart& start, Instant now);
/// Every SSRC that consumers of this transport send with.
std::vector<std::uint32_t> taken_ssrcs(const Transport& transport);

// --- Data, by command or by a client's channels (data_commands.cc)

DataProducerEntry& add_data_producer(State& state, Transport& transport, sfu::DataProducer::Options options);
DataConsumerEntry& add_data_consumer(State& state, Transport& transport, DataProducerEntry& producer,
                                     sfu::DataConsumer::Options options);

// --- Data channels (data_channels.cc)

/// The transport speaks SCTP from when its DTLS is connected.
struct SctpPorts {
  std::uint16_t local = 5000;
  std::uint16_t remote = 5000;
};
void enable_data(State& state, Transport& transport, const SctpOptions& sctp, Instant now,
                 SctpPorts ports = {});
/// The number of a stream that no channel has; nothing when there is none.
std::optional<std::uint16_t> free_stream(Transport& transport);
/// A channel that both ends make by its number.
Result<void> make_channel(Transport& transport, const SctpStreamParameters& stream, std::string label,
                          std::string protocol, Instant now);
/// Nothing when the transport has none on this stream.
void close_channel(Transport& transport, const std::optional<SctpStreamParameters>& stream, Instant now);
/// Opens a channel to a JSEP peer for this producer, if there is SCTP already.
void offer_data(State& state, Peer& peer, DataProducerEntry& entry, Instant now);
/// A data producer has come into the room: to everyone subscribed to all.
void announce_data_producer(State& state, DataProducerEntry& entry, Instant now);

// --- JSEP (jsep_peer.cc)

/// Makes the peer's session and its transport, and offers it what its subscription asks for.
void start_jsep(State& state, Peer& peer);
/// Offers a producer to a JSEP peer; with `declined_mid` only along with other things, on the m-line where
/// the client declined it.
void offer_track(State& state, Peer& peer, ProducerEntry& producer, std::string_view declined_mid = {});
void withdraw_track(Peer& peer, std::string_view producer_id);
/// The id by which the peer is offered the producer (its consumer's, once accepted); null when it is not.
const std::string* offered_track(const Peer& peer, std::string_view producer_id);
/// A producer has come into the room: offered to everyone subscribed to all.
void announce_producer(State& state, ProducerEntry& producer);
/// Does what the last description decided.
void apply_effects(State& state, Peer& peer, Instant now);
/// The m-lines with ids in place of tracks.
std::vector<SectionInfo> sections_of(State& state, const Peer& peer);
/// `negotiationneeded` for every peer that needs it, once.
void report_negotiation_needed(State& state);

}  // namespace sluice::engine
