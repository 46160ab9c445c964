#include "engine/commands.h"

namespace sluice::engine {

Result<Reply> handle(State& state, const CreateWebRtcTransport& command, Instant /*now*/) {
  Room* room = find(state.rooms, command.room_id);
  if (room == nullptr) return not_found("roomId", "room", command.room_id);
  Peer* peer = nullptr;
  if (!command.peer_id.empty()) {
    peer = find(state.peers, command.peer_id);
    if (peer == nullptr || peer->room != room)
      return not_found("peerId", "peer of this room", command.peer_id);
  }
  const std::string id = command.transport_id.empty() ? state.make_id() : command.transport_id;
  if (auto checked = check_id("transportId", id); !checked) return checked.error();
  if (state.transports.contains(id)) return already_exists("transportId", "transport", id);
  Transport& transport =
      state.add_transport(*room, peer, id, std::chrono::seconds(command.ice_consent_timeout_seconds));
  return Reply(WebRtcTransportReply{id, state.ice_parameters(transport.webrtc.ice().local()),
                                    state.candidates(),
                                    DtlsParameters{DtlsRole::kAuto, state.fingerprints()}});
}

Result<Reply> handle(State& state, const ConnectTransport& command, Instant now) {
  Transport* transport = find(state.transports, command.transport_id);
  if (transport == nullptr) return not_found("transportId", "transport", command.transport_id);
  if (command.dtls_parameters.fingerprints.empty()) {
    return invalid_argument("dtlsParameters.fingerprints",
                            "at least one fingerprint is needed to know the peer by");
  }
  auto role = transport->webrtc.connect(command.dtls_parameters, now);
  if (!role) return role.error();
  state.after(*transport, now);
  return Reply(ConnectReply{*role});
}

Result<Reply> handle(State& state, const RestartIce& command, Instant /*now*/) {
  Transport* transport = nullptr;
  Peer* peer = nullptr;
  if (!command.peer_id.empty()) {
    peer = find(state.peers, command.peer_id);
    if (peer == nullptr) return not_found("peerId", "peer", command.peer_id);
    transport = peer->jsep_transport;
    if (transport == nullptr)
      return Error{ErrorCode::kInvalidState, "peerId",
                   "the peer has no transport yet: nothing was negotiated with it"};
  } else {
    transport = find(state.transports, command.transport_id);
    if (transport == nullptr) return not_found("transportId", "transport", command.transport_id);
  }
  const ice::Credentials credentials = state.make_credentials();
  transport->webrtc.restart_ice(credentials);
  state.add_ufrag(*transport, credentials.ufrag);
  const IceParameters parameters = state.ice_parameters(credentials);
  if (peer != nullptr && peer->jsep) {
    peer->jsep->set_local_ice(parameters, state.candidates());
    peer->negotiation_reported = false;
  }
  return Reply(IceParametersReply{parameters});
}

}  // namespace sluice::engine
