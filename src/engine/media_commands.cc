// Producers and consumers: the ORTC way in, and what the JSEP way shares with it.
#include <algorithm>

#include "engine/commands.h"
#include "negotiate/codec_match.h"
#include "negotiate/validate.h"

namespace sluice::engine {
namespace {

constexpr std::size_t kMaxProducersPerTransport = 64;

bool has_ssrc(const Transport& transport, std::uint32_t ssrc) {
  for (const auto& producer : transport.media.producers()) {
    for (const auto& encoding : producer->parameters().encodings) {
      if (encoding.ssrc == ssrc || encoding.rtx_ssrc == ssrc) return true;
    }
  }
  return false;
}

Result<void> check_ssrcs(const Transport& transport, const RtpParameters& parameters) {
  for (std::size_t i = 0; i < parameters.encodings.size(); ++i) {
    const auto& encoding = parameters.encodings[i];
    for (const auto& ssrc : {encoding.ssrc, encoding.rtx_ssrc}) {
      if (!ssrc || !has_ssrc(transport, *ssrc)) continue;
      return invalid_argument(
          "rtpParameters.encodings[" + std::to_string(i) + "].ssrc",
          "SSRC " + std::to_string(*ssrc) + " is taken by another producer of this transport");
    }
  }
  return {};
}

/// For each of the producer's payload types the consumer's, by way of the room's.
void map_payload_types(const ProducerEntry& producer, const RtpParameters& parameters,
                       sfu::Consumer::Options& out) {
  out.payload_types.fill(sfu::Consumer::kNoPayloadType);
  out.rtx_payload_types.fill(sfu::Consumer::kNoPayloadType);
  const auto& room_codecs = producer.producer->consumable().codecs;
  for (const auto& codec : producer.producer->parameters().codecs) {
    if (negotiate::is_rtx(codec.mime_type)) continue;
    const auto mapped = producer.mapping.mapped_payload_type(codec.payload_type);
    const auto* in_room = mapped ? negotiate::find_payload_type(room_codecs, *mapped) : nullptr;
    if (in_room == nullptr) continue;
    for (const auto& ours : parameters.codecs) {
      if (negotiate::is_rtx(ours.mime_type) || !negotiate::codecs_match(*in_room, ours, {.strict = true}))
        continue;
      out.payload_types[codec.payload_type & 127] = ours.payload_type;
      if (const auto* rtx = negotiate::find_rtx(parameters.codecs, ours.payload_type)) {
        out.rtx_payload_types[codec.payload_type & 127] = rtx->payload_type;
      }
      break;
    }
  }
}

/// Blocks inside RED name their payload types (RFC 2198 §3): that of the Opus in a producer's.
std::uint8_t red_block_type(const RtpParameters& producer) {
  const auto opus = std::find_if(producer.codecs.begin(), producer.codecs.end(), [](const auto& codec) {
    return negotiate::equal_ignoring_case(codec.mime_type, "audio/opus");
  });
  const auto red = std::find_if(producer.codecs.begin(), producer.codecs.end(),
                                [](const auto& codec) { return negotiate::is_red(codec.mime_type); });
  if (red == producer.codecs.end() || opus == producer.codecs.end()) return sfu::Producer::kNoPayloadType;
  return negotiate::red_payload_type(red->parameters).value_or(opus->payload_type);
}

/// The transport that is to carry another track.
Result<Transport*> carrier(State& state, const std::string& id) {
  Transport* transport = find(state.transports, id);
  if (transport == nullptr) return not_found("transportId", "transport", id);
  if (transport->peer == nullptr || transport->peer->jsep_transport != transport) return transport;
  return Error{ErrorCode::kInvalidState, "transportId",
               "this transport is negotiated: its tracks come and go with offers and answers"};
}

}  // namespace

std::vector<std::uint32_t> taken_ssrcs(const Transport& transport) {
  std::vector<std::uint32_t> out;
  for (const auto& consumer : transport.media.consumers()) {
    out.push_back(consumer->ssrc().value);
    if (consumer->rtx_ssrc()) out.push_back(consumer->rtx_ssrc()->value);
  }
  return out;
}

Result<ProducerEntry*> add_producer(State& state, Transport& transport, std::string id, MediaKind kind,
                                    RtpParameters parameters, bool paused, Duration key_frame_request_delay,
                                    std::vector<std::string> stream_ids) {
  if (id.empty()) id = state.make_id();
  if (auto checked = check_id("producerId", id); !checked) return checked.error();
  if (state.producers.contains(id)) return already_exists("producerId", "producer", id);
  if (transport.media.producers().size() >= kMaxProducersPerTransport) {
    return Error{ErrorCode::kLimitExceeded, "transportId",
                 "a transport carries at most " + std::to_string(kMaxProducersPerTransport) + " producers"};
  }
  if (auto valid = negotiate::validate(parameters); !valid) return valid.error();
  if (auto free = check_ssrcs(transport, parameters); !free) return free.error();
  auto mapping = negotiate::producer_mapping(kind, parameters, transport.room->capabilities, state.random);
  if (!mapping) return mapping.error();
  RtpParameters consumable =
      negotiate::consumable_parameters(kind, parameters, transport.room->capabilities, *mapping);

  const std::uint8_t in_red = red_block_type(parameters);
  auto entry = std::make_unique<ProducerEntry>();
  entry->transport = &transport;
  entry->producer = &transport.media.add_producer(
      {id, kind, parameters, std::move(consumable), paused, key_frame_request_delay,
       std::string(negotiate::producer_type(kind, parameters)), in_red});
  entry->mapping = std::move(*mapping);
  entry->stream_ids = std::move(stream_ids);
  ProducerEntry* raw = entry.get();
  state.producers.emplace(id, std::move(entry));
  transport.room->producers.push_back(raw);
  announce_producer(state, *raw);
  return raw;
}

sfu::Consumer::Options consumer_options(std::string id, const ProducerEntry& producer,
                                        const RtpParameters& parameters, const ConsumerStart& start) {
  sfu::Consumer::Options options;
  options.id = std::move(id);
  options.kind = producer.producer->kind();
  options.parameters = parameters;
  options.paused = start.paused;
  options.preferred_layers = start.preferred_layers;
  options.ignore_dtx = start.ignore_dtx;
  map_payload_types(producer, parameters, options);
  if (const std::uint8_t type = producer.producer->red_block_type(); type != sfu::Producer::kNoPayloadType)
    options.red_block_type = options.payload_types[type & 127];
  return options;
}

ConsumerEntry& add_consumer(State& state, Transport& transport, std::string id, ProducerEntry& producer,
                            const RtpParameters& parameters, const ConsumerStart& start, Instant now) {
  auto entry = std::make_unique<ConsumerEntry>();
  entry->transport = &transport;
  entry->producer = &producer;
  entry->consumer = &transport.media.add_consumer(consumer_options(id, producer, parameters, start),
                                                  *producer.producer, now);
  ConsumerEntry& out = *entry;
  state.consumers.emplace(std::move(id), std::move(entry));
  return out;
}

Result<Reply> handle(State& state, const Produce& command, Instant /*now*/) {
  auto transport = carrier(state, command.transport_id);
  if (!transport) return transport.error();
  auto entry = add_producer(state, **transport, command.producer_id, command.kind, command.rtp_parameters,
                            command.paused, std::chrono::milliseconds(command.key_frame_request_delay_ms));
  if (!entry) return entry.error();
  return Reply(ProducerReply{(*entry)->producer->id(), std::string((*entry)->producer->type()),
                             (*entry)->producer->consumable()});
}

Result<Reply> handle(State& state, const Consume& command, Instant now) {
  auto found = carrier(state, command.transport_id);
  if (!found) return found.error();
  Transport* transport = *found;
  ProducerEntry* producer = find(state.producers, command.producer_id);
  if (producer == nullptr || producer->transport->room != transport->room)
    return not_found("producerId", "producer of this room", command.producer_id);
  const std::string id = command.consumer_id.empty() ? state.make_id() : command.consumer_id;
  if (auto checked = check_id("consumerId", id); !checked) return checked.error();
  if (state.consumers.contains(id)) return already_exists("consumerId", "consumer", id);
  RtpCapabilities capabilities = command.rtp_capabilities;
  if (auto valid = negotiate::validate(capabilities); !valid) return valid.error();

  const auto taken = taken_ssrcs(*transport);
  negotiate::ConsumerOptions options;
  options.enable_rtx = command.enable_rtx;
  options.taken_ssrcs = taken;
  auto parameters =
      negotiate::consumer_parameters(producer->producer->consumable(), capabilities, state.random, options);
  if (!parameters) return parameters.error();
  if (!command.mid.empty()) {
    for (const auto& other : transport->media.consumers()) {
      if (other->parameters().mid == command.mid)
        return already_exists("mid", "consumer with this mid", command.mid);
    }
    parameters->mid = command.mid;
  } else {
    parameters->mid = std::to_string(transport->next_mid++);
  }
  ConsumerEntry& entry = add_consumer(state, *transport, id, *producer, *parameters,
                                      {command.paused, command.preferred_layers, command.ignore_dtx}, now);
  const sfu::Consumer& consumer = *entry.consumer;
  return Reply(ConsumerReply{id, command.producer_id, consumer.kind(), std::move(*parameters),
                             std::string(producer->producer->type()), command.paused,
                             producer->producer->paused(), consumer.score(), consumer.preferred_layers()});
}

}  // namespace sluice::engine
