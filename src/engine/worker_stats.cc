// Statistics of the engine as a whole. One pass over all that lives, which reads counters and makes no
// strings but for the sums: a few µs for each hundred consumers.
#include <algorithm>

#include "engine/commands.h"

namespace sluice::engine {
namespace {

std::string_view ice_state_of(const Transport& transport) {
  return transport.webrtc() == nullptr ? std::string_view() : to_string(transport.webrtc()->ice().state());
}

std::string_view dtls_state_of(const Transport& transport) {
  if (transport.webrtc() == nullptr) return {};
  const auto* dtls = transport.webrtc()->dtls();
  return name_of(dtls != nullptr ? dtls->state() : dtls::State::kNew);
}

void count(std::vector<TransportCount>& counts, const Transport& transport) {
  static constexpr std::string_view kTypes[] = {"webrtc", "plain", "direct"};
  const std::string_view type = kTypes[transport.kind.index()];
  const std::string_view ice = ice_state_of(transport);
  const std::string_view dtls = dtls_state_of(transport);
  auto it = std::ranges::find_if(counts, [&](const TransportCount& one) {
    return one.type == type && one.ice_state == ice && one.dtls_state == dtls;
  });
  if (it == counts.end()) it = counts.insert(it, {std::string(type), std::string(ice), std::string(dtls), 0});
  ++it->count;
}

void add_transports(State& state, Instant now, WorkerStats& stats) {
  TransportTotals totals = state.closed_transports;
  totals.drops += state.drops;
  for (const auto& [id, transport] : state.transports) {
    count(stats.transports, *transport);
    totals += transport->endpoint;
    stats.recv_bitrate += transport->endpoint.receive_rate().bitrate(now);
    stats.send_bitrate += transport->endpoint.sender().rate().bitrate(now);
  }
  stats.packets_received = totals.packets_received;
  stats.bytes_received = totals.bytes_received;
  stats.packets_sent = totals.packets_sent;
  stats.bytes_sent = totals.bytes_sent;
  totals.drops.for_each(
      [&](std::string_view reason, std::uint64_t count) { stats.dropped.emplace(reason, count); });
}

/// Of one type and kind, while they are summed up.
struct Tracks {
  std::uint32_t count = 0;
  std::uint32_t paused = 0;
  sfu::TrackCounts counts;

  template <typename Track>
  void add(const Track& track) {
    ++count;
    if (track.paused()) ++paused;
    counts += track.counts();
  }
  [[nodiscard]] TrackTotals named(std::string type, MediaKind kind) const {
    return {std::move(type),
            kind,
            count,
            paused,
            counts.packets,
            counts.bytes,
            counts.packets_retransmitted,
            counts.nacks,
            counts.nack_packets,
            counts.plis,
            counts.firs,
            counts.key_frames};
  }
};

void add_tracks(const State& state, WorkerStats& stats) {
  const sfu::Totals& totals = state.media_totals;
  std::array<Tracks, 2> producers;
  std::array<Tracks, 2> consumers;
  for (std::size_t i = 0; i < 2; ++i) {
    producers[i].counts = totals.producers[i];
    consumers[i].counts = totals.consumers[i];
  }
  sfu::LeftOutCounts left_out = totals.left_out;
  // By transport: their lists stand closer together in memory than the tables by id.
  for (const auto& [id, transport] : state.transports) {
    for (const auto& producer : transport->media.producers())
      producers[static_cast<std::size_t>(producer->kind())].add(*producer);
    for (const auto& consumer : transport->media.consumers()) {
      consumers[static_cast<std::size_t>(consumer->kind())].add(*consumer);
      consumer->add_left_out(left_out);
    }
  }
  for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo}) {
    const auto i = static_cast<std::size_t>(kind);
    stats.tracks.push_back(producers[i].named("inbound-rtp", kind));
    stats.tracks.push_back(consumers[i].named("outbound-rtp", kind));
  }
  for (std::size_t i = 0; i < sfu::kLeftOutReasons; ++i) {
    if (left_out[i] != 0)
      stats.not_forwarded.emplace(sfu::name_of(static_cast<sfu::LeftOut>(i)), left_out[i]);
  }
}

void add_data(const State& state, WorkerStats& stats) {
  DataCounts producers = state.closed_data_producers;
  DataCounts consumers = state.closed_data_consumers;
  std::uint64_t waiting = 0;
  for (const auto& [id, entry] : state.data_producers) producers += *entry->producer;
  for (const auto& [id, entry] : state.data_consumers) {
    consumers += *entry->consumer;
    waiting += entry->consumer->buffered_amount();
  }
  const auto size = [](const auto& table) { return static_cast<std::uint32_t>(table.size()); };
  stats.data.push_back(
      {"data-producer", size(state.data_producers), producers.messages, producers.bytes, 0, {}});
  stats.data.push_back({"data-consumer", size(state.data_consumers), consumers.messages, consumers.bytes,
                        waiting, consumers.drops.named()});
}

}  // namespace

WorkerStats worker_stats(State& state, Instant now) {
  WorkerStats stats;
  stats.timestamp =
      static_cast<std::uint64_t>(duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  stats.rooms = static_cast<std::uint32_t>(state.rooms.size());
  stats.peers = static_cast<std::uint32_t>(state.peers.size());
  stats.observers = static_cast<std::uint32_t>(state.observers.size());
  add_transports(state, now, stats);
  add_tracks(state, stats);
  add_data(state, stats);
  stats.round_trip_time = state.media_totals.round_trip_time.in_units_of(0.001);
  stats.loss_received = state.media_totals.loss_received.in_units_of(1.0 / 256);
  stats.loss_sent = state.media_totals.loss_sent.in_units_of(1.0 / 256);
  stats.packet_buffers = static_cast<std::uint32_t>(state.pool.capacity());
  stats.packet_buffers_in_use = static_cast<std::uint32_t>(state.pool.in_use());
  return stats;
}

}  // namespace sluice::engine
