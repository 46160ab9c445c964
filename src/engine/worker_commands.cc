// Settings of the worker, and the commands that any object takes.
#include "engine/commands.h"

namespace sluice::engine {
namespace {

std::string_view noun_of(ObjectKind kind) {
  static constexpr std::string_view kNames[] = {"worker",    "room",          "peer",
                                                "transport", "producer",      "consumer",
                                                "observer",  "data producer", "data consumer"};
  return kNames[static_cast<std::size_t>(kind)];
}

Error wrong_kind(ObjectKind kind, std::string_view what, std::string_view expected) {
  return invalid_argument("kind", "a " + std::string(noun_of(kind)) + " cannot be " + std::string(what) +
                                      ", expected " + std::string(expected));
}

Result<Reply> set_producer_paused(State& state, std::string_view id, bool paused, Instant now) {
  ProducerEntry* entry = find(state.producers, id);
  if (entry == nullptr) return not_found("id", "producer", id);
  if (entry->producer->paused() == paused) return Reply(Done{});
  entry->producer->set_paused(paused);
  for (sfu::Consumer* consumer : entry->producer->consumers) {
    consumer->update(now);
    state.emit(ProducerPaused{consumer->id(), paused});
  }
  return Reply(Done{});
}

Result<Reply> set_data_producer_paused(State& state, std::string_view id, bool paused) {
  DataProducerEntry* entry = find(state.data_producers, id);
  if (entry == nullptr) return not_found("id", "data producer", id);
  if (entry->producer->paused() == paused) return Reply(Done{});
  entry->producer->set_paused(paused);
  for (const sfu::DataConsumer* consumer : entry->producer->consumers)
    state.emit(DataProducerPaused{consumer->id(), paused});
  return Reply(Done{});
}

Result<Reply> set_paused(State& state, ObjectKind kind, std::string_view id, bool paused, Instant now) {
  if (kind == ObjectKind::kProducer) return set_producer_paused(state, id, paused, now);
  if (kind == ObjectKind::kDataProducer) return set_data_producer_paused(state, id, paused);
  if (kind == ObjectKind::kDataConsumer) {
    DataConsumerEntry* entry = find(state.data_consumers, id);
    if (entry == nullptr) return not_found("id", "data consumer", id);
    return entry->consumer->set_paused(paused), Reply(Done{});
  }
  if (kind == ObjectKind::kObserver) {
    Observer* observer = find(state.observers, id);
    if (observer == nullptr) return not_found("id", "observer", id);
    return state.pause_observer(*observer, paused), Reply(Done{});
  }
  if (kind != ObjectKind::kConsumer)
    return wrong_kind(kind, paused ? "paused" : "resumed",
                      "a producer or a consumer (of media or data) or an observer");
  ConsumerEntry* entry = find(state.consumers, id);
  if (entry == nullptr) return not_found("id", "consumer", id);
  entry->consumer->set_paused(paused, now);
  return Reply(Done{});
}

}  // namespace

Result<Reply> handle(State& state, const UpdateSettings& command, Instant /*now*/) {
  if (command.log_level) state.log.set_level(*command.log_level);
  if (command.log_tags) {
    state.log.clear_tags();
    for (const LogTag tag : *command.log_tags) state.log.set_tag(tag, true);
  }
  return Reply(Done{});
}

Result<Reply> handle(State& state, const Close& command, Instant now) {
  switch (command.kind) {
    case ObjectKind::kRoom:
      if (Room* room = find(state.rooms, command.id)) return state.close_room(*room, now), Reply(Done{});
      break;
    case ObjectKind::kPeer:
      if (Peer* peer = find(state.peers, command.id)) return state.close_peer(*peer, now), Reply(Done{});
      break;
    case ObjectKind::kTransport:
      if (Transport* transport = find(state.transports, command.id))
        return state.close_transport(*transport, now), Reply(Done{});
      break;
    case ObjectKind::kProducer:
      if (ProducerEntry* producer = find(state.producers, command.id))
        return state.close_producer(*producer, now), Reply(Done{});
      break;
    case ObjectKind::kConsumer:
      if (ConsumerEntry* consumer = find(state.consumers, command.id))
        return state.close_consumer(*consumer), Reply(Done{});
      break;
    case ObjectKind::kObserver:
      if (Observer* observer = find(state.observers, command.id))
        return state.close_observer(*observer), Reply(Done{});
      break;
    case ObjectKind::kDataProducer:
      if (DataProducerEntry* producer = find(state.data_producers, command.id))
        return state.close_data_producer(*producer, now), Reply(Done{});
      break;
    case ObjectKind::kDataConsumer:
      if (DataConsumerEntry* consumer = find(state.data_consumers, command.id))
        return state.close_data_consumer(*consumer, now), Reply(Done{});
      break;
    case ObjectKind::kWorker:
      return wrong_kind(
          command.kind, "closed by a request",
          "a room, peer, transport, producer, consumer (of media or data) or observer; a worker "
          "ends with its channel");
  }
  return not_found("id", noun_of(command.kind), command.id);
}

Result<Reply> handle(State& state, const Pause& command, Instant now) {
  return set_paused(state, command.kind, command.id, true, now);
}

Result<Reply> handle(State& state, const Resume& command, Instant now) {
  return set_paused(state, command.kind, command.id, false, now);
}

}  // namespace sluice::engine
