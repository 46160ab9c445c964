#include "worker/control/peer.h"

#include "worker/control/rtp_parameters.h"
#include "worker/control/transport.h"

namespace sluice::control {
// Static, not in an unnamed namespace: these overload the public to_wire().
static_assert(static_cast<int>(SdpType::kRollback) == static_cast<int>(wire::SdpType::ROLLBACK));

template <typename Description, typename Table>
static Description read_description(Reader& reader, const Table& table) {
  Description description;
  description.peer_id = reader.required_id("peerId", table.peer_id());
  description.type = reader.choice<SdpType>("type", table.type());
  description.sdp = reader.text("sdp", table.sdp(), Reader::kMaxSdp);
  return description;
}

static wire::SectionInfoT to_wire(const SectionInfo& section) {
  wire::SectionInfoT table;
  table.mid = section.mid;
  table.kind = to_wire(section.kind);
  table.sending = section.sending;
  table.receiving = section.receiving;
  table.producer_id = section.producer_id;
  table.consumer_id = section.consumer_id;
  table.source_peer_id = section.source_peer_id;
  return table;
}

CreatePeer read_command(Reader& reader, const wire::CreatePeer& table) {
  CreatePeer command;
  command.room_id = reader.required_id("roomId", table.room_id());
  command.peer_id = reader.id("peerId", table.peer_id());
  command.name = reader.text("name", table.name());
  // MANUAL is the wire's default and so its zero; the numbers differ from the engine's.
  reader.choice<int>("subscription", table.subscription());
  command.subscription =
      table.subscription() == wire::Subscription::ALL ? Subscription::kAll : Subscription::kManual;
  command.candidates = read_candidate_options(table);
  command.produce_data = table.produce_data();
  return command;
}

SetRemoteDescription read_command(Reader& reader, const wire::SetRemoteDescription& table) {
  return read_description<SetRemoteDescription>(reader, table);
}

SetLocalDescription read_command(Reader& reader, const wire::SetLocalDescription& table) {
  return read_description<SetLocalDescription>(reader, table);
}

CreateOffer read_command(Reader& reader, const wire::CreateOffer& table) {
  return {reader.required_id("peerId", table.peer_id()), table.offer_to_receive_audio(),
          table.offer_to_receive_video()};
}

CreateAnswer read_command(Reader& reader, const wire::CreateAnswer& table) {
  return {reader.required_id("peerId", table.peer_id())};
}

AddIceCandidate read_command(Reader& reader, const wire::AddIceCandidate& table) {
  AddIceCandidate command;
  command.peer_id = reader.required_id("peerId", table.peer_id());
  command.candidate = reader.text("candidate", table.candidate());
  if (table.sdp_mid() != nullptr) command.sdp_mid = reader.text("sdpMid", table.sdp_mid());
  command.sdp_m_line_index = Reader::optional(table.sdp_m_line_index());
  command.username_fragment = reader.text("usernameFragment", table.username_fragment());
  return command;
}

SetCapabilities read_command(Reader& reader, const wire::SetCapabilities& table) {
  return {reader.required_id("peerId", table.peer_id()), reader.text("sdp", table.sdp(), Reader::kMaxSdp)};
}

Subscribe read_command(Reader& reader, const wire::Subscribe& table) {
  return {reader.required_id("peerId", table.peer_id()),
          reader.required_id("producerId", table.producer_id())};
}

Unsubscribe read_command(Reader& reader, const wire::Unsubscribe& table) {
  return {reader.required_id("peerId", table.peer_id()),
          reader.required_id("producerId", table.producer_id())};
}

wire::PeerReplyT to_wire(const PeerReply& reply) {
  wire::PeerReplyT table;
  table.peer_id = reply.peer_id;
  return table;
}

wire::DescriptionReplyT to_wire(const DescriptionReply& reply) {
  wire::DescriptionReplyT table;
  table.type = static_cast<wire::SdpType>(reply.type);
  table.sdp = reply.sdp;
  table.signaling_state = reply.signaling_state;
  for (const SectionInfo& section : reply.sections) {
    table.sections.push_back(std::make_unique<wire::SectionInfoT>(to_wire(section)));
  }
  return table;
}

wire::NegotiationNeededT to_wire(const NegotiationNeeded& event) {
  wire::NegotiationNeededT table;
  table.peer_id = event.peer_id;
  return table;
}

wire::PeerTransportCreatedT to_wire(const PeerTransportCreated& event) {
  wire::PeerTransportCreatedT table;
  table.peer_id = event.peer_id;
  table.transport_id = event.transport_id;
  return table;
}

}  // namespace sluice::control
