// fbs/peer.fbs ↔ the peer's requests, replies and events.
#pragma once

#include "peer_generated.h"
#include "sluice/event.h"
#include "sluice/reply.h"
#include "worker/control/reader.h"

namespace sluice::control {

CreatePeer read_command(Reader& reader, const wire::CreatePeer& table);
SetRemoteDescription read_command(Reader& reader, const wire::SetRemoteDescription& table);
SetLocalDescription read_command(Reader& reader, const wire::SetLocalDescription& table);
CreateOffer read_command(Reader& reader, const wire::CreateOffer& table);
CreateAnswer read_command(Reader& reader, const wire::CreateAnswer& table);
AddIceCandidate read_command(Reader& reader, const wire::AddIceCandidate& table);
SetCapabilities read_command(Reader& reader, const wire::SetCapabilities& table);
Subscribe read_command(Reader& reader, const wire::Subscribe& table);
Unsubscribe read_command(Reader& reader, const wire::Unsubscribe& table);

wire::PeerReplyT to_wire(const PeerReply& reply);
wire::DescriptionReplyT to_wire(const DescriptionReply& reply);
wire::NegotiationNeededT to_wire(const NegotiationNeeded& event);
wire::PeerTransportCreatedT to_wire(const PeerTransportCreated& event);

}  // namespace sluice::control
