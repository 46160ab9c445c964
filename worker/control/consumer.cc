#include "worker/control/consumer.h"

#include "worker/control/rtp_parameters.h"

namespace sluice::control {

Consume read_command(Reader& reader, const wire::Consume& table) {
  Consume command;
  command.transport_id = reader.required_id("transportId", table.transport_id());
  command.consumer_id = reader.id("consumerId", table.consumer_id());
  command.producer_id = reader.required_id("producerId", table.producer_id());
  command.rtp_capabilities = reader.required(
      "rtpCapabilities", table.rtp_capabilities(),
      [&](const wire::RtpCapabilities& capabilities) { return read_rtp_capabilities(reader, capabilities); });
  command.paused = table.paused();
  command.mid = reader.text("mid", table.mid());
  command.enable_rtx = Reader::optional(table.enable_rtx());
  return command;
}

RequestKeyFrame read_command(Reader& reader, const wire::RequestKeyFrame& table) {
  return {reader.required_id("consumerId", table.consumer_id())};
}

wire::ConsumerReplyT to_wire(const ConsumerReply& reply) {
  wire::ConsumerReplyT table;
  table.consumer_id = reply.consumer_id;
  table.producer_id = reply.producer_id;
  table.kind = to_wire(reply.kind);
  table.rtp_parameters = std::make_unique<wire::RtpParametersT>(to_wire(reply.rtp_parameters));
  table.type = reply.type;
  table.paused = reply.paused;
  table.producer_paused = reply.producer_paused;
  return table;
}

wire::ConsumerCreatedT to_wire(const ConsumerCreated& event) {
  wire::ConsumerCreatedT table;
  table.peer_id = event.peer_id;
  table.transport_id = event.transport_id;
  table.consumer_id = event.consumer_id;
  table.producer_id = event.producer_id;
  table.mid = event.mid;
  table.kind = to_wire(event.kind);
  table.rtp_parameters = std::make_unique<wire::RtpParametersT>(to_wire(event.rtp_parameters));
  return table;
}

wire::ProducerPausedT to_wire(const ProducerPaused& event) {
  wire::ProducerPausedT table;
  table.consumer_id = event.consumer_id;
  table.paused = event.paused;
  return table;
}

}  // namespace sluice::control
