#include "negotiate/codec_match.h"
#include "negotiate/jsep_outgoing.h"
#include "negotiate/jsep_propose.h"

namespace sluice::negotiate::jsep {
namespace {

constexpr std::size_t kPasswordLength = 24;  // RFC 8839 §5.4 asks for 22 at least

std::string ordinal(std::size_t index) {
  return "number " + std::to_string(index + 1);
}

bool same_credentials(const IceParameters& a, const IceParameters& b) {
  return a.username_fragment == b.username_fragment && a.password == b.password;
}

/// The DTLS association outlives descriptions (RFC 8842 §5): neither the certificate nor the roles change.
Result<void> check_transport(const State& current, const RemoteDescription& remote) {
  if (!remote.transport || !current.remote) return {};
  if (remote.transport->fingerprints != current.remote->fingerprints)
    return Error{ErrorCode::kUnsupported, "a=fingerprint",
                 "a=fingerprint differs from the session's; a new certificate needs a new peer connection"};
  const sdp::Setup setup = remote.transport->setup;
  const sdp::Setup other =
      current.remote_role == DtlsRole::kClient ? sdp::Setup::kPassive : sdp::Setup::kActive;
  if (setup == other)
    return invalid_argument("a=setup", "a=setup is " + std::string(to_string(setup)) +
                                           "; expected the role that the client has had so far");
  return {};
}

/// RFC 8842 §5.3: actpass is answered passive, so that the client's first flight needs no round trip of ours.
DtlsRole role_of(const State& current, sdp::Setup setup) {
  if (current.remote_role) return *current.remote_role;
  return setup == sdp::Setup::kPassive ? DtlsRole::kServer : DtlsRole::kClient;
}

void take_transport(const State& current, const RemoteDescription& remote, State& next) {
  if (!remote.transport) return;
  next.remote = remote.transport;
  next.remote_role = role_of(current, remote.transport->setup);
}

/// The client's side of the m-line, as its last description has it.
void take_sender(const RemoteSection& section, bool receiving, Slot& slot) {
  slot.receiving = receiving;
  slot.receive_codecs = section.sent.codecs;
  slot.receive_extensions = section.sent.header_extensions;
  slot.receive_streams = section.streams;
  slot.incoming.reset();
  if (receiving) slot.incoming = IncomingTrack{slot.mid, *slot.kind, section.sent};
}

void agree_track(Slot& slot) {
  slot.outgoing = NegotiatedTrack{slot.track_id, slot.mid, slot.send};
}

/// Takes the track away because of the client.
void refuse_track(Slot& slot, const Tracks& tracks, std::string reason, Proposal& out) {
  if (tracks.wanted(slot.track_id) != nullptr) out.refused.push_back({slot.track_id, std::move(reason), {}});
  clear_track(slot);
}

/// The client may want it again, by its m-line's direction.
void decline_track(Slot& slot, Proposal& out) {
  out.refused.push_back({slot.track_id, "the client stopped receiving the m-line", slot.mid});
  clear_track(slot);
}

void reject(Slot& slot, const Tracks& tracks, std::string reason, Proposal& out) {
  if (slot.sending || !slot.track_id.empty()) refuse_track(slot, tracks, std::move(reason), out);
  slot.rejected = true;
  slot.reserved = false;
  slot.receiving = false;
  slot.incoming.reset();
  if (!slot.formats.empty()) return;
  for (const RtpCodecParameters& codec : slot.send.codecs)
    slot.formats.push_back(std::to_string(codec.payload_type));
}

/// A m-line that goes on: our track stays on it when the client still wants it and can decode it.
void keep_track(const RemoteSection& section, const Tracks& tracks, Slot& slot, Proposal& out) {
  const OutgoingTrack* track = tracks.wanted(slot.track_id);
  if (track == nullptr) return clear_track(slot);
  if (!sdp::receives(section.direction)) return decline_track(slot, out);
  auto parameters = answered_parameters(*track, section);
  if (!parameters) return refuse_track(slot, tracks, "the client has none of the track's codecs", out);
  place_track(slot, *track, std::move(*parameters));
  agree_track(slot);
}

bool is_placed(const State& state, std::string_view id) {
  return std::any_of(state.slots.begin(), state.slots.end(), [&](const Slot& s) { return s.track_id == id; });
}

/// A client that only wants to receive gets a waiting track of the kind.
void fill(const RemoteSection& section, const State& current, const Tracks& tracks, const State& next,
          Slot& slot) {
  for (const OutgoingTrack& track : tracks.list) {
    if (track.kind != *slot.kind || tracks.refused.contains(track.id)) continue;
    if (is_placed(current, track.id) || is_placed(next, track.id)) continue;
    auto parameters = answered_parameters(track, section);
    if (!parameters) continue;
    place_track(slot, track, std::move(*parameters));
    agree_track(slot);
    return;
  }
}

void take_description(const RemoteSection& section, Slot& slot) {
  slot.mid = section.mid;
  slot.media = section.media;
  slot.protocol = section.protocol;
  slot.kind = section.kind;
  slot.formats = section.formats;
  slot.extension_directions.clear();
  for (const sdp::Extmap& e : section.extensions)
    if (e.direction) slot.extension_directions[e.uri] = sdp::reversed(*e.direction);
}

Slot answer_section(const RemoteSection& section, const Slot* old, const State& current, const Tracks& tracks,
                    Proposal& out) {
  Slot slot = old != nullptr ? *old : Slot{};
  take_description(section, slot);
  if (section.rejected || !section.kind || section.codecs.empty()) {
    reject(slot, tracks,
           section.rejected ? "the client stopped the m-line" : "the client has none of the room's codecs",
           out);
    return slot;
  }
  const bool client_sends = sdp::sends(section.direction);
  const bool client_receives = sdp::receives(section.direction);
  if (client_sends || (old == nullptr && !client_receives)) slot.reserved = true;
  slot.declined = !client_receives;
  take_sender(section, client_sends, slot);
  if (!client_sends) {  // nothing to decide yet: all that could be
    slot.receive_codecs.clear();
    for (const MatchedCodec& match : section.codecs) slot.receive_codecs.push_back(match.codec);
  }
  if (slot.sending) {
    keep_track(section, tracks, slot, out);
  } else if (!slot.track_id.empty()) {
    if (client_receives) keep_track(section, tracks, slot, out);  // wanted again
  } else if (client_receives && !slot.reserved && (old == nullptr || old->idle_for(*slot.kind))) {
    fill(section, current, tracks, out.state, slot);
  }
  return slot;
}

}  // namespace

Result<void> check_offer(const State& current, const RemoteDescription& offer) {
  if (offer.sections.size() < current.slots.size())
    return invalid_argument("m=", "the offer has " + std::to_string(offer.sections.size()) +
                                      " m= sections; expected the session's " +
                                      std::to_string(current.slots.size()) + " or more (RFC 3264 §8)");
  for (std::size_t i = 0; i < current.slots.size(); ++i) {
    const Slot& slot = current.slots[i];
    const RemoteSection& section = offer.sections[i];
    if (slot.rejected || section.rejected) continue;  // RFC 8829 §5.2.2: may be recycled, or is gone
    if (section.mid != slot.mid)
      return invalid_argument("a=mid", "the m= section " + ordinal(i) + " has the mid \"" + section.mid +
                                           "\"; expected \"" + slot.mid + "\", as before");
    if (section.media != slot.media)
      return invalid_argument("m=" + section.media, "the m= section " + ordinal(i) +
                                                        " is m=" + section.media +
                                                        "; expected m=" + slot.media + ", as before");
  }
  return check_transport(current, offer);
}

Proposal propose_answer(const State& current, const RemoteDescription& offer, const Tracks& tracks,
                        const std::optional<LocalIce>& waiting_ice, Random& random) {
  Proposal out;
  State& next = out.state;
  next = current;
  next.slots.clear();
  next.numbers.learn(offer);
  next.extmap_allow_mixed = offer.extmap_allow_mixed;
  for (std::size_t i = 0; i < offer.sections.size(); ++i) {
    const RemoteSection& section = offer.sections[i];
    const Slot* old = i < current.slots.size() ? &current.slots[i] : nullptr;
    if (old != nullptr && (old->rejected || (old->mid != section.mid && !section.rejected))) old = nullptr;
    next.slots.push_back(answer_section(section, old, current, tracks, out));
  }
  take_transport(current, offer, next);
  // RFC 8839 §4.4.1.1: who answers a restart restarts too.
  if (current.remote && offer.transport && !same_credentials(current.remote->ice, offer.transport->ice)) {
    if (waiting_ice) {
      next.local_ice = waiting_ice->ice;
      next.local_candidates = waiting_ice->candidates;
    } else {
      next.local_ice.username_fragment = random.ice_chars(current.local_ice.username_fragment.size());
      next.local_ice.password =
          random.ice_chars(std::max(kPasswordLength, current.local_ice.password.size()));
      out.local_ice_made = true;
    }
  }
  return out;
}

Result<Proposal> apply_answer(const State& current, const Proposal& offered, const RemoteDescription& answer,
                              const Tracks& tracks) {
  Proposal out = offered;
  State& next = out.state;
  if (answer.sections.size() != next.slots.size())
    return invalid_argument("m=", "the answer has " + std::to_string(answer.sections.size()) +
                                      " m= sections; expected the offer's " +
                                      std::to_string(next.slots.size()));
  for (std::size_t i = 0; i < next.slots.size(); ++i) {
    Slot& slot = next.slots[i];
    const RemoteSection& section = answer.sections[i];
    if (section.media != slot.media)
      return invalid_argument("m=" + section.media, "the m= section " + ordinal(i) + " of the answer is m=" +
                                                        section.media + "; expected m=" + slot.media);
    if (section.rejected) {
      reject(slot, tracks, "the client rejected the m-line", out);
      continue;
    }
    if (slot.rejected)
      return invalid_argument(
          "m=" + section.media,
          "the m= section " + ordinal(i) + " of the answer has a port; expected 0, as in the offer");
    if (section.mid != slot.mid)
      return invalid_argument("a=mid", "the m= section " + ordinal(i) + " of the answer has the mid \"" +
                                           section.mid + "\"; expected \"" + slot.mid + '"');
    if (slot.receiving && !section.codecs.empty()) {
      take_sender(section, sdp::sends(section.direction), slot);
    } else {
      slot.receiving = false;
      slot.incoming.reset();
    }
    // A track removed since the offer still stands on its m-line until the next one says otherwise.
    const bool removed = slot.sending && slot.track_id.empty() && sdp::receives(section.direction);
    if (!slot.sending) continue;
    const bool was_declined = std::exchange(slot.declined, !sdp::receives(section.direction));
    if (was_declined && slot.declined) {
      slot.sending = false;
    } else if (!removed) {
      keep_track(section, tracks, slot, out);
    }
  }
  if (auto checked = check_transport(current, answer); !checked) return checked.error();
  take_transport(current, answer, next);
  next.numbers.learn(answer);
  return out;
}

}  // namespace sluice::negotiate::jsep
