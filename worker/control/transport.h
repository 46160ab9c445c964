// fbs/transport.fbs ↔ the transport's requests, replies, events and statistics.
#pragma once

#include "sluice/event.h"
#include "sluice/reply.h"
#include "transport_generated.h"
#include "worker/control/reader.h"

namespace sluice::control {

CreateWebRtcTransport read_command(Reader& reader, const wire::CreateWebRtcTransport& table);
ConnectTransport read_command(Reader& reader, const wire::ConnectTransport& table);
RestartIce read_command(Reader& reader, const wire::RestartIce& table);
SetBitrateLimit read_command(Reader& reader, const wire::SetBitrateLimit& table);

/// Of a request that makes a transport: the fields are called the same in each.
template <typename Table>
CandidateOptions read_candidate_options(const Table& table) {
  return {Reader::optional(table.enable_udp()),
          Reader::optional(table.enable_tcp()),
          table.prefer_udp(),
          table.prefer_tcp(),
          table.prefer_ipv4(),
          table.prefer_ipv6()};
}

wire::WebRtcTransportReplyT to_wire(const WebRtcTransportReply& reply);
wire::ConnectReplyT to_wire(const ConnectReply& reply);
wire::IceParametersReplyT to_wire(const IceParametersReply& reply);
wire::TransportTupleT to_wire(const TransportTuple& tuple);
wire::TransportStatsT to_wire(const TransportStats& stats);
wire::IceStateChangeT to_wire(const IceStateChange& event);
wire::IceSelectedTupleChangeT to_wire(const IceSelectedTupleChange& event);
wire::DtlsStateChangeT to_wire(const DtlsStateChange& event);

}  // namespace sluice::control
