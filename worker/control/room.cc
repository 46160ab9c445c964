#include "worker/control/room.h"

#include "worker/control/rtp_parameters.h"

namespace sluice::control {

CreateRoom read_command(Reader& reader, const wire::CreateRoom& table) {
  CreateRoom command;
  command.room_id = reader.id("roomId", table.room_id());
  command.media_codecs = reader.list(
      "mediaCodecs", table.media_codecs(),
      [&](const wire::RtpCodecCapability& codec) { return read_codec_capability(reader, codec); });
  return command;
}

CanConsume read_command(Reader& reader, const wire::CanConsume& table) {
  CanConsume command;
  command.producer_id = reader.required_id("producerId", table.producer_id());
  command.rtp_capabilities = reader.required(
      "rtpCapabilities", table.rtp_capabilities(),
      [&](const wire::RtpCapabilities& capabilities) { return read_rtp_capabilities(reader, capabilities); });
  return command;
}

wire::RoomReplyT to_wire(const RoomReply& reply) {
  wire::RoomReplyT table;
  table.room_id = reply.room_id;
  table.rtp_capabilities = std::make_unique<wire::RtpCapabilitiesT>(to_wire(reply.rtp_capabilities));
  return table;
}

wire::CanConsumeReplyT to_wire(const CanConsumeReply& reply) {
  wire::CanConsumeReplyT table;
  table.can_consume = reply.can_consume;
  return table;
}

}  // namespace sluice::control
