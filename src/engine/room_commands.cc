#include "engine/commands.h"
#include "negotiate/media_codecs.h"
#include "negotiate/validate.h"

namespace sluice::engine {

Result<Reply> handle(State& state, const CreateRoom& command, Instant /*now*/) {
  const std::string id = command.room_id.empty() ? state.make_id() : command.room_id;
  if (auto checked = check_id("roomId", id); !checked) return checked.error();
  if (state.rooms.contains(id)) return already_exists("roomId", "room", id);
  auto capabilities = negotiate::room_capabilities(command.media_codecs);
  if (!capabilities) return capabilities.error();
  auto room = std::make_unique<Room>();
  room->id = id;
  room->capabilities = *capabilities;
  state.rooms.emplace(id, std::move(room));
  return Reply(RoomReply{id, std::move(*capabilities)});
}

Result<Reply> handle(State& state, const CanConsume& command, Instant /*now*/) {
  ProducerEntry* entry = find(state.producers, command.producer_id);
  if (entry == nullptr) return not_found("producerId", "producer", command.producer_id);
  RtpCapabilities capabilities = command.rtp_capabilities;
  if (auto valid = negotiate::validate(capabilities); !valid) return valid.error();
  return Reply(CanConsumeReply{negotiate::can_consume(entry->producer->consumable(), capabilities)});
}

}  // namespace sluice::engine
