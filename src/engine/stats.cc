#include "engine/commands.h"

namespace sluice::engine {
namespace {

TransportStats stats_of(State& state, Transport& transport, Instant now) {
  auto& webrtc = transport.webrtc;
  TransportStats stats;
  stats.transport_id = transport.id;
  stats.timestamp =
      static_cast<std::uint64_t>(duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  stats.ice_state = to_string(webrtc.ice().state());
  stats.dtls_state = name_of(webrtc.dtls() != nullptr ? webrtc.dtls()->state() : dtls::State::kNew);
  if (const auto path = webrtc.ice().selected()) stats.tuple = tuple_of(state, *path);
  stats.bytes_received = webrtc.bytes_received();
  stats.bytes_sent = webrtc.sender().bytes();
  stats.recv_bitrate = webrtc.receive_rate().bitrate(now);
  stats.send_bitrate = webrtc.sender().rate().bitrate(now);
  stats.packets_received = webrtc.packets_received();
  stats.packets_sent = webrtc.sender().packets();
  for (const auto& producer : transport.media.producers()) {
    for (auto& stream : producer->streams()) {
      stats.rtp_bytes_received += stream->media.bytes();
      stats.rtx_bytes_received += stream->repair.bytes();
    }
  }
  for (const auto& consumer : transport.media.consumers()) {
    stats.rtp_bytes_sent += consumer->bytes_sent();
    stats.rtx_bytes_sent += consumer->rtx_bytes_sent();
  }
  webrtc.drops().for_each(
      [&](std::string_view reason, std::uint64_t count) { stats.dropped.emplace(reason, count); });
  return stats;
}

}  // namespace

Result<Reply> handle(State& state, const GetStats& command, Instant now) {
  StatsReply reply;
  switch (command.kind) {
    case ObjectKind::kTransport: {
      Transport* transport = find(state.transports, command.id);
      if (transport == nullptr) return not_found("id", "transport", command.id);
      reply.transport = stats_of(state, *transport, now);
      return Reply(std::move(reply));
    }
    case ObjectKind::kProducer: {
      ProducerEntry* entry = find(state.producers, command.id);
      if (entry == nullptr) return not_found("id", "producer", command.id);
      reply.streams = entry->producer->stats(now);
      return Reply(std::move(reply));
    }
    case ObjectKind::kConsumer: {
      ConsumerEntry* entry = find(state.consumers, command.id);
      if (entry == nullptr) return not_found("id", "consumer", command.id);
      // Its own stream, and the one it is made from.
      reply.streams = entry->consumer->producer().stats(now);
      reply.streams.insert(reply.streams.begin(), entry->consumer->stats(now));
      return Reply(std::move(reply));
    }
    default:
      return invalid_argument("kind", "only a transport, a producer or a consumer has statistics");
  }
}

}  // namespace sluice::engine
