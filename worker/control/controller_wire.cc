#include "worker/control/controller_wire.h"

#include "worker/control/rtp_parameters.h"

namespace sluice::control {
namespace {

Error broken(std::string message) {
  return {ErrorCode::kInternal, "", std::move(message)};
}

wire::ObjectKind to_wire_kind(ObjectKind kind) {
  return static_cast<wire::ObjectKind>(kind);
}

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

WebRtcTransportReply read_transport(const wire::WebRtcTransportReply& table) {
  WebRtcTransportReply reply;
  reply.transport_id = text_of(table.transport_id());
  if (const auto* ice = table.ice_parameters()) {
    reply.ice_parameters = {text_of(ice->username_fragment()), text_of(ice->password()), ice->ice_lite()};
  }
  for (const auto* candidate : *table.ice_candidates()) {
    IceCandidate out;
    out.foundation = text_of(candidate->foundation());
    out.priority = candidate->priority();
    out.address = text_of(candidate->address());
    out.protocol = static_cast<IceProtocol>(candidate->protocol());
    if (candidate->tcp_type() != wire::IceTcpType::UNSET)
      out.tcp_type = static_cast<IceTcpType>(static_cast<int>(candidate->tcp_type()) - 1);
    out.port = candidate->port();
    reply.ice_candidates.push_back(std::move(out));
  }
  if (const auto* dtls = table.dtls_parameters()) {
    reply.dtls_parameters.role = static_cast<DtlsRole>(dtls->role());
    for (const auto* fingerprint : *dtls->fingerprints()) {
      reply.dtls_parameters.fingerprints.push_back(
          {text_of(fingerprint->algorithm()), text_of(fingerprint->value())});
    }
  }
  return reply;
}

TransportTuple read_tuple(const wire::TransportTuple& table) {
  return {text_of(table.local_address()), table.local_port(), text_of(table.remote_ip()), table.remote_port(),
          text_of(table.protocol())};
}

std::optional<TransportTuple> read_optional_tuple(const wire::TransportTuple* table) {
  return table == nullptr ? std::nullopt : std::optional(read_tuple(*table));
}

std::optional<SrtpParameters> read_srtp(const wire::SrtpParameters* table) {
  if (table == nullptr) return std::nullopt;
  return SrtpParameters{text_of(table->crypto_suite()), text_of(table->key_base64())};
}

std::unique_ptr<wire::SrtpParametersT> wire_srtp(const std::optional<SrtpParameters>& srtp) {
  if (!srtp) return nullptr;
  auto table = std::make_unique<wire::SrtpParametersT>();
  table->crypto_suite = srtp->crypto_suite;
  table->key_base64 = srtp->key_base64;
  return table;
}

std::unique_ptr<wire::ListenInfoT> wire_listen_info(const std::optional<ListenInfo>& info) {
  if (!info) return nullptr;
  auto table = std::make_unique<wire::ListenInfoT>();
  table->protocol = static_cast<wire::IceProtocol>(info->protocol);
  table->ip = info->ip;
  table->announced_address = info->announced_address;
  table->port = info->port;
  table->port_range = std::make_unique<wire::PortRangeT>();
  table->port_range->min = info->port_range.min;
  table->port_range->max = info->port_range.max;
  table->flags = std::make_unique<wire::ListenFlagsT>();
  if (info->flags.ipv6_only) table->flags->ipv6_only = *info->flags.ipv6_only;
  table->flags->udp_reuse_port = info->flags.udp_reuse_port;
  table->send_buffer_size = info->send_buffer_size;
  table->recv_buffer_size = info->recv_buffer_size;
  return table;
}

Error read_error(const wire::Error& error) {
  return {static_cast<ErrorCode>(error.code()), text_of(error.field()), text_of(error.message())};
}

/// The reply as the table it must be, or the error in its place.
template <typename Table>
Result<const Table*> table_of(const wire::Response& response) {
  if (const wire::Error* error = response.error()) return read_error(*error);
  if (const auto* table = response.template reply_as<Table>()) return table;
  return broken("the worker's reply is not of the kind that was asked for");
}

}  // namespace

std::vector<std::uint8_t> pack_hello() {
  wire::HelloT hello;
  hello.protocol_version = kProtocolVersion;
  hello.product = "sluice-controller-cpp";
  return pack_frame(std::move(hello));
}

const wire::Frame* frame_of(const std::vector<std::uint8_t>& bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  return wire::VerifySizePrefixedFrameBuffer(verifier) ? wire::GetSizePrefixedFrame(bytes.data()) : nullptr;
}

Result<Hello> read_hello(const std::vector<std::uint8_t>& bytes) {
  const wire::Frame* frame = frame_of(bytes);
  if (frame != nullptr && frame->body_as_Failure() != nullptr &&
      frame->body_as_Failure()->error() != nullptr) {
    return broken("the worker refused: " + text_of(frame->body_as_Failure()->error()->message()));
  }
  const wire::Hello* hello = frame == nullptr ? nullptr : frame->body_as_Hello();
  if (hello == nullptr) return broken("the worker's first frame is no Hello");
  return Hello{hello->protocol_version(), text_of(hello->product()), text_of(hello->product_version()),
               hello->pid()};
}

wire::CreateRoomT to_table(const CreateRoom& command) {
  wire::CreateRoomT table;
  table.room_id = command.room_id;
  for (const auto& codec : to_wire(RtpCapabilities{command.media_codecs, {}}).codecs) {
    table.media_codecs.push_back(std::make_unique<wire::RtpCodecCapabilityT>(*codec));
  }
  return table;
}

wire::CreateWebRtcTransportT to_table(const CreateWebRtcTransport& command) {
  wire::CreateWebRtcTransportT table;
  table.room_id = command.room_id;
  table.peer_id = command.peer_id;
  table.transport_id = command.transport_id;
  table.ice_consent_timeout = command.ice_consent_timeout_seconds;
  if (command.candidates.enable_udp) table.enable_udp = *command.candidates.enable_udp;
  if (command.candidates.enable_tcp) table.enable_tcp = *command.candidates.enable_tcp;
  table.prefer_udp = command.candidates.prefer_udp;
  table.prefer_tcp = command.candidates.prefer_tcp;
  table.prefer_ipv4 = command.candidates.prefer_ipv4;
  table.prefer_ipv6 = command.candidates.prefer_ipv6;
  if (command.sctp.enable) {
    table.sctp = std::make_unique<wire::SctpOptionsT>();
    table.sctp->outgoing_streams = command.sctp.outgoing_streams;
    table.sctp->max_incoming_streams = command.sctp.max_incoming_streams;
    table.sctp->max_send_message_size = command.sctp.max_send_message_size;
    table.sctp->max_receive_message_size = command.sctp.max_receive_message_size;
    table.sctp->send_buffer_size = command.sctp.send_buffer_size;
    table.sctp->per_stream_send_queue_limit = command.sctp.per_stream_send_queue_limit;
    table.sctp->max_receiver_window_buffer_size = command.sctp.max_receiver_window_buffer_size;
  }
  return table;
}

wire::ConnectTransportT to_table(const ConnectTransport& command) {
  wire::ConnectTransportT table;
  table.transport_id = command.transport_id;
  table.dtls_parameters = std::make_unique<wire::DtlsParametersT>();
  table.dtls_parameters->role = static_cast<wire::DtlsRole>(command.dtls_parameters.role);
  for (const auto& fingerprint : command.dtls_parameters.fingerprints) {
    auto out = std::make_unique<wire::DtlsFingerprintT>();
    out->algorithm = fingerprint.algorithm;
    out->value = fingerprint.value;
    table.dtls_parameters->fingerprints.push_back(std::move(out));
  }
  return table;
}

wire::CreatePlainTransportT to_table(const CreatePlainTransport& command) {
  wire::CreatePlainTransportT table;
  table.room_id = command.room_id;
  table.peer_id = command.peer_id;
  table.transport_id = command.transport_id;
  table.listen_info = wire_listen_info(command.listen_info);
  table.rtcp_listen_info = wire_listen_info(command.rtcp_listen_info);
  table.rtcp_mux = command.rtcp_mux;
  table.comedia = command.comedia;
  table.enable_srtp = command.enable_srtp;
  table.srtp_crypto_suite = command.srtp_crypto_suite;
  table.enable_sctp = command.enable_sctp;
  return table;
}

wire::ConnectPlainTransportT to_table(const ConnectPlainTransport& command) {
  wire::ConnectPlainTransportT table;
  table.transport_id = command.transport_id;
  table.ip = command.ip;
  if (command.port) table.port = *command.port;
  if (command.rtcp_port) table.rtcp_port = *command.rtcp_port;
  table.srtp_parameters = wire_srtp(command.srtp_parameters);
  return table;
}

wire::ProduceT to_table(const Produce& command) {
  wire::ProduceT table;
  table.transport_id = command.transport_id;
  table.producer_id = command.producer_id;
  table.kind = to_wire(command.kind);
  table.rtp_parameters = std::make_unique<wire::RtpParametersT>(to_wire(command.rtp_parameters));
  table.paused = command.paused;
  return table;
}

wire::ConsumeT to_table(const Consume& command) {
  wire::ConsumeT table;
  table.transport_id = command.transport_id;
  table.consumer_id = command.consumer_id;
  table.producer_id = command.producer_id;
  table.rtp_capabilities = std::make_unique<wire::RtpCapabilitiesT>(to_wire(command.rtp_capabilities));
  table.paused = command.paused;
  table.mid = command.mid;
  if (command.enable_rtx) table.enable_rtx = *command.enable_rtx;
  if (command.preferred_layers) {
    table.preferred_layers = std::make_unique<wire::ConsumerLayersT>();
    table.preferred_layers->spatial_layer = command.preferred_layers->spatial;
    if (command.preferred_layers->temporal)
      table.preferred_layers->temporal_layer = *command.preferred_layers->temporal;
  }
  table.ignore_dtx = command.ignore_dtx;
  return table;
}

wire::ProduceDataT to_table(const ProduceData& command) {
  wire::ProduceDataT table;
  table.transport_id = command.transport_id;
  table.data_producer_id = command.data_producer_id;
  if (const auto& stream = command.sctp_stream_parameters) {
    table.sctp_stream_parameters = std::make_unique<wire::SctpStreamParametersT>();
    table.sctp_stream_parameters->stream_id = stream->stream_id;
    table.sctp_stream_parameters->ordered = stream->ordered;
  }
  table.label = command.label;
  table.protocol = command.protocol;
  table.paused = command.paused;
  return table;
}

wire::ConsumeDataT to_table(const ConsumeData& command) {
  wire::ConsumeDataT table;
  table.transport_id = command.transport_id;
  table.data_consumer_id = command.data_consumer_id;
  table.data_producer_id = command.data_producer_id;
  table.paused = command.paused;
  return table;
}

wire::CloseT to_table(const Close& command) {
  wire::CloseT table;
  table.kind = to_wire_kind(command.kind);
  table.id = command.id;
  return table;
}

wire::ResumeT to_table(const Resume& command) {
  wire::ResumeT table;
  table.kind = to_wire_kind(command.kind);
  table.id = command.id;
  return table;
}

wire::DumpT to_table(const Dump& command) {
  wire::DumpT table;
  table.kind = to_wire_kind(command.kind);
  table.id = command.id;
  return table;
}

wire::GetResourceUsageT to_table(const GetResourceUsage& /*command*/) {
  return {};
}

/// Whatever it replies, it was done.
template <>
Result<Done> read_reply<Done>(const wire::Response& response) {
  if (const wire::Error* error = response.error()) return read_error(*error);
  return Done{};
}

template <>
Result<RoomReply> read_reply<RoomReply>(const wire::Response& response) {
  const auto table = table_of<wire::RoomReply>(response);
  if (!table) return table.error();
  if ((*table)->rtp_capabilities() == nullptr) return broken("the worker's room has no capabilities");
  Reader reader;
  return RoomReply{text_of((*table)->room_id()),
                   read_rtp_capabilities(reader, *(*table)->rtp_capabilities())};
}

template <>
Result<WebRtcTransportReply> read_reply<WebRtcTransportReply>(const wire::Response& response) {
  const auto table = table_of<wire::WebRtcTransportReply>(response);
  if (!table) return table.error();
  return read_transport(**table);
}

template <>
Result<PlainTransportReply> read_reply<PlainTransportReply>(const wire::Response& response) {
  const auto table = table_of<wire::PlainTransportReply>(response);
  if (!table) return table.error();
  const wire::PlainTransportReply& reply = **table;
  if (reply.tuple() == nullptr) return broken("the worker's plain transport has no tuple");
  return PlainTransportReply{text_of(reply.transport_id()),
                             reply.rtcp_mux(),
                             reply.comedia(),
                             read_tuple(*reply.tuple()),
                             read_optional_tuple(reply.rtcp_tuple()),
                             read_srtp(reply.srtp_parameters())};
}

template <>
Result<PlainConnectReply> read_reply<PlainConnectReply>(const wire::Response& response) {
  const auto table = table_of<wire::PlainConnectReply>(response);
  if (!table) return table.error();
  const wire::PlainConnectReply& reply = **table;
  if (reply.tuple() == nullptr) return broken("the worker's plain transport has no tuple");
  return PlainConnectReply{read_tuple(*reply.tuple()), read_optional_tuple(reply.rtcp_tuple()),
                           read_srtp(reply.srtp_parameters())};
}

template <>
Result<ProducerReply> read_reply<ProducerReply>(const wire::Response& response) {
  const auto table = table_of<wire::ProducerReply>(response);
  if (!table) return table.error();
  return ProducerReply{text_of((*table)->producer_id()), text_of((*table)->type()), {}};
}

template <>
Result<ConsumerReply> read_reply<ConsumerReply>(const wire::Response& response) {
  const auto table = table_of<wire::ConsumerReply>(response);
  if (!table) return table.error();
  const wire::ConsumerReply& reply = **table;
  if (reply.rtp_parameters() == nullptr) return broken("the worker's consumer has no parameters");
  Reader reader;
  ConsumerReply out;
  out.consumer_id = text_of(reply.consumer_id());
  out.producer_id = text_of(reply.producer_id());
  out.kind = static_cast<MediaKind>(reply.kind());
  out.rtp_parameters = read_rtp_parameters(reader, *reply.rtp_parameters());
  out.type = text_of(reply.type());
  out.paused = reply.paused();
  out.producer_paused = reply.producer_paused();
  return out;
}

template <>
Result<DataConsumerReply> read_reply<DataConsumerReply>(const wire::Response& response) {
  const auto table = table_of<wire::DataConsumerReply>(response);
  if (!table) return table.error();
  const wire::DataConsumerReply& reply = **table;
  DataConsumerReply out;
  out.data_consumer_id = text_of(reply.data_consumer_id());
  out.data_producer_id = text_of(reply.data_producer_id());
  out.type = text_of(reply.type());
  if (const auto* stream = reply.sctp_stream_parameters())
    out.sctp_stream_parameters = SctpStreamParameters{stream->stream_id(), stream->ordered()};
  return out;
}

template <>
Result<DumpReply> read_reply<DumpReply>(const wire::Response& response) {
  const auto table = table_of<wire::DumpReply>(response);
  if (!table) return table.error();
  return DumpReply{text_of((*table)->json())};
}

template <>
Result<ResourceUsage> read_reply<ResourceUsage>(const wire::Response& response) {
  const auto table = table_of<wire::ResourceUsageReply>(response);
  if (!table) return table.error();
  ResourceUsage usage;
  usage.ru_utime = (*table)->ru_utime();
  usage.ru_stime = (*table)->ru_stime();
  usage.ru_maxrss = (*table)->ru_maxrss();
  return usage;
}

}  // namespace sluice::control
