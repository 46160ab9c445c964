// Data channels of clients: what SCTP tells becomes data producers and their messages; what the room has is
// sent by channels that we open.
//
// A JSEP peer's channels (RFC 8832) become data producers, and one subscribed to all gets a channel of the
// same name for each of the others'. With ORTC both sides make a channel by its number, and nothing comes by
// itself.
#include <algorithm>

#include "engine/commands.h"

namespace sluice::engine {
namespace {

bool is_negotiated(const Transport& transport) {
  return transport.peer != nullptr && transport.peer->jsep_transport == &transport;
}

sctp::Reliability reliability_of(const SctpStreamParameters& stream) {
  return {stream.ordered, stream.max_packet_life_time, stream.max_retransmits};
}

SctpStreamParameters stream_of(std::uint16_t id, const sctp::Reliability& reliability) {
  return {id, reliability.ordered, reliability.max_packet_life_time, reliability.max_retransmits};
}

/// SCTP knows no empty messages; their kind says it, and one byte stands for them (RFC 8831 §6.6).
sfu::DataMessage message_of(sctp::Event& event) {
  const bool text = event.kind == sctp::MessageKind::kString;
  if (event.data.empty())
    return {text ? ppid::kStringEmpty : ppid::kBinaryEmpty, Payload(std::vector<std::uint8_t>(1))};
  return {text ? ppid::kString : ppid::kBinary, Payload(std::move(event.data))};
}

/// The client of a JSEP peer has opened a channel.
void on_channel(State& state, Transport& transport, sctp::ChannelHandle channel, Instant now) {
  sctp::DataChannels& channels = *transport.channels();
  const sctp::ChannelOptions* options = channels.channel_options(channel);
  const auto id = channels.stream_id(channel);
  const bool wanted = is_negotiated(transport) && transport.peer->produce_data && options != nullptr && id &&
                      transport.data.producers().size() < kMaxDataProducers;
  if (!wanted) {
    state.log.write(LogLevel::kDebug, LogTag::kSctp, "transport " + transport.id,
                    "a data channel of the client is closed: it may not have it, or no more of them");
    channels.close(channel, now);
    transport.data.mark_dirty();
    return;
  }
  DataProducerEntry& entry = add_data_producer(
      state, transport,
      {state.make_id(), stream_of(*id, options->reliability), options->label, options->protocol, false});
  const sfu::DataProducer& producer = *entry.producer;
  transport.streams[channel] = *id;
  state.emit(DataProducerCreated{transport.peer->id, transport.id, producer.id(), *producer.stream(),
                                 producer.label(), producer.protocol()});
  announce_data_producer(state, entry, now);
}

/// No more comes in or goes out by this stream.
void on_closed(State& state, Transport& transport, std::uint16_t stream, Instant now) {
  if (const sfu::DataProducer* producer = transport.data.producer_of(stream))
    state.close_data_producer(*find(state.data_producers, producer->id()), now, "stopped");
  if (const sfu::DataConsumer* consumer = transport.data.consumer_of(stream))
    state.close_data_consumer(*find(state.data_consumers, consumer->id()), now, "refused");
}

void on_state(State& state, Transport& transport, const sctp::Event& event, Instant now) {
  state.log.write(
      event.state == sctp::State::kFailed ? LogLevel::kWarn : LogLevel::kDebug, LogTag::kSctp,
      "transport " + transport.id,
      "SCTP is " + std::string(to_string(event.state)) + (event.text.empty() ? "" : ": " + event.text));
  state.emit(SctpStateChange{transport.id, std::string(to_string(event.state))});
  if (event.state != sctp::State::kConnected) return;
  transport.data.mark_dirty();
  if (!is_negotiated(transport) || transport.peer->subscription != Subscription::kAll) return;
  for (DataProducerEntry* producer : transport.room->data_producers) {
    if (producer->transport->peer != transport.peer) offer_data(state, *transport.peer, *producer, now);
  }
}

}  // namespace

void enable_data(State& state, Transport& transport, const SctpOptions& sctp, Instant now, SctpPorts ports) {
  sctp::Options options;
  options.outgoing_streams = sctp.outgoing_streams;
  options.incoming_streams = sctp.max_incoming_streams;
  options.max_send_message_size = sctp.max_send_message_size;
  options.max_receive_message_size = sctp.max_receive_message_size;
  options.receive_buffer_size = std::max(sctp.max_receiver_window_buffer_size, sctp.max_receive_message_size);
  // Our queues are where messages wait; SCTP has a little, and room for the one that goes over it.
  options.send_buffer_size = options.per_channel_send_limit =
      kAheadOfSctp + std::max(sctp.max_send_message_size, std::uint32_t{1} << 18);
  options.max_channels = kMaxDataProducers + kMaxDataConsumers;
  transport.data.set_limits({.queue_of_consumer = sctp.per_stream_send_queue_limit,
                             .queue_of_transport = sctp.send_buffer_size,
                             .max_message_size = sctp.max_send_message_size});
  options.local_port = ports.local;
  options.remote_port = ports.remote;
  transport.webrtc()->enable_data(options, state.random, now);
  transport.webrtc()->data()->set_max_send_message_size(
      sctp.max_send_message_size);  // it may be there already
  transport.data.mark_dirty();
}

/// In turn, as the client may still be closing the channel that had the last one to become free; of those
/// that the association has from the start, if any is free there.
std::optional<std::uint16_t> free_stream(Transport& transport) {
  constexpr std::uint32_t kStreams = 65'535;  // RFC 8832 §6: the last is not used
  const sctp::DataChannels& channels = *transport.channels();
  const auto is_free = [&](std::uint16_t id) {
    return channels.channel_of(id) == sctp::ChannelHandle::kNone && transport.data.consumer_of(id) == nullptr;
  };
  const std::uint32_t first = channels.options().outgoing_streams;
  for (std::uint32_t i = 0; i < first; ++i) {
    const auto id = static_cast<std::uint16_t>((transport.next_stream + i) % first);
    if (!is_free(id)) continue;
    transport.next_stream = (id + 1U) % first;
    return id;
  }
  for (std::uint32_t id = first; id < kStreams; ++id)
    if (is_free(static_cast<std::uint16_t>(id))) return static_cast<std::uint16_t>(id);
  return std::nullopt;
}

Result<void> make_channel(Transport& transport, const SctpStreamParameters& stream, std::string label,
                          std::string protocol, Instant now) {
  sctp::ChannelOptions options;
  options.label = std::move(label);
  options.protocol = std::move(protocol);
  options.reliability = reliability_of(stream);
  options.negotiated = true;
  options.id = stream.stream_id;
  auto made = transport.channels()->create(options, now);
  if (!made) {
    Error error = made.error();
    error.field = error.field == "id" ? "sctpStreamParameters.streamId" : error.field;
    return error;
  }
  transport.streams[*made] = stream.stream_id;
  transport.data.mark_dirty();
  return {};
}

void close_channel(Transport& transport, const std::optional<SctpStreamParameters>& stream, Instant now) {
  sctp::DataChannels* channels = transport.channels();
  if (channels == nullptr || !stream) return;
  channels->close(channels->channel_of(stream->stream_id), now);
  transport.data.mark_dirty();
}

void offer_data(State& state, Peer& peer, DataProducerEntry& entry, Instant now) {
  Transport* transport = peer.jsep_transport;
  sctp::DataChannels* channels = transport == nullptr ? nullptr : transport->channels();
  if (channels == nullptr) {
    // A client that has not spoken of data is offered it, once.
    if (peer.jsep) peer.jsep->want_data();
    return;
  }
  if (channels->state() != sctp::State::kConnected) return;  // when it is
  if (transport->data.consumers().size() >= kMaxDataConsumers) return;
  const sfu::DataProducer& producer = *entry.producer;
  sctp::ChannelOptions options;
  options.label = producer.label();
  options.protocol = producer.protocol();
  if (producer.stream()) options.reliability = reliability_of(*producer.stream());
  const auto channel = channels->create(options, now);
  const auto id = channel ? channels->stream_id(*channel) : std::nullopt;
  if (!id) {
    state.log.write(LogLevel::kWarn, LogTag::kSctp, "peer " + peer.id,
                    "no data channel for data producer " + producer.id() + ": " +
                        (channel ? "no stream is free" : channel.error().message));
    if (channel) channels->close(*channel, now);
    return;
  }
  const DataConsumerEntry& made = add_data_consumer(
      state, *transport, entry,
      {state.make_id(), stream_of(*id, options.reliability), options.label, options.protocol, false, {}});
  const sfu::DataConsumer& consumer = *made.consumer;
  transport->streams[*channel] = *id;
  transport->data.mark_dirty();
  state.emit(DataConsumerCreated{peer.id, transport->id, consumer.id(), producer.id(), *consumer.stream(),
                                 consumer.label(), consumer.protocol(), producer.paused()});
}

void announce_data_producer(State& state, DataProducerEntry& entry, Instant now) {
  for (Peer* peer : entry.transport->room->peers) {
    if (peer != entry.transport->peer && peer->subscription == Subscription::kAll)
      offer_data(state, *peer, entry, now);
  }
}

void State::take_data(Transport& transport, Instant now) {
  sctp::DataChannels* channels = transport.channels();
  if (channels == nullptr) return;
  while (auto event = channels->poll_event(now)) {
    // By our own record: a channel may be gone by the time that we hear what came before its end.
    const auto known = transport.streams.find(event->channel);
    switch (event->type) {
      case sctp::Event::Type::kStateChanged:
        on_state(*this, transport, *event, now);
        break;
      case sctp::Event::Type::kChannel:
        on_channel(*this, transport, event->channel, now);
        break;
      case sctp::Event::Type::kOpen:
        transport.data.mark_dirty();
        break;
      case sctp::Event::Type::kMessage:
        if (sfu::DataProducer* producer =
                known == transport.streams.end() ? nullptr : transport.data.producer_of(known->second)) {
          producer->receive(message_of(*event), {}, now);
        } else {
          transport.endpoint.drops().add(transport::DropReason::kDataUnknownStream);
        }
        break;
      case sctp::Event::Type::kClosing:
        // Ours with it: what the client has sent comes in all the same.
        channels->close(event->channel, now);
        transport.data.mark_dirty();
        break;
      case sctp::Event::Type::kClosed:
        if (known != transport.streams.end()) {
          const std::uint16_t stream = known->second;
          transport.streams.erase(known);
          on_closed(*this, transport, stream, now);
        }
        break;
      case sctp::Event::Type::kBufferedAmountLow:
      case sctp::Event::Type::kError:
        break;
    }
  }
  // Room may have come up, and packets may wait.
  transport.data.mark_dirty();
}

}  // namespace sluice::engine
