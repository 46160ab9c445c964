// Plain transports: made with the sockets that the engine's owner has opened for them.
#include "engine/commands.h"

namespace sluice::engine {
namespace {

Result<std::optional<srtp::Suite>> check_suite(const CreatePlainTransport& command) {
  if (!command.enable_srtp) return std::optional<srtp::Suite>();
  const auto suite = srtp::parse_suite(command.srtp_crypto_suite);
  if (suite) return suite;
  return invalid_argument("srtpCryptoSuite",
                          "expected AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32, "
                          "AEAD_AES_128_GCM or AEAD_AES_256_GCM, got \"" +
                              command.srtp_crypto_suite + "\"");
}

Result<Reply> create(State& state, const CreatePlainTransport& command) {
  auto made = check_new_transport(state, command.room_id, command.peer_id, command.transport_id);
  if (!made) return made.error();
  if (command.enable_sctp)
    return Error{ErrorCode::kUnsupported, "enableSctp", "this worker has no SCTP on plain transports"};
  auto suite = check_suite(command);
  if (!suite) return suite.error();
  if (!command.socket) return Error{ErrorCode::kInternal, "listenInfo", "no socket was opened"};
  if (command.rtcp_socket.has_value() == command.rtcp_mux) {
    return Error{ErrorCode::kInternal, "rtcpListenInfo",
                 "a socket of RTCP's own belongs to a transport without rtcpMux, and to no other"};
  }
  const transport::PlainTransport& plain =
      *state
           .add_plain_transport(*made->room, made->peer, made->id,
                                {*command.socket, command.rtcp_socket, command.comedia, *suite})
           .plain();
  return Reply(PlainTransportReply{made->id, plain.rtcp_mux(), plain.comedia(),
                                   tuple_of(plain.socket(), plain.remote()), rtcp_tuple_of(plain),
                                   plain.srtp_parameters()});
}

}  // namespace

Result<Reply> handle(State& state, const CreatePlainTransport& command, Instant /*now*/) {
  auto reply = create(state, command);
  if (reply) return reply;
  // Nobody's: given back at once, so that a refusal leaves nothing open.
  if (command.socket) state.release_socket(command.socket->id);
  if (command.rtcp_socket) state.release_socket(command.rtcp_socket->id);
  return reply;
}

Result<Reply> handle(State& state, const ConnectPlainTransport& command, Instant now) {
  Transport* transport = find(state.transports, command.transport_id);
  if (transport == nullptr) return not_found("transportId", "transport", command.transport_id);
  transport::PlainTransport* plain = transport->plain();
  if (plain == nullptr) return invalid_argument("transportId", "the transport is no plain transport");
  auto connected =
      plain->connect({command.ip, command.port, command.rtcp_port, command.srtp_parameters}, state.random);
  if (!connected) return connected.error();
  state.after(*transport, now);
  return Reply(PlainConnectReply{tuple_of(plain->socket(), plain->remote()), rtcp_tuple_of(*plain),
                                 plain->srtp_parameters()});
}

}  // namespace sluice::engine
