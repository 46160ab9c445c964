// fbs/transport.fbs ↔ the requests, replies and events of plain transports.
#pragma once

#include "sluice/event.h"
#include "sluice/reply.h"
#include "transport_generated.h"
#include "worker/control/reader.h"

namespace sluice::control {

CreatePlainTransport read_command(Reader& reader, const wire::CreatePlainTransport& table);
ConnectPlainTransport read_command(Reader& reader, const wire::ConnectPlainTransport& table);

wire::PlainTransportReplyT to_wire(const PlainTransportReply& reply);
wire::PlainConnectReplyT to_wire(const PlainConnectReply& reply);
wire::TupleChangeT to_wire(const TupleChange& event);
wire::RtcpTupleChangeT to_wire(const RtcpTupleChange& event);

}  // namespace sluice::control
