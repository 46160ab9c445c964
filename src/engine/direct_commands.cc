// Direct transports: packets of the controller's own go the way that packets from a socket go.
#include <algorithm>

#include "engine/commands.h"
#include "rtp/packet_view.h"

namespace sluice::engine {
namespace {

Result<Transport*> direct_transport(State& state, const std::string& id) {
  Transport* transport = find(state.transports, id);
  if (transport == nullptr) return not_found("transportId", "transport", id);
  if (transport->direct() == nullptr)
    return invalid_argument("transportId", "the transport is no direct transport");
  return transport;
}

/// A pooled packet with these bytes, as a socket would have read it.
Result<PacketRef> packet_of(State& state, const std::vector<std::uint8_t>& bytes, Instant now) {
  if (bytes.empty() || bytes.size() > Packet::kCapacity) {
    return invalid_argument("packet", "expected 1 to " + std::to_string(Packet::kCapacity) + " bytes, got " +
                                          std::to_string(bytes.size()));
  }
  PacketRef packet = state.pool.allocate();
  if (!packet) return Error{ErrorCode::kLimitExceeded, "packet", "no packet buffer is free"};
  std::copy(bytes.begin(), bytes.end(), packet->data);
  packet->size = static_cast<std::uint16_t>(bytes.size());
  packet->arrival = now;
  return packet;
}

}  // namespace

Result<Reply> handle(State& state, const CreateDirectTransport& command, Instant now) {
  auto made = check_new_transport(state, command.room_id, command.peer_id, command.transport_id);
  if (!made) return made.error();
  if (command.max_message_size > kMaxDirectMessageSize) {
    return invalid_argument("maxMessageSize", "expected at most " + std::to_string(kMaxDirectMessageSize) +
                                                  " bytes, got " + std::to_string(command.max_message_size));
  }
  Transport& transport =
      state.add_direct_transport(*made->room, made->peer, made->id, command.max_message_size);
  state.after(transport, now);
  return Reply(DirectTransportReply{made->id});
}

Result<Reply> handle(State& state, const SendRtp& command, Instant now) {
  ProducerEntry* entry = find(state.producers, command.producer_id);
  if (entry == nullptr) return not_found("producerId", "producer", command.producer_id);
  transport::DirectTransport* direct = entry->transport->direct();
  if (direct == nullptr)
    return Error{ErrorCode::kInvalidState, "producerId", "the producer's transport is no direct transport"};
  auto packet = packet_of(state, command.packet, now);
  if (!packet) return packet.error();
  if (!rtp::PacketView::parse((*packet)->bytes())) return invalid_argument("packet", "this is no RTP packet");
  direct->note_received((*packet)->size, now);
  entry->transport->media.on_rtp(*packet, now);
  return Reply(Done{});
}

Result<Reply> handle(State& state, const SendRtcp& command, Instant now) {
  auto transport = direct_transport(state, command.transport_id);
  if (!transport) return transport.error();
  auto packet = packet_of(state, command.packet, now);
  if (!packet) return packet.error();
  (*transport)->direct()->note_received((*packet)->size, now);
  (*transport)->media.on_rtcp((*packet)->bytes(), now);
  (*transport)->media.mark_dirty();
  return Reply(Done{});
}

}  // namespace sluice::engine
