#include "worker/control/plain_transport.h"

#include "worker/control/transport.h"

namespace sluice::control {
// Static, not in an unnamed namespace: these overload the public to_wire().

static ListenInfo read_listen_info(Reader& reader, const wire::ListenInfo& table) {
  ListenInfo info;
  info.protocol = reader.choice<IceProtocol>("protocol", table.protocol());
  info.ip = reader.text("ip", table.ip());
  info.announced_address = reader.text("announcedAddress", table.announced_address());
  info.port = table.port();
  if (const auto* range = table.port_range()) info.port_range = {range->min(), range->max()};
  if (const auto* flags = table.flags())
    info.flags = {Reader::optional(flags->ipv6_only()), flags->udp_reuse_port()};
  info.send_buffer_size = table.send_buffer_size();
  info.recv_buffer_size = table.recv_buffer_size();
  return info;
}

static std::optional<ListenInfo> read_optional(Reader& reader, const char* field,
                                               const wire::ListenInfo* table) {
  if (table == nullptr) return std::nullopt;
  return reader.required(field, table,
                         [&](const wire::ListenInfo& info) { return read_listen_info(reader, info); });
}

static std::unique_ptr<wire::TransportTupleT> wire_tuple(const std::optional<TransportTuple>& tuple) {
  return tuple ? std::make_unique<wire::TransportTupleT>(to_wire(*tuple)) : nullptr;
}

static std::unique_ptr<wire::SrtpParametersT> wire_srtp(const std::optional<SrtpParameters>& srtp) {
  if (!srtp) return nullptr;
  auto table = std::make_unique<wire::SrtpParametersT>();
  table->crypto_suite = srtp->crypto_suite;
  table->key_base64 = srtp->key_base64;
  return table;
}

CreatePlainTransport read_command(Reader& reader, const wire::CreatePlainTransport& table) {
  CreatePlainTransport command;
  command.room_id = reader.required_id("roomId", table.room_id());
  command.peer_id = reader.id("peerId", table.peer_id());
  command.transport_id = reader.id("transportId", table.transport_id());
  command.listen_info = read_optional(reader, "listenInfo", table.listen_info());
  command.rtcp_listen_info = read_optional(reader, "rtcpListenInfo", table.rtcp_listen_info());
  command.rtcp_mux = table.rtcp_mux();
  command.comedia = table.comedia();
  command.enable_srtp = table.enable_srtp();
  if (table.srtp_crypto_suite() != nullptr && !table.srtp_crypto_suite()->str().empty())
    command.srtp_crypto_suite = reader.text("srtpCryptoSuite", table.srtp_crypto_suite());
  command.enable_sctp = table.enable_sctp();
  return command;
}

ConnectPlainTransport read_command(Reader& reader, const wire::ConnectPlainTransport& table) {
  ConnectPlainTransport command;
  command.transport_id = reader.required_id("transportId", table.transport_id());
  command.ip = reader.text("ip", table.ip());
  command.port = Reader::optional(table.port());
  command.rtcp_port = Reader::optional(table.rtcp_port());
  if (table.srtp_parameters() == nullptr) return command;
  command.srtp_parameters = reader.required(
      "srtpParameters", table.srtp_parameters(), [&](const wire::SrtpParameters& srtp) -> SrtpParameters {
        return {reader.text("cryptoSuite", srtp.crypto_suite()), reader.text("keyBase64", srtp.key_base64())};
      });
  return command;
}

wire::PlainTransportReplyT to_wire(const PlainTransportReply& reply) {
  wire::PlainTransportReplyT table;
  table.transport_id = reply.transport_id;
  table.rtcp_mux = reply.rtcp_mux;
  table.comedia = reply.comedia;
  table.tuple = wire_tuple(reply.tuple);
  table.rtcp_tuple = wire_tuple(reply.rtcp_tuple);
  table.srtp_parameters = wire_srtp(reply.srtp_parameters);
  return table;
}

wire::PlainConnectReplyT to_wire(const PlainConnectReply& reply) {
  wire::PlainConnectReplyT table;
  table.tuple = wire_tuple(reply.tuple);
  table.rtcp_tuple = wire_tuple(reply.rtcp_tuple);
  table.srtp_parameters = wire_srtp(reply.srtp_parameters);
  return table;
}

wire::TupleChangeT to_wire(const TupleChange& event) {
  wire::TupleChangeT table;
  table.transport_id = event.transport_id;
  table.tuple = wire_tuple(event.tuple);
  return table;
}

wire::RtcpTupleChangeT to_wire(const RtcpTupleChange& event) {
  wire::RtcpTupleChangeT table;
  table.transport_id = event.transport_id;
  table.rtcp_tuple = wire_tuple(event.tuple);
  return table;
}

}  // namespace sluice::control
