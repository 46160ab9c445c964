// What a viewer's controller may ask of one consumer: layers, priority, a key frame.
#include "engine/commands.h"

namespace sluice::engine {

Result<Reply> handle(State& state, const RequestKeyFrame& command, Instant now) {
  ConsumerEntry* entry = find(state.consumers, command.consumer_id);
  if (entry == nullptr) return not_found("consumerId", "consumer", command.consumer_id);
  entry->consumer->producer().request_key_frame(now);
  return Reply(Done{});
}

Result<Reply> handle(State& state, const SetPreferredLayers& command, Instant now) {
  ConsumerEntry* entry = find(state.consumers, command.consumer_id);
  if (entry == nullptr) return not_found("consumerId", "consumer", command.consumer_id);
  return Reply(PreferredLayersReply{entry->consumer->set_preferred_layers(command.layers, now)});
}

Result<Reply> handle(State& state, const SetPriority& command, Instant now) {
  ConsumerEntry* entry = find(state.consumers, command.consumer_id);
  if (entry == nullptr) return not_found("consumerId", "consumer", command.consumer_id);
  if (command.priority == 0) return invalid_argument("priority", "expected 1 to 255, got 0");
  entry->consumer->set_priority(command.priority, now);
  return Reply(PriorityReply{entry->consumer->priority()});
}

}  // namespace sluice::engine
