// Where negotiation and media meet: what a peer's descriptions decided becomes producers and consumers, what
// the room has is offered.
#include <algorithm>

#include "engine/commands.h"

namespace sluice::engine {
namespace {

/// What we would send of a producer to one peer: the room's numbers, one encoding with SSRCs of its own.
RtpParameters outgoing_parameters(State& state, const Transport& transport, const sfu::Producer& producer) {
  RtpParameters parameters = producer.consumable();
  auto taken = taken_ssrcs(transport);
  const auto fresh = [&] {
    std::uint32_t ssrc = 0;
    while (ssrc == 0 || std::find(taken.begin(), taken.end(), ssrc) != taken.end()) ssrc = state.random.u32();
    taken.push_back(ssrc);
    return ssrc;
  };
  RtpEncodingParameters encoding;
  encoding.ssrc = fresh();
  const bool has_rtx = std::any_of(parameters.codecs.begin(), parameters.codecs.end(),
                                   [](const auto& codec) { return codec.mime_type.ends_with("/rtx"); });
  if (has_rtx) encoding.rtx_ssrc = fresh();
  parameters.encodings = {encoding};
  parameters.mid.clear();
  return parameters;
}

/// The publisher's streams and track (RFC 8830): "-" is no stream. Where it says nothing, the peer's id and
/// the producer's: what one peer sends is played together.
struct Msid {
  std::vector<std::string> streams;
  std::string track;
};
Msid msid_of(const ProducerEntry& entry) {
  const std::string& msid = entry.producer->parameters().msid;
  const std::size_t space = msid.find(' ');
  const std::string first = msid.substr(0, space);
  Msid out{entry.stream_ids, space == std::string::npos ? "" : msid.substr(space + 1)};
  if (out.streams.empty() && first != "-") out.streams.push_back(first);
  const Transport& transport = *entry.transport;
  for (std::string& stream : out.streams)
    if (stream.empty()) stream = transport.peer != nullptr ? transport.peer->id : transport.id;
  if (out.track.empty()) out.track = entry.producer->id();
  return out;
}

void apply_transport(State& state, Peer& peer, const negotiate::Effects::RemoteTransport& remote,
                     Instant now) {
  auto& webrtc = *peer.jsep_transport->webrtc();
  webrtc.set_remote_ice({remote.ice.username_fragment, remote.ice.password});
  if (remote.new_association) {
    if (auto connected = webrtc.begin_association(remote.dtls, now); !connected) {
      state.log.write(LogLevel::kError, LogTag::kDtls, "peer " + peer.id,
                      "cannot connect: " + connected.error().message);
    }
  }
  state.after(*peer.jsep_transport, now);
}

void apply_produced(State& state, Peer& peer, const negotiate::IncomingTrack& track, Instant now) {
  // The same m-line with other parameters is another track.
  if (const auto it = peer.producer_by_mid.find(track.mid); it != peer.producer_by_mid.end()) {
    if (ProducerEntry* old = find(state.producers, it->second)) {
      if (old->producer->parameters() == track.rtp_parameters && old->stream_ids == track.stream_ids) return;
      state.close_producer(*old, now, "stopped");
    }
  }
  auto made = add_producer(state, *peer.jsep_transport, {}, track.kind, track.rtp_parameters, false, {},
                           track.stream_ids);
  if (!made) {
    state.log.write(LogLevel::kWarn, LogTag::kRtp, "peer " + peer.id,
                    "m-line " + track.mid + " cannot be produced: " + made.error().message);
    return;
  }
  const sfu::Producer& producer = *(*made)->producer;
  peer.producer_by_mid[track.mid] = producer.id();
  state.emit(ProducerCreated{peer.id, peer.jsep_transport->id, producer.id(), producer.kind(),
                             std::string(producer.type()), producer.parameters()});
}

void apply_consumed(State& state, Peer& peer, const negotiate::NegotiatedTrack& track, Instant now) {
  const auto offered = peer.offered.find(track.id);
  ProducerEntry* producer =
      offered == peer.offered.end() ? nullptr : find(state.producers, offered->second.producer_id);
  if (producer == nullptr) return;  // closed meanwhile; the next offer takes the m-line back
  offered->second.max_bitrate = track.max_bitrate;
  if (ConsumerEntry* existing = find(state.consumers, track.id)) {
    if (existing->consumer->parameters() != track.rtp_parameters) {
      const ConsumerStart kept{.preferred_layers = existing->consumer->preferred_layers()};
      existing->consumer->renegotiate(consumer_options(track.id, *producer, track.rtp_parameters, kept));
    }
    return;
  }
  const ConsumerEntry& made =
      add_consumer(state, *peer.jsep_transport, track.id, *producer, track.rtp_parameters, {}, now);
  state.emit(ConsumerCreated{peer.id, peer.jsep_transport->id, track.id, producer->producer->id(), track.mid,
                             producer->producer->kind(), track.rtp_parameters,
                             std::string(producer->producer->type()), made.consumer->score()});
}

/// What the client takes at most: all together (b=CT), and track by track where every video has a limit. An
/// audio without one is small beside that.
void apply_max_bitrate(State& state, Peer& peer, Instant now) {
  std::uint64_t sum = 0;
  bool limited = false;
  bool unlimited = false;
  for (const auto& [id, offered] : peer.offered) {
    const ConsumerEntry* consumer = find(state.consumers, id);
    if (consumer == nullptr) continue;
    limited = limited || offered.max_bitrate;
    unlimited = unlimited || (!offered.max_bitrate && consumer->consumer->kind() == MediaKind::kVideo);
    sum += offered.max_bitrate.value_or(0);
  }
  std::uint64_t limit = peer.max_bitrate;
  if (limited && !unlimited) limit = limit == 0 ? std::max<std::uint64_t>(sum, 1) : std::min(limit, sum);
  if (std::exchange(peer.jsep_transport->negotiated_limit, limit) != limit)
    limit_outgoing(*peer.jsep_transport, now);
}

}  // namespace

void start_jsep(State& state, Peer& peer) {
  Transport& transport =
      state.add_webrtc_transport(*peer.room, &peer, state.make_id(), ice::LiteAgent::kDefaultConsentTimeout);
  peer.jsep_transport = &transport;
  peer.jsep = std::make_unique<negotiate::JsepSession>(
      peer.room->capabilities,
      negotiate::LocalTransport{state.ice_parameters(transport.webrtc()->ice().local()),
                                state.candidates(peer.candidates), state.fingerprints()},
      state.random);
  state.emit(PeerTransportCreated{peer.id, transport.id});
  if (peer.subscription != Subscription::kAll) return;
  for (ProducerEntry* producer : peer.room->producers) {
    if (producer->transport->peer != &peer) offer_track(state, peer, *producer);
  }
}

void offer_track(State& state, Peer& peer, ProducerEntry& producer, std::string_view declined_mid) {
  auto [streams, track] = msid_of(producer);
  const std::string id = state.make_id();
  peer.offered[id] = {producer.producer->id(),
                      producer.transport->peer != nullptr ? producer.transport->peer->id : ""};
  negotiate::OutgoingTrack outgoing{id, producer.producer->kind(),
                                    outgoing_parameters(state, *peer.jsep_transport, *producer.producer),
                                    std::move(streams), std::move(track)};
  if (declined_mid.empty()) {
    peer.jsep->add_track(std::move(outgoing));
  } else {
    peer.jsep->add_declined_track(std::move(outgoing), declined_mid);
  }
}

void withdraw_track(Peer& peer, std::string_view producer_id) {
  for (auto it = peer.offered.begin(); it != peer.offered.end();) {
    if (it->second.producer_id != producer_id) {
      ++it;
      continue;
    }
    if (peer.jsep) peer.jsep->remove_track(it->first);
    it = peer.offered.erase(it);
  }
}

const std::string* offered_track(const Peer& peer, std::string_view producer_id) {
  const auto it = std::find_if(peer.offered.begin(), peer.offered.end(),
                               [&](const auto& entry) { return entry.second.producer_id == producer_id; });
  return it == peer.offered.end() ? nullptr : &it->first;
}

void announce_producer(State& state, ProducerEntry& producer) {
  for (Peer* peer : producer.transport->room->peers) {
    if (peer == producer.transport->peer || peer->subscription != Subscription::kAll || !peer->jsep) continue;
    offer_track(state, *peer, producer);
  }
}

void apply_effects(State& state, Peer& peer, Instant now) {
  const negotiate::Effects effects = peer.jsep->take_effects();
  if (effects.local_ice) {
    const ice::Credentials credentials{effects.local_ice->username_fragment, effects.local_ice->password};
    peer.jsep_transport->webrtc()->restart_ice(credentials);
    state.add_ufrag(*peer.jsep_transport, credentials.ufrag);
  }
  if (effects.transport) apply_transport(state, peer, *effects.transport, now);
  for (const std::string& mid : effects.unproduced) {
    const auto it = peer.producer_by_mid.find(mid);
    if (it == peer.producer_by_mid.end()) continue;
    if (ProducerEntry* producer = find(state.producers, it->second))
      state.close_producer(*producer, now, "stopped");
  }
  for (const bool held : {true, false})
    for (const std::string& id : held ? effects.held : effects.released)
      if (ConsumerEntry* consumer = find(state.consumers, id)) consumer->consumer->set_held(held, now);
  for (const auto& track : effects.produced) apply_produced(state, peer, track, now);
  for (const auto& track : effects.consumed) apply_consumed(state, peer, track, now);
  for (const auto& declined : effects.declined) {
    state.log.write(declined.media == "application" ? LogLevel::kDebug : LogLevel::kWarn, LogTag::kRtp,
                    "peer " + peer.id,
                    "the m=" + declined.media + " section with the mid \"" + declined.mid +
                        "\" was rejected: " + declined.reason);
  }
  if (effects.max_bitrate) peer.max_bitrate = *effects.max_bitrate;
  apply_max_bitrate(state, peer, now);
  for (const auto& refusal : effects.refused) {
    state.log.write(LogLevel::kDebug, LogTag::kRtp, "peer " + peer.id,
                    "track " + refusal.id + " was refused: " + refusal.reason);
    const auto it = peer.offered.find(refusal.id);
    const std::string producer_id = it == peer.offered.end() ? std::string() : it->second.producer_id;
    if (ConsumerEntry* consumer = find(state.consumers, refusal.id)) {
      state.close_consumer(*consumer, "refused");
    } else if (peer.offered.erase(refusal.id) != 0) {
      state.emit(ObjectClosed{ObjectKind::kConsumer, refusal.id, "refused"});
    }
    // For when the client wants it again: another track, since no SSRC may begin anew under the same keys.
    ProducerEntry* producer = find(state.producers, producer_id);
    if (producer != nullptr && !refusal.declined_mid.empty())
      offer_track(state, peer, *producer, refusal.declined_mid);
  }
}

std::vector<SectionInfo> sections_of(State& state, const Peer& peer) {
  std::vector<SectionInfo> out;
  for (const auto& section : peer.jsep->sections()) {
    if (section.rejected) continue;
    SectionInfo info{section.mid, section.kind, section.sending, section.receiving, {}, {}, {}};
    if (section.sending) {
      if (const auto it = peer.offered.find(section.track_id); it != peer.offered.end()) {
        info.consumer_id = it->first;
        info.producer_id = it->second.producer_id;
        info.source_peer_id = it->second.source_peer_id;
      }
    } else if (section.receiving) {
      if (const auto it = peer.producer_by_mid.find(section.mid);
          it != peer.producer_by_mid.end() && find(state.producers, it->second) != nullptr) {
        info.producer_id = it->second;
      }
    }
    out.push_back(std::move(info));
  }
  return out;
}

void report_negotiation_needed(State& state) {
  if (!std::exchange(state.negotiation_changed, false)) return;
  for (auto& [id, peer] : state.peers) {
    if (!peer->jsep || peer->jsep->signaling_state() != negotiate::SignalingState::kStable) continue;
    // W3C WebRTC §4.7.3: told when it becomes needed; what is not needed any more is told anew another time.
    const bool needed = peer->jsep->negotiation_needed();
    if (needed && !peer->negotiation_reported) state.emit(NegotiationNeeded{id});
    peer->negotiation_reported = needed;
  }
}

}  // namespace sluice::engine
