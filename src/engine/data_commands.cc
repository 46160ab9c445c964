// Data producers and data consumers by command: made, spoken through, asked.
#include <algorithm>

#include "engine/commands.h"

namespace sluice::engine {
namespace {

constexpr std::size_t kMaxLabel = 65'535;  // RFC 8832 §5.1: lengths of 16 bits
constexpr std::size_t kMaxSubchannels = 256;

Result<void> check_texts(std::string_view label, std::string_view protocol) {
  if (label.size() > kMaxLabel) return invalid_argument("label", "a label is at most 65535 bytes");
  if (protocol.size() > kMaxLabel) return invalid_argument("protocol", "a protocol is at most 65535 bytes");
  return {};
}

Error full(std::string field, std::string_view what, std::size_t limit) {
  return {ErrorCode::kLimitExceeded, std::move(field),
          "a transport has at most " + std::to_string(limit) + " " + std::string(what)};
}

/// RFC 8832 §5.1: one limit at most. `where`: with a dot at its end, or empty.
Result<void> check_reliability(const SctpStreamParameters& stream, const std::string& where) {
  if (stream.max_packet_life_time && stream.max_retransmits) {
    return invalid_argument(where + "maxPacketLifeTime",
                            "maxPacketLifeTime and maxRetransmits exclude each other");
  }
  return {};
}

Result<Transport*> data_transport(State& state, const std::string& id) {
  Transport* transport = find(state.transports, id);
  if (transport == nullptr) return not_found("transportId", "transport", id);
  if (transport->direct() != nullptr) return transport;
  if (transport->peer != nullptr && transport->peer->jsep_transport == transport) {
    return Error{ErrorCode::kInvalidState, "transportId",
                 "this transport is negotiated: its data channels are its client's to open"};
  }
  if (transport->channels() != nullptr) return transport;
  return Error{ErrorCode::kInvalidState, "transportId", "the transport was made without enableSctp"};
}

Result<std::optional<SctpStreamParameters>> stream_of(const Transport& transport,
                                                      const ProduceData& command) {
  const auto& stream = command.sctp_stream_parameters;
  if (transport.direct() != nullptr) {
    // mediasoup ignores them here; so do we.
    return std::optional<SctpStreamParameters>();
  }
  if (!stream) return invalid_argument("sctpStreamParameters", "missing: the transport speaks SCTP");
  if (auto valid = check_reliability(*stream, "sctpStreamParameters."); !valid) return valid.error();
  if (transport.channels()->channel_of(stream->stream_id) != sctp::ChannelHandle::kNone) {
    return already_exists("sctpStreamParameters.streamId", "data channel of this transport with the stream",
                          std::to_string(stream->stream_id));
  }
  return stream;
}

/// Reliability as the producer's, where the command does not say it; the producer's limits go when it says
/// any.
Result<std::optional<SctpStreamParameters>> outgoing_stream(Transport& transport,
                                                            const sfu::DataProducer& producer,
                                                            const ConsumeData& command) {
  if (transport.direct() != nullptr) return std::optional<SctpStreamParameters>();
  SctpStreamParameters stream = producer.stream().value_or(SctpStreamParameters{});
  if (command.ordered || command.max_packet_life_time || command.max_retransmits) {
    const bool limited = command.max_packet_life_time || command.max_retransmits;
    stream.ordered = command.ordered.value_or(!limited);
    stream.max_packet_life_time = command.max_packet_life_time;
    stream.max_retransmits = command.max_retransmits;
  }
  if (auto valid = check_reliability(stream, ""); !valid) return valid.error();
  const auto id = free_stream(transport);
  if (!id) return Error{ErrorCode::kLimitExceeded, "transportId", "every stream of its association is taken"};
  stream.stream_id = *id;
  return std::optional(stream);
}

Result<DataConsumerEntry*> data_consumer(State& state, const std::string& id) {
  DataConsumerEntry* entry = find(state.data_consumers, id);
  if (entry == nullptr) return not_found("dataConsumerId", "data consumer", id);
  return entry;
}

Result<void> check_message(std::uint32_t ppid, const Payload& payload, std::size_t limit) {
  static constexpr std::uint32_t kKnown[] = {ppid::kString, ppid::kBinary, ppid::kStringEmpty,
                                             ppid::kBinaryEmpty};
  if (std::ranges::find(kKnown, ppid) == std::end(kKnown)) {
    return invalid_argument(
        "ppid", "expected 51 (string), 53 (binary), 56 or 57 (empty ones), got " + std::to_string(ppid));
  }
  if (payload.size() == 0)
    return invalid_argument("message", "empty: an empty message is one byte with the ppid 56 or 57");
  if (payload.size() <= limit) return {};
  return invalid_argument("message", "expected at most " + std::to_string(limit) + " bytes, got " +
                                         std::to_string(payload.size()));
}

Result<void> check_subchannels(const std::vector<std::uint16_t>& subchannels) {
  if (subchannels.size() <= kMaxSubchannels) return {};
  return invalid_argument("subchannels", "at most " + std::to_string(kMaxSubchannels));
}

}  // namespace

Result<Reply> handle(State& state, const ProduceData& command, Instant now) {
  auto transport = data_transport(state, command.transport_id);
  if (!transport) return transport.error();
  const std::string id = command.data_producer_id.empty() ? state.make_id() : command.data_producer_id;
  if (auto checked = check_id("dataProducerId", id); !checked) return checked.error();
  if (state.data_producers.contains(id)) return already_exists("dataProducerId", "data producer", id);
  if (auto texts = check_texts(command.label, command.protocol); !texts) return texts.error();
  auto stream = stream_of(**transport, command);
  if (!stream) return stream.error();
  if ((*transport)->data.producers().size() >= kMaxDataProducers)
    return full("transportId", "data producers", kMaxDataProducers);
  if (*stream) {
    if (auto made = make_channel(**transport, **stream, command.label, command.protocol, now); !made)
      return made.error();
  }
  DataProducerEntry& entry =
      add_data_producer(state, **transport, {id, *stream, command.label, command.protocol, command.paused});
  announce_data_producer(state, entry, now);
  return Reply(DataProducerReply{id, std::string(entry.producer->type()), entry.producer->stream()});
}

DataProducerEntry& add_data_producer(State& state, Transport& transport, sfu::DataProducer::Options options) {
  auto entry = std::make_unique<DataProducerEntry>();
  entry->transport = &transport;
  entry->producer = &transport.data.add_producer(std::move(options));
  DataProducerEntry& out = *entry;
  state.data_producers.emplace(out.producer->id(), std::move(entry));
  transport.room->data_producers.push_back(&out);
  return out;
}

Result<Reply> handle(State& state, const ConsumeData& command, Instant now) {
  auto transport = data_transport(state, command.transport_id);
  if (!transport) return transport.error();
  DataProducerEntry* producer = find(state.data_producers, command.data_producer_id);
  if (producer == nullptr || producer->transport->room != (*transport)->room)
    return not_found("dataProducerId", "data producer of this room", command.data_producer_id);
  const std::string id = command.data_consumer_id.empty() ? state.make_id() : command.data_consumer_id;
  if (auto checked = check_id("dataConsumerId", id); !checked) return checked.error();
  if (state.data_consumers.contains(id)) return already_exists("dataConsumerId", "data consumer", id);
  if (auto few = check_subchannels(command.subchannels); !few) return few.error();
  if ((*transport)->data.consumers().size() >= kMaxDataConsumers)
    return full("transportId", "data consumers", kMaxDataConsumers);
  auto stream = outgoing_stream(**transport, *producer->producer, command);
  if (!stream) return stream.error();
  if (*stream) {
    if (auto made = make_channel(**transport, **stream, producer->producer->label(),
                                 producer->producer->protocol(), now);
        !made)
      return made.error();
  }
  const DataConsumerEntry& entry =
      add_data_consumer(state, **transport, *producer,
                        {id, *stream, producer->producer->label(), producer->producer->protocol(),
                         command.paused, command.subchannels});
  const sfu::DataConsumer& consumer = *entry.consumer;
  return Reply(DataConsumerReply{id, command.data_producer_id, std::string(consumer.type()),
                                 consumer.stream(), consumer.label(), consumer.protocol(), consumer.paused(),
                                 consumer.producer().paused(), consumer.subchannels()});
}

DataConsumerEntry& add_data_consumer(State& state, Transport& transport, DataProducerEntry& producer,
                                     sfu::DataConsumer::Options options) {
  auto entry = std::make_unique<DataConsumerEntry>();
  entry->transport = &transport;
  entry->producer = &producer;
  entry->consumer = &transport.data.add_consumer(std::move(options), *producer.producer);
  DataConsumerEntry& out = *entry;
  state.data_consumers.emplace(out.consumer->id(), std::move(entry));
  return out;
}

Result<Reply> handle(State& state, const SendToDataProducer& command, Instant now) {
  DataProducerEntry* entry = find(state.data_producers, command.data_producer_id);
  if (entry == nullptr) return not_found("dataProducerId", "data producer", command.data_producer_id);
  const transport::DirectTransport* direct = entry->transport->direct();
  if (direct == nullptr) {
    return Error{ErrorCode::kInvalidState, "dataProducerId",
                 "the data producer's messages come from its client: its transport is no direct transport"};
  }
  if (auto valid = check_message(command.ppid, command.payload, direct->max_message_size()); !valid)
    return valid.error();
  if (auto few = check_subchannels(command.audience.subchannels); !few) return few.error();
  entry->producer->receive({command.ppid, command.payload}, command.audience, now);
  return Reply(Done{});
}

Result<Reply> handle(State& state, const SendToDataConsumer& command, Instant now) {
  auto entry = data_consumer(state, command.data_consumer_id);
  if (!entry) return entry.error();
  if ((*entry)->transport->direct() != nullptr) {
    return Error{ErrorCode::kInvalidState, "dataConsumerId",
                 "the data consumer's messages go to the controller: its transport is a direct transport"};
  }
  const std::size_t limit = (*entry)->transport->data.limits().max_message_size;
  if (auto valid = check_message(command.ppid, command.payload, limit); !valid) return valid.error();
  if ((*entry)->consumer->offer({command.ppid, command.payload}, now)) return Reply(Done{});
  return Error{ErrorCode::kLimitExceeded, "dataConsumerId",
               "sctpsendbufferfull: " + std::to_string((*entry)->consumer->buffered_amount()) +
                   " bytes wait for it already"};
}

Result<Reply> handle(State& state, const GetBufferedAmount& command, Instant /*now*/) {
  auto entry = data_consumer(state, command.data_consumer_id);
  if (!entry) return entry.error();
  return Reply(BufferedAmountReply{static_cast<std::uint32_t>((*entry)->consumer->buffered_amount())});
}

Result<Reply> handle(State& state, const SetBufferedAmountLowThreshold& command, Instant /*now*/) {
  auto entry = data_consumer(state, command.data_consumer_id);
  if (!entry) return entry.error();
  (*entry)->consumer->set_low_threshold(command.threshold);
  return Reply(Done{});
}

Result<Reply> handle(State& state, const SetSubchannels& command, Instant /*now*/) {
  auto entry = data_consumer(state, command.data_consumer_id);
  if (!entry) return entry.error();
  if (auto few = check_subchannels(command.subchannels); !few) return few.error();
  (*entry)->consumer->set_subchannels(command.subchannels);
  return Reply(SubchannelsReply{(*entry)->consumer->subchannels()});
}

Result<Reply> handle(State& state, const AddSubchannel& command, Instant now) {
  auto entry = data_consumer(state, command.data_consumer_id);
  if (!entry) return entry.error();
  auto subchannels = (*entry)->consumer->subchannels();
  if (std::ranges::find(subchannels, command.subchannel) == subchannels.end())
    subchannels.push_back(command.subchannel);
  return handle(state, SetSubchannels{command.data_consumer_id, std::move(subchannels)}, now);
}

Result<Reply> handle(State& state, const RemoveSubchannel& command, Instant now) {
  auto entry = data_consumer(state, command.data_consumer_id);
  if (!entry) return entry.error();
  auto subchannels = (*entry)->consumer->subchannels();
  std::erase(subchannels, command.subchannel);
  return handle(state, SetSubchannels{command.data_consumer_id, std::move(subchannels)}, now);
}

}  // namespace sluice::engine
