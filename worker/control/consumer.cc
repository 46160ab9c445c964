#include "worker/control/consumer.h"

#include "worker/control/rtp_parameters.h"

namespace sluice::control {
namespace {

ConsumerLayers read_layers(const wire::ConsumerLayers& table) {
  return {table.spatial_layer(), Reader::optional(table.temporal_layer())};
}

std::unique_ptr<wire::ConsumerLayersT> wire_layers(const std::optional<ConsumerLayers>& layers) {
  if (!layers) return nullptr;
  auto table = std::make_unique<wire::ConsumerLayersT>();
  table->spatial_layer = layers->spatial;
  if (layers->temporal) table->temporal_layer = *layers->temporal;
  return table;
}

std::unique_ptr<wire::ConsumerScoreT> wire_score(const ConsumerScore& score) {
  auto table = std::make_unique<wire::ConsumerScoreT>();
  table->score = score.score;
  table->producer_score = score.producer_score;
  table->producer_scores = score.producer_scores;
  return table;
}

}  // namespace

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
  if (const auto* layers = table.preferred_layers()) command.preferred_layers = read_layers(*layers);
  command.ignore_dtx = table.ignore_dtx();
  return command;
}

RequestKeyFrame read_command(Reader& reader, const wire::RequestKeyFrame& table) {
  return {reader.required_id("consumerId", table.consumer_id())};
}

SetPreferredLayers read_command(Reader& reader, const wire::SetPreferredLayers& table) {
  SetPreferredLayers command;
  command.consumer_id = reader.required_id("consumerId", table.consumer_id());
  command.layers = reader.required("preferredLayers", table.preferred_layers(), read_layers);
  return command;
}

SetPriority read_command(Reader& reader, const wire::SetPriority& table) {
  return {reader.required_id("consumerId", table.consumer_id()), table.priority()};
}

Explain read_command(Reader& reader, const wire::Explain& table) {
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
  table.score = wire_score(reply.score);
  table.preferred_layers = wire_layers(reply.preferred_layers);
  return table;
}

wire::PreferredLayersReplyT to_wire(const PreferredLayersReply& reply) {
  wire::PreferredLayersReplyT table;
  table.preferred_layers = wire_layers(reply.preferred_layers);
  return table;
}

wire::PriorityReplyT to_wire(const PriorityReply& reply) {
  wire::PriorityReplyT table;
  table.priority = reply.priority;
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
  table.type = event.type;
  table.score = wire_score(event.score);
  return table;
}

wire::ProducerPausedT to_wire(const ProducerPaused& event) {
  wire::ProducerPausedT table;
  table.consumer_id = event.consumer_id;
  table.paused = event.paused;
  return table;
}

wire::ConsumerScoreChangeT to_wire(const ConsumerScoreChange& event) {
  wire::ConsumerScoreChangeT table;
  table.consumer_id = event.consumer_id;
  table.score = wire_score(event.score);
  return table;
}

wire::LayersChangeT to_wire(const LayersChange& event) {
  wire::LayersChangeT table;
  table.consumer_id = event.consumer_id;
  table.layers = wire_layers(event.layers);
  return table;
}

}  // namespace sluice::control
