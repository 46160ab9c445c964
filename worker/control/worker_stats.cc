#include "worker/control/worker_stats.h"

#include "worker/control/rtp_parameters.h"

namespace sluice::control {
// Static, not in an unnamed namespace: these overload the public to_wire().
static std::vector<std::unique_ptr<wire::CounterT>> to_wire(const CountsByReason& counts) {
  std::vector<std::unique_ptr<wire::CounterT>> out;
  for (const auto& [name, value] : counts) {
    auto& counter = out.emplace_back(std::make_unique<wire::CounterT>());
    counter->name = name;
    counter->value = value;
  }
  return out;
}

static std::unique_ptr<wire::HistogramT> to_wire(const Histogram& histogram) {
  auto table = std::make_unique<wire::HistogramT>();
  table->bounds = histogram.bounds;
  table->counts = histogram.counts;
  table->sum = histogram.sum;
  return table;
}

static std::unique_ptr<wire::TransportCountT> to_wire(const TransportCount& one) {
  auto table = std::make_unique<wire::TransportCountT>();
  table->type = one.type;
  table->ice_state = one.ice_state;
  table->dtls_state = one.dtls_state;
  table->count = one.count;
  return table;
}

static std::unique_ptr<wire::TrackTotalsT> to_wire(const TrackTotals& totals) {
  auto table = std::make_unique<wire::TrackTotalsT>();
  table->type = totals.type;
  table->kind = to_wire(totals.kind);
  table->tracks = totals.tracks;
  table->paused = totals.paused;
  table->packet_count = totals.packet_count;
  table->byte_count = totals.byte_count;
  table->packets_retransmitted = totals.packets_retransmitted;
  table->nack_count = totals.nack_count;
  table->nack_packet_count = totals.nack_packet_count;
  table->pli_count = totals.pli_count;
  table->fir_count = totals.fir_count;
  table->key_frame_count = totals.key_frame_count;
  return table;
}

static std::unique_ptr<wire::DataTotalsT> to_wire(const DataTotals& totals) {
  auto table = std::make_unique<wire::DataTotalsT>();
  table->type = totals.type;
  table->count = totals.count;
  table->messages = totals.messages;
  table->bytes = totals.bytes;
  table->buffered_amount = totals.buffered_amount;
  table->dropped = to_wire(totals.dropped);
  return table;
}

static std::unique_ptr<wire::SocketTotalsT> to_wire(const SocketTotals& totals) {
  auto table = std::make_unique<wire::SocketTotalsT>();
  table->protocol = totals.protocol;
  table->sockets = totals.sockets;
  table->receive_calls = totals.receive_calls;
  table->datagrams_received = totals.datagrams_received;
  table->bytes_received = totals.bytes_received;
  table->send_calls = totals.send_calls;
  table->datagrams_sent = totals.datagrams_sent;
  table->bytes_sent = totals.bytes_sent;
  table->deferred = totals.deferred;
  table->dropped = to_wire(totals.dropped);
  table->segmenting_refused = totals.segmenting_refused;
  table->receive_batch = to_wire(totals.receive_batch);
  table->send_batch = to_wire(totals.send_batch);
  table->message_segments = to_wire(totals.message_segments);
  table->connections = totals.connections;
  table->connections_accepted = totals.connections_accepted;
  table->connections_refused = to_wire(totals.connections_refused);
  return table;
}

static std::unique_ptr<wire::LoopStatsT> to_wire(const LoopStats& loop) {
  auto table = std::make_unique<wire::LoopStatsT>();
  table->wake_ups = loop.wake_ups;
  table->deadline_delay = to_wire(loop.deadline_delay);
  table->receive_delay = to_wire(loop.receive_delay);
  return table;
}

static std::unique_ptr<wire::ProcessStatsT> to_wire(const ProcessStats& process) {
  auto table = std::make_unique<wire::ProcessStatsT>();
  table->user_cpu_time = process.user_cpu_time;
  table->system_cpu_time = process.system_cpu_time;
  table->resident_memory = process.resident_memory;
  return table;
}

wire::WorkerStatsT to_wire(const WorkerStats& stats) {
  wire::WorkerStatsT table;
  table.timestamp = stats.timestamp;
  table.rooms = stats.rooms;
  table.peers = stats.peers;
  table.observers = stats.observers;
  for (const TransportCount& one : stats.transports) table.transports.push_back(to_wire(one));
  for (const TrackTotals& one : stats.tracks) table.tracks.push_back(to_wire(one));
  for (const DataTotals& one : stats.data) table.data.push_back(to_wire(one));
  table.packets_received = stats.packets_received;
  table.bytes_received = stats.bytes_received;
  table.packets_sent = stats.packets_sent;
  table.bytes_sent = stats.bytes_sent;
  table.recv_bitrate = stats.recv_bitrate;
  table.send_bitrate = stats.send_bitrate;
  table.dropped = to_wire(stats.dropped);
  table.not_forwarded = to_wire(stats.not_forwarded);
  table.round_trip_time = to_wire(stats.round_trip_time);
  table.loss_received = to_wire(stats.loss_received);
  table.loss_sent = to_wire(stats.loss_sent);
  table.packet_buffers = stats.packet_buffers;
  table.packet_buffers_in_use = stats.packet_buffers_in_use;
  table.process = to_wire(stats.process);
  table.loop = to_wire(stats.loop);
  for (const SocketTotals& one : stats.sockets) table.sockets.push_back(to_wire(one));
  return table;
}

}  // namespace sluice::control
