// Peers, and their descriptions one step at a time.
#include "engine/commands.h"

namespace sluice::engine {
namespace {

constexpr std::size_t kMaxSdpSize = 256 * 1024;

/// The peer with its JSEP session ready, or an error that names the field.
Result<Peer*> jsep_peer(State& state, std::string_view peer_id) {
  Peer* peer = find(state.peers, peer_id);
  if (peer == nullptr) return not_found("peerId", "peer", peer_id);
  if (!peer->jsep) start_jsep(state, *peer);
  return peer;
}

Reply description_reply(State& state, const Peer& peer, SdpType type, std::string sdp) {
  return DescriptionReply{type, std::move(sdp), std::string(to_string(peer.jsep->signaling_state())),
                          sections_of(state, peer)};
}

}  // namespace

Result<Reply> handle(State& state, const CreatePeer& command, Instant /*now*/) {
  Room* room = find(state.rooms, command.room_id);
  if (room == nullptr) return not_found("roomId", "room", command.room_id);
  const std::string id = command.peer_id.empty() ? state.make_id() : command.peer_id;
  if (auto checked = check_id("peerId", id); !checked) return checked.error();
  if (state.peers.contains(id)) return already_exists("peerId", "peer", id);
  if (command.name.size() > 256) return invalid_argument("name", "a name is at most 256 bytes");
  for (const Peer* other : room->peers) {
    if (!command.name.empty() && other->name == command.name)
      return already_exists("name", "peer in this room", command.name);
  }
  const auto candidates = choose_candidates(state, command.candidates);
  if (!candidates) return candidates.error();
  auto owned = std::make_unique<Peer>();
  Peer& peer = *owned;
  peer.id = id;
  peer.name = command.name;
  peer.room = room;
  peer.subscription = command.subscription;
  peer.candidates = *candidates;
  room->peers.push_back(&peer);
  state.peers.emplace(id, std::move(owned));
  if (peer.subscription == Subscription::kAll) start_jsep(state, peer);
  return Reply(PeerReply{id});
}

Result<Reply> handle(State& state, const SetRemoteDescription& command, Instant now) {
  auto peer = jsep_peer(state, command.peer_id);
  if (!peer) return peer.error();
  if (command.sdp.size() > kMaxSdpSize) return invalid_argument("sdp", "a description is at most 256 KiB");
  Peer& p = **peer;
  if (auto set = p.jsep->set_remote_description(command.type, command.sdp); !set) return set.error();
  p.negotiation_reported = false;
  apply_effects(state, p, now);
  return description_reply(state, p, command.type, command.sdp);
}

Result<Reply> handle(State& state, const SetLocalDescription& command, Instant now) {
  auto peer = jsep_peer(state, command.peer_id);
  if (!peer) return peer.error();
  Peer& p = **peer;
  if (auto set = p.jsep->set_local_description(command.type, command.sdp); !set) return set.error();
  p.negotiation_reported = false;
  const std::string sdp = command.type == SdpType::kAnswer ? p.jsep->current_local_description()
                                                           : p.jsep->pending_local_description();
  apply_effects(state, p, now);
  return description_reply(state, p, command.type, sdp);
}

Result<Reply> handle(State& state, const CreateOffer& command, Instant /*now*/) {
  auto peer = jsep_peer(state, command.peer_id);
  if (!peer) return peer.error();
  auto sdp = (*peer)->jsep->create_offer({command.receive_audio, command.receive_video});
  if (!sdp) return sdp.error();
  return description_reply(state, **peer, SdpType::kOffer, std::move(*sdp));
}

Result<Reply> handle(State& state, const CreateAnswer& command, Instant /*now*/) {
  auto peer = jsep_peer(state, command.peer_id);
  if (!peer) return peer.error();
  auto sdp = (*peer)->jsep->create_answer();
  if (!sdp) return sdp.error();
  return description_reply(state, **peer, SdpType::kAnswer, std::move(*sdp));
}

Result<Reply> handle(State& state, const AddIceCandidate& command, Instant /*now*/) {
  auto peer = jsep_peer(state, command.peer_id);
  if (!peer) return peer.error();
  // An ICE-lite agent sends no checks (RFC 8445 §2.5): the candidate is checked for form and needed no
  // further.
  auto candidate = (*peer)->jsep->add_ice_candidate(command.candidate, command.sdp_mid,
                                                    command.sdp_m_line_index, command.username_fragment);
  if (!candidate) return candidate.error();
  return Reply(Done{});
}

Result<Reply> handle(State& state, const SetCapabilities& command, Instant /*now*/) {
  auto peer = jsep_peer(state, command.peer_id);
  if (!peer) return peer.error();
  if (command.sdp.size() > kMaxSdpSize) return invalid_argument("sdp", "a description is at most 256 KiB");
  if (auto set = (*peer)->jsep->set_capabilities(command.sdp); !set) return set.error();
  return Reply(Done{});
}

Result<Reply> handle(State& state, const Subscribe& command, Instant /*now*/) {
  auto peer = jsep_peer(state, command.peer_id);
  if (!peer) return peer.error();
  ProducerEntry* producer = find(state.producers, command.producer_id);
  if (producer == nullptr || producer->transport->room != (*peer)->room)
    return not_found("producerId", "producer of this room", command.producer_id);
  if (offered_track(**peer, command.producer_id) != nullptr)
    return already_exists("producerId", "subscription of this peer", command.producer_id);
  offer_track(state, **peer, *producer);
  return Reply(Done{});
}

Result<Reply> handle(State& state, const Unsubscribe& command, Instant /*now*/) {
  auto peer = jsep_peer(state, command.peer_id);
  if (!peer) return peer.error();
  const std::string* track = offered_track(**peer, command.producer_id);
  if (track == nullptr) return not_found("producerId", "subscription of this peer", command.producer_id);
  if (ConsumerEntry* consumer = find(state.consumers, *track)) {
    state.close_consumer(*consumer, "unsubscribed");
  } else {
    withdraw_track(**peer, command.producer_id);
  }
  return Reply(Done{});
}

}  // namespace sluice::engine
