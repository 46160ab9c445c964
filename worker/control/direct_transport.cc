#include "worker/control/direct_transport.h"

namespace sluice::control {

CreateDirectTransport read_command(Reader& reader, const wire::CreateDirectTransport& table) {
  return {reader.required_id("roomId", table.room_id()), reader.id("peerId", table.peer_id()),
          reader.id("transportId", table.transport_id()), table.max_message_size()};
}

SendRtp read_command(Reader& reader, const wire::SendRtp& table) {
  return {reader.required_id("producerId", table.producer_id()), reader.bytes("packet", table.packet())};
}

SendRtcp read_command(Reader& reader, const wire::SendRtcp& table) {
  return {reader.required_id("transportId", table.transport_id()), reader.bytes("packet", table.packet())};
}

wire::DirectTransportReplyT to_wire(const DirectTransportReply& reply) {
  wire::DirectTransportReplyT table;
  table.transport_id = reply.transport_id;
  return table;
}

wire::RtpReceivedT to_wire(const RtpReceived& event) {
  wire::RtpReceivedT table;
  table.consumer_id = event.consumer_id;
  table.packet = event.packet;
  return table;
}

wire::RtcpReceivedT to_wire(const RtcpReceived& event) {
  wire::RtcpReceivedT table;
  table.transport_id = event.transport_id;
  table.packet = event.packet;
  return table;
}

}  // namespace sluice::control
