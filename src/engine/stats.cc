#include "engine/commands.h"

namespace sluice::engine {
namespace {

void add_own(const State& state, const transport::WebRtcTransport& webrtc, TransportStats& stats) {
  stats.ice_state = to_string(webrtc.ice().state());
  stats.dtls_state = name_of(webrtc.dtls() != nullptr ? webrtc.dtls()->state() : dtls::State::kNew);
  if (webrtc.data() != nullptr) stats.sctp_state = to_string(webrtc.data()->state());
  if (const auto path = webrtc.ice().selected()) stats.tuple = tuple_of(state, *path);
}

void add_own(const State& /*state*/, const transport::PlainTransport& plain, TransportStats& stats) {
  stats.tuple = tuple_of(plain.socket(), plain.remote());
  stats.rtcp_tuple = rtcp_tuple_of(plain);
  stats.rtcp_mux = plain.rtcp_mux();
  stats.comedia = plain.comedia();
}

void add_own(const State& /*state*/, const transport::DirectTransport& /*direct*/,
             TransportStats& /*stats*/) {}

std::optional<std::uint32_t> limit_of(const Transport& transport, BitrateLimit limit) {
  const std::uint32_t bitrate = transport.bitrate_limits[static_cast<std::size_t>(limit)];
  return bitrate == 0 ? std::nullopt : std::optional(bitrate);
}

TransportStats stats_of(State& state, Transport& transport, Instant now) {
  transport::Endpoint& endpoint = transport.endpoint;
  TransportStats stats;
  stats.transport_id = transport.id;
  stats.timestamp =
      static_cast<std::uint64_t>(duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  transport.visit([&](const auto& one) { add_own(state, one, stats); });
  stats.bytes_received = endpoint.bytes_received();
  stats.bytes_sent = endpoint.sender().bytes();
  stats.recv_bitrate = endpoint.receive_rate().bitrate(now);
  stats.send_bitrate = endpoint.sender().rate().bitrate(now);
  stats.packets_received = endpoint.packets_received();
  stats.packets_sent = endpoint.sender().packets();
  transport.media.add_stats(stats, now);
  stats.max_incoming_bitrate = limit_of(transport, BitrateLimit::kMaxIncoming);
  stats.max_outgoing_bitrate = limit_of(transport, BitrateLimit::kMaxOutgoing);
  stats.min_outgoing_bitrate = limit_of(transport, BitrateLimit::kMinOutgoing);
  endpoint.drops().for_each(
      [&](std::string_view reason, std::uint64_t count) { stats.dropped.emplace(reason, count); });
  return stats;
}

}  // namespace

Result<Reply> handle(State& state, const GetStats& command, Instant now) {
  StatsReply reply;
  switch (command.kind) {
    case ObjectKind::kWorker:
      reply.worker = worker_stats(state, now);
      return Reply(std::move(reply));
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
    case ObjectKind::kDataProducer: {
      DataProducerEntry* entry = find(state.data_producers, command.id);
      if (entry == nullptr) return not_found("id", "data producer", command.id);
      reply.data = entry->producer->stats(now);
      return Reply(std::move(reply));
    }
    case ObjectKind::kDataConsumer: {
      DataConsumerEntry* entry = find(state.data_consumers, command.id);
      if (entry == nullptr) return not_found("id", "data consumer", command.id);
      reply.data = entry->consumer->stats(now);
      return Reply(std::move(reply));
    }
    default:
      return invalid_argument(
          "kind", "only the worker, a transport, a producer or a consumer (of media or data) has statistics");
  }
}

}  // namespace sluice::engine
