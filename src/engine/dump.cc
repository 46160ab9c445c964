// Everything about an object as JSON: for people who look, not for programs that decide.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/commands.h"

namespace sluice::engine {
namespace {

using Json = nlohmann::ordered_json;

std::string_view kind_name(MediaKind kind) {
  return kind == MediaKind::kAudio ? "audio" : "video";
}

template <typename Parameters>
Json parameters_json(const Parameters& parameters) {
  Json out = Json::object();
  for (const auto& parameter : parameters) {
    std::visit([&](const auto& value) { out[parameter.name] = value; }, parameter.value);
  }
  return out;
}

Json rtp_json(const RtpParameters& parameters) {
  Json codecs = Json::array();
  for (const auto& codec : parameters.codecs) {
    Json feedback = Json::array();
    for (const auto& item : codec.rtcp_feedback)
      feedback.push_back({{"type", item.type}, {"parameter", item.parameter}});
    codecs.push_back({{"mimeType", codec.mime_type},
                      {"payloadType", codec.payload_type},
                      {"clockRate", codec.clock_rate},
                      {"channels", codec.channels},
                      {"parameters", parameters_json(codec.parameters)},
                      {"rtcpFeedback", feedback}});
  }
  Json extensions = Json::array();
  for (const auto& extension : parameters.header_extensions)
    extensions.push_back({{"uri", extension.uri}, {"id", extension.id}});
  Json encodings = Json::array();
  for (const auto& encoding : parameters.encodings) {
    Json item = Json::object();
    if (encoding.ssrc) item["ssrc"] = *encoding.ssrc;
    if (encoding.rtx_ssrc) item["rtx"] = {{"ssrc", *encoding.rtx_ssrc}};
    if (!encoding.rid.empty()) item["rid"] = encoding.rid;
    if (!encoding.scalability_mode.empty()) item["scalabilityMode"] = encoding.scalability_mode;
    encodings.push_back(item);
  }
  return {{"mid", parameters.mid},
          {"codecs", codecs},
          {"headerExtensions", extensions},
          {"encodings", encodings},
          {"rtcp", {{"cname", parameters.rtcp.cname}, {"reducedSize", parameters.rtcp.reduced_size}}}};
}

Json drops_json(const transport::DropCounters& drops) {
  Json out = Json::object();
  drops.for_each([&](std::string_view reason, std::uint64_t count) { out[std::string(reason)] = count; });
  return out;
}

Json dump_producer(const ProducerEntry& entry) {
  const sfu::Producer& producer = *entry.producer;
  Json consumers = Json::array();
  for (const sfu::Consumer* consumer : producer.consumers) consumers.push_back(consumer->id());
  return {{"id", producer.id()},
          {"transportId", entry.transport->id},
          {"kind", kind_name(producer.kind())},
          {"type", producer.type()},
          {"paused", producer.paused()},
          {"rtpParameters", rtp_json(producer.parameters())},
          {"consumerIds", consumers},
          {"forwardingTo", producer.active.size()}};
}

Json dump_consumer(const ConsumerEntry& entry) {
  const sfu::Consumer& consumer = *entry.consumer;
  return {{"id", consumer.id()},
          {"transportId", entry.transport->id},
          {"producerId", consumer.producer().id()},
          {"kind", kind_name(consumer.kind())},
          {"type", consumer.producer().type()},
          {"paused", consumer.paused()},
          {"producerPaused", consumer.producer().paused()},
          {"rtpParameters", rtp_json(consumer.parameters())}};
}

Json stream_json(const std::optional<SctpStreamParameters>& stream) {
  if (!stream) return nullptr;
  Json out = {{"streamId", stream->stream_id}, {"ordered", stream->ordered}};
  if (stream->max_packet_life_time) out["maxPacketLifeTime"] = *stream->max_packet_life_time;
  if (stream->max_retransmits) out["maxRetransmits"] = *stream->max_retransmits;
  return out;
}

Json dump_data_producer(const DataProducerEntry& entry) {
  const sfu::DataProducer& producer = *entry.producer;
  Json consumers = Json::array();
  for (const sfu::DataConsumer* consumer : producer.consumers) consumers.push_back(consumer->id());
  return {{"id", producer.id()},         {"transportId", entry.transport->id},
          {"type", producer.type()},     {"sctpStreamParameters", stream_json(producer.stream())},
          {"label", producer.label()},   {"protocol", producer.protocol()},
          {"paused", producer.paused()}, {"dataConsumerIds", consumers}};
}

Json dump_data_consumer(const DataConsumerEntry& entry) {
  const sfu::DataConsumer& consumer = *entry.consumer;
  return {{"id", consumer.id()},
          {"transportId", entry.transport->id},
          {"dataProducerId", consumer.producer().id()},
          {"type", consumer.type()},
          {"sctpStreamParameters", stream_json(consumer.stream())},
          {"label", consumer.label()},
          {"protocol", consumer.protocol()},
          {"paused", consumer.paused()},
          {"dataProducerPaused", consumer.producer().paused()},
          {"subchannels", consumer.subchannels()},
          {"bufferedAmount", consumer.buffered_amount()},
          {"dropped", consumer.drops().named()}};
}

Json tuple_json(const TransportTuple& tuple) {
  Json out = {{"localAddress", tuple.local_address}, {"localPort", tuple.local_port}};
  if (!tuple.remote_address.empty()) {
    out["remoteIp"] = tuple.remote_address;
    out["remotePort"] = tuple.remote_port;
  }
  out["protocol"] = tuple.protocol;
  return out;
}

void add_own(const State& state, const transport::WebRtcTransport& webrtc, Json& out) {
  out["type"] = "webrtc";
  out["iceState"] = to_string(webrtc.ice().state());
  out["dtlsState"] = name_of(webrtc.dtls() != nullptr ? webrtc.dtls()->state() : dtls::State::kNew);
  if (const sctp::DataChannels* data = webrtc.data()) {
    const sctp::Counters counters = data->counters();
    out["sctpState"] = to_string(data->state());
    out["sctp"] = {{"channels", data->channel_count()},
                   {"bufferedAmount", data->buffered_amount()},
                   {"messagesReceived", counters.messages_received},
                   {"messagesSent", counters.messages_sent},
                   {"messagesAbandoned", counters.messages_abandoned},
                   {"chunksRetransmitted", counters.chunks_retransmitted},
                   {"packetsMalformed", counters.packets_malformed},
                   {"dcepRefused", counters.dcep_refused}};
  }
  out["usernameFragment"] = webrtc.ice().local().ufrag;
  if (const auto path = webrtc.ice().selected()) out["iceSelectedTuple"] = tuple_json(tuple_of(state, *path));
}

/// Without the keys.
void add_own(const State& /*state*/, const transport::PlainTransport& plain, Json& out) {
  out["type"] = "plain";
  out["rtcpMux"] = plain.rtcp_mux();
  out["comedia"] = plain.comedia();
  out["tuple"] = tuple_json(tuple_of(plain.socket(), plain.remote()));
  if (const auto rtcp = rtcp_tuple_of(plain)) out["rtcpTuple"] = tuple_json(*rtcp);
  const auto srtp = plain.srtp_parameters();
  out["srtpCryptoSuite"] = srtp ? Json(srtp->crypto_suite) : Json(nullptr);
}

void add_own(const State& /*state*/, const transport::DirectTransport& direct, Json& out) {
  out["type"] = "direct";
  out["maxMessageSize"] = direct.max_message_size();
}

Json dump_transport(const State& state, const Transport& transport) {
  Json out = {{"id", transport.id},
              {"roomId", transport.room->id},
              {"peerId", transport.peer != nullptr ? Json(transport.peer->id) : Json(nullptr)}};
  std::visit([&](const auto& one) { add_own(state, one, out); }, transport.kind);
  Json producers = Json::array();
  for (const auto& producer : transport.media.producers()) producers.push_back(producer->id());
  Json consumers = Json::array();
  for (const auto& consumer : transport.media.consumers()) consumers.push_back(consumer->id());
  out["producerIds"] = producers;
  out["consumerIds"] = consumers;
  Json data_producers = Json::array();
  for (const auto& producer : transport.data.producers()) data_producers.push_back(producer->id());
  Json data_consumers = Json::array();
  for (const auto& consumer : transport.data.consumers()) data_consumers.push_back(consumer->id());
  out["dataProducerIds"] = data_producers;
  out["dataConsumerIds"] = data_consumers;
  out["dataBufferedAmount"] = transport.data.buffered_amount();
  out["packetsReceived"] = transport.endpoint.packets_received();
  out["dropped"] = drops_json(transport.endpoint.drops());
  return out;
}

Json dump_peer(const Peer& peer) {
  Json transports = Json::array();
  for (const Transport* transport : peer.transports) transports.push_back(transport->id);
  return {{"id", peer.id},
          {"name", peer.name},
          {"roomId", peer.room->id},
          {"subscription", peer.subscription == Subscription::kAll ? "all" : "manual"},
          {"signalingState", peer.jsep ? Json(to_string(peer.jsep->signaling_state())) : Json(nullptr)},
          {"transportIds", transports}};
}

Json dump_room(const Room& room) {
  Json peers = Json::array();
  for (const Peer* peer : room.peers) peers.push_back(peer->id);
  Json transports = Json::array();
  for (const Transport* transport : room.transports) transports.push_back(transport->id);
  Json routes = Json::object();
  for (const ProducerEntry* entry : room.producers) {
    Json consumers = Json::array();
    for (const sfu::Consumer* consumer : entry->producer->consumers) consumers.push_back(consumer->id());
    routes[entry->producer->id()] = consumers;
  }
  Json data_routes = Json::object();
  for (const DataProducerEntry* entry : room.data_producers) {
    Json consumers = Json::array();
    for (const sfu::DataConsumer* consumer : entry->producer->consumers) consumers.push_back(consumer->id());
    data_routes[entry->producer->id()] = consumers;
  }
  Json observers = Json::array();
  for (const Observer* observer : room.observers) observers.push_back(observer->id);
  return {{"id", room.id},
          {"peerIds", peers},
          {"rtpObserverIds", observers},
          {"transportIds", transports},
          {"mapProducerIdConsumerIds", routes},
          {"mapDataProducerIdDataConsumerIds", data_routes}};
}

Json dump_observer(const Observer& observer) {
  Json producers = Json::array();
  for (const ProducerEntry* entry : observer.producers) producers.push_back(entry->producer->id());
  const bool speaker = std::holds_alternative<sfu::ActiveSpeaker>(observer.kind);
  return {{"id", observer.id},
          {"type", speaker ? "activespeaker" : "audiolevel"},
          {"roomId", observer.room->id},
          {"paused", observer.paused},
          {"producerIds", producers}};
}

Json dump_worker(State& state) {
  Json rooms = Json::array();
  for (const auto& [id, room] : state.rooms) rooms.push_back(id);
  Json sockets = Json::array();
  for (const ListenSocket& socket : state.options.sockets) {
    sockets.push_back({{"id", socket.id},
                       {"protocol", to_string(socket.protocol)},
                       {"local", socket.local.to_string()},
                       {"announcedAddress", socket.announced_address}});
  }
  return {{"roomIds", rooms},
          {"counts",
           {{"rooms", state.rooms.size()},
            {"peers", state.peers.size()},
            {"transports", state.transports.size()},
            {"producers", state.producers.size()},
            {"consumers", state.consumers.size()},
            {"dataProducers", state.data_producers.size()},
            {"dataConsumers", state.data_consumers.size()},
            {"observers", state.observers.size()}}},
          {"network",
           {{"paths", state.by_path.size()},
            {"usernameFragments", state.by_ufrag.size()},
            {"sockets", std::ranges::count_if(state.by_socket, [](const auto* owner) { return owner; })},
            {"dropped", drops_json(state.drops)}}},
          {"listen", sockets},
          {"packets", {{"inUse", state.pool.in_use()}, {"allocated", state.pool.capacity()}}},
          {"deadlines", state.deadlines.size()},
          {"srtpBackend", to_string(state.backend->kind())},
          {"logRecordsDropped", state.log.dropped()}};
}

template <typename T, typename Write>
Result<Reply> dump_one(Table<T>& table, std::string_view kind, std::string_view id, Write write) {
  T* object = find(table, id);
  if (object == nullptr) return not_found("id", kind, id);
  return Reply(DumpReply{write(*object).dump()});
}

}  // namespace

Result<Reply> handle(State& state, const Dump& command, Instant /*now*/) {
  switch (command.kind) {
    case ObjectKind::kWorker:
      return Reply(DumpReply{dump_worker(state).dump()});
    case ObjectKind::kRoom:
      return dump_one(state.rooms, "room", command.id, dump_room);
    case ObjectKind::kPeer:
      return dump_one(state.peers, "peer", command.id, dump_peer);
    case ObjectKind::kTransport:
      return dump_one(state.transports, "transport", command.id,
                      [&](const Transport& transport) { return dump_transport(state, transport); });
    case ObjectKind::kProducer:
      return dump_one(state.producers, "producer", command.id, dump_producer);
    case ObjectKind::kConsumer:
      return dump_one(state.consumers, "consumer", command.id, dump_consumer);
    case ObjectKind::kDataProducer:
      return dump_one(state.data_producers, "data producer", command.id, dump_data_producer);
    case ObjectKind::kDataConsumer:
      return dump_one(state.data_consumers, "data consumer", command.id, dump_data_consumer);
    case ObjectKind::kObserver:
      return dump_one(state.observers, "observer", command.id, dump_observer);
  }
  return invalid_argument("kind", "unknown kind of object");
}

}  // namespace sluice::engine
