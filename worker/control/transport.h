// fbs/transport.fbs ↔ the transport's requests, replies, events and statistics.
#pragma once

#include "sluice/command.h"
#include "sluice/event.h"
#include "transport_generated.h"
#include "worker/control/reader.h"

namespace sluice::control {

CreateWebRtcTransport read_command(Reader& reader, const wire::CreateWebRtcTransport& table);
ConnectTransport read_command(Reader& reader, const wire::ConnectTransport& table);
RestartIce read_command(Reader& reader, const wire::RestartIce& table);
SetBitrateLimit read_command(Reader& reader, const wire::SetBitrateLimit& table);

wire::WebRtcTransportReplyT to_wire(const WebRtcTransportReply& reply);
wire::ConnectReplyT to_wire(const ConnectReply& reply);
wire::IceParametersReplyT to_wire(const IceParametersReply& reply);
wire::TransportTupleT to_wire(const TransportTuple& tuple);
wire::TransportStatsT to_wire(const TransportStats& stats);
wire::IceStateChangeT to_wire(const IceStateChange& event);
wire::IceSelectedTupleChangeT to_wire(const IceSelectedTupleChange& event);
wire::DtlsStateChangeT to_wire(const DtlsStateChange& event);

}  // namespace sluice::control
