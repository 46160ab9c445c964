#include <algorithm>
#include <limits>

#include "engine/commands.h"

namespace sluice::engine {
namespace {

/// A message is put together in memory; what a client may fill there is bounded.
constexpr std::uint32_t kMaxReceiveMessageSize = 16U << 20;

/// One of the two protocols: `wanted` unset takes what there is.
Result<bool> choose_protocol(const State& state, IceProtocol protocol, std::optional<bool> wanted,
                             const char* field) {
  const auto& sockets = state.options.sockets;
  const bool listens = std::any_of(sockets.begin(), sockets.end(),
                                   [&](const ListenSocket& s) { return s.protocol == protocol; });
  if (wanted == true && !listens) {
    const std::string name = protocol == IceProtocol::kUdp ? "UDP" : "TCP";
    return Error{
        ErrorCode::kUnsupported, field,
        "the worker does not listen on " + name + "; it does when its settings' listen has such an address"};
  }
  return listens && wanted.value_or(true);
}

Result<void> check_sctp(const SctpOptions& sctp) {
  if (!sctp.enable) return {};
  if (sctp.outgoing_streams == 0) return invalid_argument("numSctpStreams.OS", "expected 1 to 65535, got 0");
  if (sctp.max_incoming_streams == 0)
    return invalid_argument("numSctpStreams.MIS", "expected 1 to 65535, got 0");
  if (sctp.max_send_message_size == 0) return invalid_argument("maxSendMessageSize", "expected 1 or more");
  if (sctp.max_receive_message_size == 0 || sctp.max_receive_message_size > kMaxReceiveMessageSize) {
    return invalid_argument("maxReceiveMessageSize",
                            "expected 1 to " + std::to_string(kMaxReceiveMessageSize) + " bytes, got " +
                                std::to_string(sctp.max_receive_message_size));
  }
  return {};
}

Error not_webrtc() {
  return invalid_argument("transportId", "the transport is no WebRTC transport");
}

}  // namespace

Result<CandidateChoice> choose_candidates(const State& state, const CandidateOptions& options) {
  const auto udp = choose_protocol(state, IceProtocol::kUdp, options.enable_udp, "enableUdp");
  if (!udp) return udp.error();
  const auto tcp = choose_protocol(state, IceProtocol::kTcp, options.enable_tcp, "enableTcp");
  if (!tcp) return tcp.error();
  if (!*udp && !*tcp) {
    return invalid_argument(options.enable_udp == false ? "enableUdp" : "enableTcp",
                            "no candidate would be left: neither UDP nor TCP is enabled and listened on");
  }
  CandidateChoice choice{*udp, *tcp, options.prefer_tcp && !options.prefer_udp, std::nullopt};
  if (options.prefer_ipv4 || options.prefer_ipv6)
    choice.family_first = options.prefer_ipv4 ? IpFamily::kIPv4 : IpFamily::kIPv6;
  return choice;
}

Result<NewTransport> check_new_transport(State& state, const std::string& room_id, const std::string& peer_id,
                                         const std::string& transport_id) {
  NewTransport out;
  out.room = find(state.rooms, room_id);
  if (out.room == nullptr) return not_found("roomId", "room", room_id);
  if (!peer_id.empty()) {
    out.peer = find(state.peers, peer_id);
    if (out.peer == nullptr || out.peer->room != out.room)
      return not_found("peerId", "peer of this room", peer_id);
  }
  out.id = transport_id.empty() ? state.make_id() : transport_id;
  if (auto checked = check_id("transportId", out.id); !checked) return checked.error();
  if (state.transports.contains(out.id)) return already_exists("transportId", "transport", out.id);
  return out;
}

Result<Reply> handle(State& state, const CreateWebRtcTransport& command, Instant now) {
  auto made = check_new_transport(state, command.room_id, command.peer_id, command.transport_id);
  if (!made) return made.error();
  const auto choice = choose_candidates(state, command.candidates);
  if (!choice) return choice.error();
  if (auto valid = check_sctp(command.sctp); !valid) return valid.error();
  Transport& transport = state.add_webrtc_transport(
      *made->room, made->peer, made->id, std::chrono::seconds(command.ice_consent_timeout_seconds));
  WebRtcTransportReply reply{made->id,
                             state.ice_parameters(transport.webrtc()->ice().local()),
                             state.candidates(*choice),
                             DtlsParameters{DtlsRole::kAuto, state.fingerprints()},
                             {}};
  if (command.sctp.enable) {
    enable_data(state, transport, command.sctp, now);
    reply.sctp_parameters =
        SctpParameters{5000, command.sctp.outgoing_streams, command.sctp.max_incoming_streams,
                       command.sctp.max_receive_message_size};
  }
  return Reply(std::move(reply));
}

Result<Reply> handle(State& state, const ConnectTransport& command, Instant now) {
  Transport* transport = find(state.transports, command.transport_id);
  if (transport == nullptr) return not_found("transportId", "transport", command.transport_id);
  transport::WebRtcTransport* webrtc = transport->webrtc();
  if (webrtc == nullptr) return not_webrtc();
  if (command.dtls_parameters.fingerprints.empty()) {
    return invalid_argument("dtlsParameters.fingerprints",
                            "at least one fingerprint is needed to know the peer by");
  }
  auto role = webrtc->connect(command.dtls_parameters, now);
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
  if (transport->webrtc() == nullptr) return not_webrtc();
  const ice::Credentials credentials = state.make_credentials();
  transport->webrtc()->restart_ice(credentials);
  state.add_ufrag(*transport, credentials.ufrag);
  const IceParameters parameters = state.ice_parameters(credentials);
  if (peer != nullptr && peer->jsep) {
    peer->jsep->set_local_ice(parameters, state.candidates(peer->candidates));
  }
  return Reply(IceParametersReply{parameters});
}

Result<Reply> handle(State& state, const SetBitrateLimit& command, Instant now) {
  Transport* transport = find(state.transports, command.transport_id);
  if (transport == nullptr) return not_found("transportId", "transport", command.transport_id);
  BitrateLimits limits = transport->bitrate_limits;
  limits[static_cast<std::size_t>(command.limit)] = command.bitrate;
  const std::uint32_t max = limits[static_cast<std::size_t>(BitrateLimit::kMaxOutgoing)];
  const std::uint32_t min = limits[static_cast<std::size_t>(BitrateLimit::kMinOutgoing)];
  if (max != 0 && min > max) {
    return invalid_argument("bitrate", "the least outgoing bitrate (" + std::to_string(min) +
                                           " bps) would be above the greatest (" + std::to_string(max) +
                                           " bps)");
  }
  transport->bitrate_limits = limits;
  transport->media.set_bitrate_limit(command.limit, command.bitrate, now);
  if (transport->negotiated_limit != 0) limit_outgoing(*transport, now);
  return Reply(Done{});
}

void limit_outgoing(Transport& transport, Instant now) {
  const std::uint32_t commanded =
      transport.bitrate_limits[static_cast<std::size_t>(BitrateLimit::kMaxOutgoing)];
  const std::uint32_t least = transport.bitrate_limits[static_cast<std::size_t>(BitrateLimit::kMinOutgoing)];
  std::uint64_t most = transport.negotiated_limit;
  if (most == 0 || (commanded != 0 && commanded < most)) most = commanded;
  if (most != 0) most = std::clamp<std::uint64_t>(most, least, std::numeric_limits<std::uint32_t>::max());
  transport.media.set_bitrate_limit(BitrateLimit::kMaxOutgoing, static_cast<std::uint32_t>(most), now);
}

}  // namespace sluice::engine
