#include "worker/control/data.h"

namespace sluice::control {
// Static, not in an unnamed namespace: these overload the public to_wire().

static SctpStreamParameters read_stream(const wire::SctpStreamParameters& table) {
  return {table.stream_id(), table.ordered(), Reader::optional(table.max_packet_life_time()),
          Reader::optional(table.max_retransmits())};
}

static std::unique_ptr<wire::SctpStreamParametersT> wire_stream(
    const std::optional<SctpStreamParameters>& stream) {
  if (!stream) return nullptr;
  auto table = std::make_unique<wire::SctpStreamParametersT>();
  table->stream_id = stream->stream_id;
  table->ordered = stream->ordered;
  if (stream->max_packet_life_time) table->max_packet_life_time = *stream->max_packet_life_time;
  if (stream->max_retransmits) table->max_retransmits = *stream->max_retransmits;
  return table;
}

ProduceData read_command(Reader& reader, const wire::ProduceData& table) {
  ProduceData command;
  command.transport_id = reader.required_id("transportId", table.transport_id());
  command.data_producer_id = reader.id("dataProducerId", table.data_producer_id());
  if (const auto* stream = table.sctp_stream_parameters())
    command.sctp_stream_parameters = read_stream(*stream);
  command.label = reader.text("label", table.label(), Reader::kMaxLabel);
  command.protocol = reader.text("protocol", table.protocol(), Reader::kMaxLabel);
  command.paused = table.paused();
  return command;
}

ConsumeData read_command(Reader& reader, const wire::ConsumeData& table) {
  ConsumeData command;
  command.transport_id = reader.required_id("transportId", table.transport_id());
  command.data_consumer_id = reader.id("dataConsumerId", table.data_consumer_id());
  command.data_producer_id = reader.required_id("dataProducerId", table.data_producer_id());
  command.ordered = Reader::optional(table.ordered());
  command.max_packet_life_time = Reader::optional(table.max_packet_life_time());
  command.max_retransmits = Reader::optional(table.max_retransmits());
  command.paused = table.paused();
  command.subchannels = reader.numbers("subchannels", table.subchannels());
  return command;
}

SendToDataProducer read_command(Reader& reader, const wire::SendToDataProducer& table) {
  SendToDataProducer command;
  command.data_producer_id = reader.required_id("dataProducerId", table.data_producer_id());
  command.ppid = table.ppid();
  command.payload = Payload(reader.bytes("message", table.payload()));
  command.audience = {reader.numbers("subchannels", table.subchannels()),
                      Reader::optional(table.required_subchannel()),
                      Reader::optional(table.ignored_subchannel())};
  return command;
}

SendToDataConsumer read_command(Reader& reader, const wire::SendToDataConsumer& table) {
  return {reader.required_id("dataConsumerId", table.data_consumer_id()), table.ppid(),
          Payload(reader.bytes("message", table.payload()))};
}

GetBufferedAmount read_command(Reader& reader, const wire::GetBufferedAmount& table) {
  return {reader.required_id("dataConsumerId", table.data_consumer_id())};
}

SetBufferedAmountLowThreshold read_command(Reader& reader, const wire::SetBufferedAmountLowThreshold& table) {
  return {reader.required_id("dataConsumerId", table.data_consumer_id()), table.threshold()};
}

SetSubchannels read_command(Reader& reader, const wire::SetSubchannels& table) {
  return {reader.required_id("dataConsumerId", table.data_consumer_id()),
          reader.numbers("subchannels", table.subchannels())};
}

AddSubchannel read_command(Reader& reader, const wire::AddSubchannel& table) {
  return {reader.required_id("dataConsumerId", table.data_consumer_id()), table.subchannel()};
}

RemoveSubchannel read_command(Reader& reader, const wire::RemoveSubchannel& table) {
  return {reader.required_id("dataConsumerId", table.data_consumer_id()), table.subchannel()};
}

wire::DataStatsT to_wire(const DataStats& stats) {
  wire::DataStatsT table;
  table.type = stats.type;
  table.timestamp = stats.timestamp;
  table.label = stats.label;
  table.protocol = stats.protocol;
  table.messages_received = stats.messages_received;
  table.bytes_received = stats.bytes_received;
  table.messages_sent = stats.messages_sent;
  table.bytes_sent = stats.bytes_sent;
  table.buffered_amount = stats.buffered_amount;
  for (const auto& [name, value] : stats.dropped) {
    auto& entry = table.dropped.emplace_back(std::make_unique<wire::DataDropCounterT>());
    entry->name = name;
    entry->value = value;
  }
  return table;
}

wire::DataProducerReplyT to_wire(const DataProducerReply& reply) {
  wire::DataProducerReplyT table;
  table.data_producer_id = reply.data_producer_id;
  table.type = reply.type;
  table.sctp_stream_parameters = wire_stream(reply.sctp_stream_parameters);
  return table;
}

wire::DataConsumerReplyT to_wire(const DataConsumerReply& reply) {
  wire::DataConsumerReplyT table;
  table.data_consumer_id = reply.data_consumer_id;
  table.data_producer_id = reply.data_producer_id;
  table.type = reply.type;
  table.sctp_stream_parameters = wire_stream(reply.sctp_stream_parameters);
  table.label = reply.label;
  table.protocol = reply.protocol;
  table.paused = reply.paused;
  table.data_producer_paused = reply.data_producer_paused;
  table.subchannels = reply.subchannels;
  return table;
}

wire::BufferedAmountReplyT to_wire(const BufferedAmountReply& reply) {
  wire::BufferedAmountReplyT table;
  table.buffered_amount = reply.buffered_amount;
  return table;
}

wire::SubchannelsReplyT to_wire(const SubchannelsReply& reply) {
  wire::SubchannelsReplyT table;
  table.subchannels = reply.subchannels;
  return table;
}

wire::DataProducerCreatedT to_wire(const DataProducerCreated& event) {
  wire::DataProducerCreatedT table;
  table.peer_id = event.peer_id;
  table.transport_id = event.transport_id;
  table.data_producer_id = event.data_producer_id;
  table.sctp_stream_parameters = wire_stream(event.sctp_stream_parameters);
  table.label = event.label;
  table.protocol = event.protocol;
  return table;
}

wire::DataConsumerCreatedT to_wire(const DataConsumerCreated& event) {
  wire::DataConsumerCreatedT table;
  table.peer_id = event.peer_id;
  table.transport_id = event.transport_id;
  table.data_consumer_id = event.data_consumer_id;
  table.data_producer_id = event.data_producer_id;
  table.sctp_stream_parameters = wire_stream(event.sctp_stream_parameters);
  table.label = event.label;
  table.protocol = event.protocol;
  table.data_producer_paused = event.data_producer_paused;
  return table;
}

wire::DataProducerPausedT to_wire(const DataProducerPaused& event) {
  wire::DataProducerPausedT table;
  table.data_consumer_id = event.data_consumer_id;
  table.paused = event.paused;
  return table;
}

wire::DataMessageReceivedT to_wire(const DataMessageReceived& event) {
  wire::DataMessageReceivedT table;
  table.data_consumer_id = event.data_consumer_id;
  table.ppid = event.ppid;
  table.payload.assign(event.payload.bytes().begin(), event.payload.bytes().end());
  return table;
}

wire::DataConsumerFullT to_wire(const DataConsumerFull& event) {
  wire::DataConsumerFullT table;
  table.data_consumer_id = event.data_consumer_id;
  table.messages_dropped = event.messages_dropped;
  return table;
}

wire::BufferedAmountLowT to_wire(const BufferedAmountLow& event) {
  wire::BufferedAmountLowT table;
  table.data_consumer_id = event.data_consumer_id;
  table.buffered_amount = event.buffered_amount;
  return table;
}

wire::SctpStateChangeT to_wire(const SctpStateChange& event) {
  wire::SctpStateChangeT table;
  table.transport_id = event.transport_id;
  table.sctp_state = event.sctp_state;
  return table;
}

}  // namespace sluice::control
