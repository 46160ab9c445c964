#include "worker/control/producer.h"

#include "worker/control/data.h"
#include "worker/control/rtp_parameters.h"
#include "worker/control/transport.h"
#include "worker/control/worker_stats.h"

namespace sluice::control {
// Static, not in an unnamed namespace: these overload the public to_wire().
static wire::RtpStreamStatsT to_wire(const RtpStreamStats& stats) {
  wire::RtpStreamStatsT table;
  table.type = stats.type;
  table.timestamp = stats.timestamp;
  table.ssrc = stats.ssrc;
  if (stats.rtx_ssrc) table.rtx_ssrc = *stats.rtx_ssrc;
  table.rid = stats.rid;
  table.kind = to_wire(stats.kind);
  table.mime_type = stats.mime_type;
  table.packet_count = stats.packet_count;
  table.byte_count = stats.byte_count;
  table.bitrate = stats.bitrate;
  table.packets_lost = stats.packets_lost;
  table.fraction_lost = stats.fraction_lost;
  table.jitter = stats.jitter;
  table.packets_discarded = stats.packets_discarded;
  table.packets_retransmitted = stats.packets_retransmitted;
  table.packets_repaired = stats.packets_repaired;
  table.nack_count = stats.nack_count;
  table.nack_packet_count = stats.nack_packet_count;
  table.pli_count = stats.pli_count;
  table.fir_count = stats.fir_count;
  table.key_frame_count = stats.key_frame_count;
  if (stats.round_trip_time) table.round_trip_time = *stats.round_trip_time;
  table.rtx_packets_discarded = stats.rtx_packets_discarded;
  table.rtx_bitrate = stats.rtx_bitrate;
  table.score = stats.score;
  for (const auto& [layer, bitrate] : stats.bitrate_by_layer) {
    auto& entry = table.bitrate_by_layer.emplace_back(std::make_unique<wire::LayerBitrateT>());
    entry->layer = layer;
    entry->bitrate = bitrate;
  }
  return table;
}

Produce read_command(Reader& reader, const wire::Produce& table) {
  Produce command;
  command.transport_id = reader.required_id("transportId", table.transport_id());
  command.producer_id = reader.id("producerId", table.producer_id());
  command.kind = reader.choice<MediaKind>("kind", table.kind());
  command.rtp_parameters = reader.required(
      "rtpParameters", table.rtp_parameters(),
      [&](const wire::RtpParameters& parameters) { return read_rtp_parameters(reader, parameters); });
  command.paused = table.paused();
  command.key_frame_request_delay_ms = table.key_frame_request_delay();
  return command;
}

wire::ProducerReplyT to_wire(const ProducerReply& reply) {
  wire::ProducerReplyT table;
  table.producer_id = reply.producer_id;
  table.type = reply.type;
  table.consumable_rtp_parameters =
      std::make_unique<wire::RtpParametersT>(to_wire(reply.consumable_rtp_parameters));
  return table;
}

wire::StatsReplyT to_wire(const StatsReply& reply) {
  wire::StatsReplyT table;
  if (reply.transport) table.transport = std::make_unique<wire::TransportStatsT>(to_wire(*reply.transport));
  for (const RtpStreamStats& stream : reply.streams) {
    table.streams.push_back(std::make_unique<wire::RtpStreamStatsT>(to_wire(stream)));
  }
  if (reply.data) table.data = std::make_unique<wire::DataStatsT>(to_wire(*reply.data));
  if (reply.worker) table.worker = std::make_unique<wire::WorkerStatsT>(to_wire(*reply.worker));
  return table;
}

wire::ProducerCreatedT to_wire(const ProducerCreated& event) {
  wire::ProducerCreatedT table;
  table.peer_id = event.peer_id;
  table.transport_id = event.transport_id;
  table.producer_id = event.producer_id;
  table.kind = to_wire(event.kind);
  table.type = event.type;
  table.rtp_parameters = std::make_unique<wire::RtpParametersT>(to_wire(event.rtp_parameters));
  return table;
}

wire::ProducerScoreChangeT to_wire(const ProducerScoreChange& event) {
  wire::ProducerScoreChangeT table;
  table.producer_id = event.producer_id;
  for (const auto& stream : event.streams) {
    auto& entry = table.scores.emplace_back(std::make_unique<wire::ProducerScoreT>());
    entry->encoding_idx = stream.encoding_index;
    entry->ssrc = stream.ssrc;
    entry->rid = stream.rid;
    entry->score = stream.score;
  }
  return table;
}

wire::VideoOrientationChangeT to_wire(const VideoOrientationChange& event) {
  wire::VideoOrientationChangeT table;
  table.producer_id = event.producer_id;
  table.camera = event.camera;
  table.flip = event.flip;
  table.rotation = event.rotation;
  return table;
}

}  // namespace sluice::control
