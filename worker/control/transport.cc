#include "worker/control/transport.h"

namespace sluice::control {
// Static, not in an unnamed namespace: these overload the public to_wire().
static_assert(static_cast<int>(DtlsRole::kServer) == static_cast<int>(wire::DtlsRole::SERVER));
static_assert(static_cast<int>(IceProtocol::kTcp) == static_cast<int>(wire::IceProtocol::TCP));
static_assert(static_cast<int>(IceCandidateType::kRelay) == static_cast<int>(wire::IceCandidateType::RELAY));
static_assert(static_cast<int>(BitrateLimit::kMinOutgoing) ==
              static_cast<int>(wire::BitrateLimit::MIN_OUTGOING));
static_assert(static_cast<int>(IceTcpType::kSo) + 1 == static_cast<int>(wire::IceTcpType::SO));

template <typename T>
static void set(flatbuffers::Optional<T>& field, const std::optional<T>& value) {
  if (value) field = *value;
}

static DtlsFingerprint read_fingerprint(Reader& reader, const wire::DtlsFingerprint& table) {
  return {reader.text("algorithm", table.algorithm()), reader.text("value", table.value())};
}

static DtlsParameters read_dtls_parameters(Reader& reader, const wire::DtlsParameters& table) {
  DtlsParameters parameters;
  parameters.role = reader.choice<DtlsRole>("role", table.role());
  parameters.fingerprints =
      reader.list("fingerprints", table.fingerprints(),
                  [&](const wire::DtlsFingerprint& f) { return read_fingerprint(reader, f); });
  return parameters;
}

static wire::IceParametersT to_wire(const IceParameters& parameters) {
  wire::IceParametersT table;
  table.username_fragment = parameters.username_fragment;
  table.password = parameters.password;
  table.ice_lite = parameters.ice_lite;
  return table;
}

static wire::IceCandidateT to_wire(const IceCandidate& candidate) {
  wire::IceCandidateT table;
  table.foundation = candidate.foundation;
  table.priority = candidate.priority;
  table.address = candidate.address;
  table.protocol = static_cast<wire::IceProtocol>(candidate.protocol);
  table.port = candidate.port;
  table.type = static_cast<wire::IceCandidateType>(candidate.type);
  if (candidate.tcp_type)
    table.tcp_type = static_cast<wire::IceTcpType>(static_cast<int>(*candidate.tcp_type) + 1);
  return table;
}

static wire::DtlsParametersT to_wire(const DtlsParameters& parameters) {
  wire::DtlsParametersT table;
  table.role = static_cast<wire::DtlsRole>(parameters.role);
  for (const DtlsFingerprint& fingerprint : parameters.fingerprints) {
    auto& entry = table.fingerprints.emplace_back(std::make_unique<wire::DtlsFingerprintT>());
    entry->algorithm = fingerprint.algorithm;
    entry->value = fingerprint.value;
  }
  return table;
}

static SctpOptions read_sctp_options(const wire::SctpOptions& table) {
  return {true,
          table.outgoing_streams(),
          table.max_incoming_streams(),
          table.max_send_message_size(),
          table.max_receive_message_size(),
          table.send_buffer_size(),
          table.per_stream_send_queue_limit(),
          table.max_receiver_window_buffer_size()};
}

CreateWebRtcTransport read_command(Reader& reader, const wire::CreateWebRtcTransport& table) {
  CreateWebRtcTransport command;
  command.room_id = reader.id("roomId", table.room_id());
  command.peer_id = reader.id("peerId", table.peer_id());
  command.transport_id = reader.id("transportId", table.transport_id());
  command.ice_consent_timeout_seconds = table.ice_consent_timeout();
  command.candidates = read_candidate_options(table);
  if (const auto* sctp = table.sctp()) command.sctp = read_sctp_options(*sctp);
  if (command.room_id.empty() && command.peer_id.empty()) {
    reader.fail("roomId", "missing: expected the room or the peer that the transport belongs to");
  }
  return command;
}

ConnectTransport read_command(Reader& reader, const wire::ConnectTransport& table) {
  ConnectTransport command;
  command.transport_id = reader.required_id("transportId", table.transport_id());
  command.dtls_parameters = reader.required(
      "dtlsParameters", table.dtls_parameters(),
      [&](const wire::DtlsParameters& parameters) { return read_dtls_parameters(reader, parameters); });
  return command;
}

RestartIce read_command(Reader& reader, const wire::RestartIce& table) {
  RestartIce command{reader.id("transportId", table.transport_id()), reader.id("peerId", table.peer_id())};
  if (command.transport_id.empty() == command.peer_id.empty()) {
    reader.fail("transportId", "expected the id of a transport, or in peerId that of a peer, and not both");
  }
  return command;
}

SetBitrateLimit read_command(Reader& reader, const wire::SetBitrateLimit& table) {
  SetBitrateLimit command;
  command.transport_id = reader.required_id("transportId", table.transport_id());
  command.limit = reader.choice<BitrateLimit>("limit", table.limit());
  command.bitrate = table.bitrate();
  return command;
}

wire::WebRtcTransportReplyT to_wire(const WebRtcTransportReply& reply) {
  wire::WebRtcTransportReplyT table;
  table.transport_id = reply.transport_id;
  table.ice_parameters = std::make_unique<wire::IceParametersT>(to_wire(reply.ice_parameters));
  for (const IceCandidate& candidate : reply.ice_candidates) {
    table.ice_candidates.push_back(std::make_unique<wire::IceCandidateT>(to_wire(candidate)));
  }
  table.dtls_parameters = std::make_unique<wire::DtlsParametersT>(to_wire(reply.dtls_parameters));
  if (const auto& sctp = reply.sctp_parameters) {
    table.sctp_parameters = std::make_unique<wire::SctpParametersT>();
    table.sctp_parameters->port = sctp->port;
    table.sctp_parameters->outgoing_streams = sctp->outgoing_streams;
    table.sctp_parameters->max_incoming_streams = sctp->max_incoming_streams;
    table.sctp_parameters->max_message_size = sctp->max_message_size;
  }
  return table;
}

wire::ConnectReplyT to_wire(const ConnectReply& reply) {
  wire::ConnectReplyT table;
  table.dtls_local_role = static_cast<wire::DtlsRole>(reply.dtls_local_role);
  return table;
}

wire::IceParametersReplyT to_wire(const IceParametersReply& reply) {
  wire::IceParametersReplyT table;
  table.ice_parameters = std::make_unique<wire::IceParametersT>(to_wire(reply.ice_parameters));
  return table;
}

wire::TransportTupleT to_wire(const TransportTuple& tuple) {
  wire::TransportTupleT table;
  table.local_address = tuple.local_address;
  table.local_port = tuple.local_port;
  table.remote_ip = tuple.remote_address;
  table.remote_port = tuple.remote_port;
  table.protocol = tuple.protocol;
  return table;
}

wire::TransportStatsT to_wire(const TransportStats& stats) {
  wire::TransportStatsT table;
  table.transport_id = stats.transport_id;
  table.timestamp = stats.timestamp;
  table.ice_state = stats.ice_state;
  table.dtls_state = stats.dtls_state;
  if (stats.tuple) table.ice_selected_tuple = std::make_unique<wire::TransportTupleT>(to_wire(*stats.tuple));
  table.bytes_received = stats.bytes_received;
  table.bytes_sent = stats.bytes_sent;
  table.recv_bitrate = stats.recv_bitrate;
  table.send_bitrate = stats.send_bitrate;
  table.rtp_bytes_received = stats.rtp_bytes_received;
  table.rtp_bytes_sent = stats.rtp_bytes_sent;
  table.rtx_bytes_received = stats.rtx_bytes_received;
  table.rtx_bytes_sent = stats.rtx_bytes_sent;
  table.packets_received = stats.packets_received;
  table.packets_sent = stats.packets_sent;
  for (const auto& [reason, count] : stats.dropped) {
    auto& counter = table.dropped.emplace_back(std::make_unique<wire::CounterT>());
    counter->name = reason;
    counter->value = count;
  }
  if (stats.rtcp_tuple)
    table.rtcp_tuple = std::make_unique<wire::TransportTupleT>(to_wire(*stats.rtcp_tuple));
  table.rtcp_mux = stats.rtcp_mux;
  table.comedia = stats.comedia;
  table.probation_bytes_sent = stats.probation_bytes_sent;
  table.rtp_recv_bitrate = stats.rtp_recv_bitrate;
  table.rtp_send_bitrate = stats.rtp_send_bitrate;
  table.rtx_recv_bitrate = stats.rtx_recv_bitrate;
  table.rtx_send_bitrate = stats.rtx_send_bitrate;
  table.probation_send_bitrate = stats.probation_send_bitrate;
  set(table.available_outgoing_bitrate, stats.available_outgoing_bitrate);
  set(table.available_incoming_bitrate, stats.available_incoming_bitrate);
  set(table.max_incoming_bitrate, stats.max_incoming_bitrate);
  set(table.max_outgoing_bitrate, stats.max_outgoing_bitrate);
  set(table.min_outgoing_bitrate, stats.min_outgoing_bitrate);
  set(table.rtp_packet_loss_received, stats.rtp_packet_loss_received);
  set(table.rtp_packet_loss_sent, stats.rtp_packet_loss_sent);
  table.sctp_state = stats.sctp_state;
  return table;
}

wire::IceStateChangeT to_wire(const IceStateChange& event) {
  wire::IceStateChangeT table;
  table.transport_id = event.transport_id;
  table.ice_state = event.ice_state;
  return table;
}

wire::IceSelectedTupleChangeT to_wire(const IceSelectedTupleChange& event) {
  wire::IceSelectedTupleChangeT table;
  table.transport_id = event.transport_id;
  table.ice_selected_tuple = std::make_unique<wire::TransportTupleT>(to_wire(event.tuple));
  return table;
}

wire::DtlsStateChangeT to_wire(const DtlsStateChange& event) {
  wire::DtlsStateChangeT table;
  table.transport_id = event.transport_id;
  table.dtls_state = event.dtls_state;
  table.dtls_remote_cert = event.remote_cert;
  table.reason = event.reason;
  return table;
}

}  // namespace sluice::control
