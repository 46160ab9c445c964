// Which packets and requests are told to the controller one by one.
#include "engine/commands.h"

namespace sluice::engine {
namespace {

constexpr std::uint8_t bit(TraceType type) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(type));
}

constexpr std::uint8_t kOfConsumers = bit(TraceType::kRtp) | bit(TraceType::kKeyFrame) |
                                      bit(TraceType::kNack) | bit(TraceType::kPli) | bit(TraceType::kFir);
constexpr std::uint8_t kOfProducers = kOfConsumers | bit(TraceType::kSr);
constexpr std::uint8_t kOfTransports = bit(TraceType::kProbation) | bit(TraceType::kBwe);

Result<std::uint8_t> mask_of(const EnableTraceEvent& command, std::uint8_t allowed, const char* expected) {
  std::uint8_t mask = 0;
  for (std::size_t i = 0; i < command.types.size(); ++i) {
    if ((bit(command.types[i]) & allowed) == 0) {
      return invalid_argument("types[" + std::to_string(i) + "]",
                              "not traced here: expected one of " + std::string(expected));
    }
    mask |= bit(command.types[i]);
  }
  return mask;
}

}  // namespace

Result<Reply> handle(State& state, const EnableTraceEvent& command, Instant /*now*/) {
  switch (command.kind) {
    case ObjectKind::kProducer: {
      ProducerEntry* entry = find(state.producers, command.id);
      if (entry == nullptr) return not_found("id", "producer", command.id);
      const auto mask = mask_of(command, kOfProducers, "rtp, keyframe, nack, pli, fir, sr");
      if (!mask) return mask.error();
      entry->producer->set_trace(*mask);
      return Reply(Done{});
    }
    case ObjectKind::kConsumer: {
      ConsumerEntry* entry = find(state.consumers, command.id);
      if (entry == nullptr) return not_found("id", "consumer", command.id);
      const auto mask = mask_of(command, kOfConsumers, "rtp, keyframe, nack, pli, fir");
      if (!mask) return mask.error();
      entry->consumer->set_trace(*mask);
      return Reply(Done{});
    }
    case ObjectKind::kTransport: {
      Transport* transport = find(state.transports, command.id);
      if (transport == nullptr) return not_found("id", "transport", command.id);
      const auto mask = mask_of(command, kOfTransports, "probation, bwe");
      if (!mask) return mask.error();
      transport->trace = *mask;
      return Reply(Done{});
    }
    default:
      return invalid_argument("kind", "only a transport, a producer or a consumer has trace events");
  }
}

}  // namespace sluice::engine
