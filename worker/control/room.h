// fbs/room.fbs ↔ the room's requests and replies.
#pragma once

#include "room_generated.h"
#include "sluice/reply.h"
#include "worker/control/reader.h"

namespace sluice::control {

CreateRoom read_command(Reader& reader, const wire::CreateRoom& table);
CanConsume read_command(Reader& reader, const wire::CanConsume& table);

wire::RoomReplyT to_wire(const RoomReply& reply);
wire::CanConsumeReplyT to_wire(const CanConsumeReply& reply);

}  // namespace sluice::control
