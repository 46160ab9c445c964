// fbs/direct_transport.fbs ↔ direct transports and their packets.
#pragma once

#include "direct_transport_generated.h"
#include "sluice/event.h"
#include "sluice/reply.h"
#include "worker/control/reader.h"

namespace sluice::control {

CreateDirectTransport read_command(Reader& reader, const wire::CreateDirectTransport& table);
SendRtp read_command(Reader& reader, const wire::SendRtp& table);
SendRtcp read_command(Reader& reader, const wire::SendRtcp& table);

wire::DirectTransportReplyT to_wire(const DirectTransportReply& reply);
wire::RtpReceivedT to_wire(const RtpReceived& event);
wire::RtcpReceivedT to_wire(const RtcpReceived& event);

}  // namespace sluice::control
