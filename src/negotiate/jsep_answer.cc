#include "negotiate/codec_match.h"
#include "negotiate/jsep_outgoing.h"
#include "negotiate/jsep_propose.h"
#include "negotiate/jsep_write.h"
#include "sdp/sdp.h"

namespace sluice::negotiate::jsep {
namespace {

constexpr std::size_t kPasswordLength = 24;  // RFC 8839 §5.4 asks for 22 at least

std::string ordinal(std::size_t index) {
  return "number " + std::to_string(index + 1);
}

bool same_credentials(const IceParameters& a, const IceParameters& b) {
  return a.username_fragment == b.username_fragment && a.password == b.password;
}

/// The m-line that describes the client's transport.
std::size_t transport_section(const RemoteDescription& remote) {
  const auto& sections = remote.sections;
  const auto it = std::find_if(sections.begin(), sections.end(), [&](const RemoteSection& s) {
    return s.usable() && (!remote.bundle || s.mid == remote.bundle->front());
  });
  return it == sections.end() ? sdp::kSession : static_cast<std::size_t>(it - sections.begin());
}

/// The DTLS association outlives descriptions (RFC 8842 §5): neither the certificate nor the roles change.
Result<void> check_transport(const State& current, const RemoteDescription& remote) {
  if (!remote.transport || !current.remote) return {};
  const std::size_t section = transport_section(remote);
  const char* const kNew = "; a new DTLS association needs a new peer connection";
  if (remote.transport->fingerprints != current.remote->fingerprints)
    return refuse(remote.text, section, "a=fingerprint",
                  std::string("a=fingerprint differs from the session's") + kNew, ErrorCode::kUnsupported);
  const bool both_named = remote.transport->tls_id && current.remote->tls_id;
  if (both_named && remote.transport->tls_id != current.remote->tls_id)
    return refuse(remote.text, section, "a=tls-id", std::string("a=tls-id differs from the session's") + kNew,
                  ErrorCode::kUnsupported);
  const sdp::Setup setup = remote.transport->setup;
  const sdp::Setup other =
      current.remote_role == DtlsRole::kClient ? sdp::Setup::kPassive : sdp::Setup::kActive;
  if (setup == other)
    return refuse(
        remote.text, section, "a=setup",
        "a=setup is " + std::string(to_string(setup)) + "; expected the role that the client has had so far");
  return {};
}

/// RFC 8829 §5.10: an answer has new credentials exactly when the offer restarts ICE.
Result<void> check_restart(const State& current, const State& offered, const RemoteDescription& answer) {
  if (!answer.transport || !current.remote) return {};
  const bool asked = !same_credentials(current.local_ice, offered.local_ice);
  const bool restarted = !same_credentials(current.remote->ice, answer.transport->ice);
  if (asked == restarted) return {};
  return refuse(answer.text, transport_section(answer), "a=ice-ufrag",
                asked
                    ? "the offer restarts ICE and the answer keeps its credentials; expected new ones"
                    : "the answer has new ICE credentials; expected the present ones, as the offer restarts "
                      "nothing");
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
  slot.receive_rids = section.rids;
  slot.incoming.reset();
  if (!receiving) return;
  slot.incoming = IncomingTrack{slot.mid, *slot.kind, section.sent, section.stream_ids};
  slot.incoming->rtp_parameters.mid = slot.mid;
}

void agree_track(Slot& slot) {
  slot.outgoing = NegotiatedTrack{slot.track_id, slot.mid, slot.send, slot.max_bitrate};
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

/// What every description of the client says of an m-line.
void take_properties(const RemoteSection& section, Slot& slot) {
  slot.named = !section.mid.empty();
  slot.rtcp_reduced_size = section.sent.rtcp.reduced_size;
  slot.extmap_allow_mixed = section.extmap_allow_mixed;
  slot.extensions.emplace();
  for (const sdp::Extmap& e : section.extensions) slot.extensions->insert(e.uri);
  slot.max_bitrate = section.max_bitrate;
}

void take_description(const RemoteSection& section, std::string mid, Slot& slot) {
  slot.mid = std::move(mid);
  slot.media = section.media;
  slot.protocol = section.protocol;
  slot.kind = section.kind;
  slot.formats = section.formats;
  slot.extension_directions.clear();
  for (const sdp::Extmap& e : section.extensions)
    if (e.direction) slot.extension_directions[e.uri] = sdp::reversed(*e.direction);
}

/// Those that our answer has: an offer of ours has no more (RFC 8829 §5.2.2).
void note_extensions(Slot& slot) {
  slot.extensions.emplace();
  if (slot.sending)
    for (const auto& e : slot.send.header_extensions) slot.extensions->insert(e.uri);
  if (slot.receiving || !slot.sending)
    for (const auto& e : slot.receive_extensions) slot.extensions->insert(e.uri);
}

Slot answer_section(const RemoteSection& section, std::string mid, const Slot* old, const State& current,
                    const Tracks& tracks, Proposal& out) {
  Slot slot = old != nullptr ? *old : Slot{};
  take_description(section, std::move(mid), slot);
  take_properties(section, slot);
  if (!section.usable()) {
    if (!section.rejected) out.declined.push_back({section.mid, section.media, section.unusable});
    reject(slot, tracks, section.rejected ? "the client stopped the m-line" : section.unusable, out);
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
  note_extensions(slot);
  return slot;
}

/// RFC 8829 §5.8.3: the answer's m-line is the offer's.
Result<void> check_answered(const Slot& slot, const RemoteDescription& answer, std::size_t i) {
  const RemoteSection& section = answer.sections[i];
  const std::string name = "the m= section " + ordinal(i) + " of the answer ";
  if (section.media != slot.media || (section.protocol != slot.protocol && !section.rejected))
    return refuse(answer.text, i, "m=" + section.media,
                  name + "is m=" + section.media + " over " + section.protocol +
                      "; expected m=" + slot.media + " over " + slot.protocol);
  if (section.rejected) return {};
  if (slot.rejected)
    return refuse(answer.text, i, "m=" + section.media, name + "has a port; expected 0, as in the offer");
  if (section.mid != slot.mid && !section.mid.empty())
    return refuse(answer.text, i, "a=mid",
                  name + "has the mid \"" + section.mid + "\"; expected \"" + slot.mid + '"');
  return {};
}

void answer_slot(const RemoteSection& section, const Tracks& tracks, Slot& slot, Proposal& out) {
  if (section.rejected) return reject(slot, tracks, "the client rejected the m-line", out);
  take_properties(section, slot);
  slot.named = true;  // as the offer was
  if (slot.receiving && section.usable()) {
    take_sender(section, sdp::sends(section.direction), slot);
  } else {
    slot.receiving = false;
    slot.incoming.reset();
  }
  // A track removed since the offer still stands on its m-line until the next one says otherwise.
  const bool removed = slot.sending && slot.track_id.empty() && sdp::receives(section.direction);
  if (!slot.sending) return;
  const bool was_declined = std::exchange(slot.declined, !sdp::receives(section.direction));
  if (was_declined && slot.declined) {
    slot.sending = false;
  } else if (!removed) {
    keep_track(section, tracks, slot, out);
  }
}

/// The m-lines on the transport after an offer of the client's, the one that describes it first.
void take_bundle(const RemoteDescription& remote, State& next) {
  next.bundle.clear();
  next.bundled = remote.bundle.has_value();
  const auto lives = [&](std::string_view mid) {
    return std::any_of(next.slots.begin(), next.slots.end(),
                       [&](const Slot& s) { return !s.rejected && s.mid == mid; });
  };
  if (remote.bundle) {
    std::copy_if(remote.bundle->begin(), remote.bundle->end(), std::back_inserter(next.bundle), lives);
  } else {
    for (const Slot& slot : next.slots)
      if (!slot.rejected) next.bundle.push_back(slot.mid);
  }
}

/// For an m-line without a=mid: unlike any that the client or the session has.
std::string mid_for(const State& current, const State& made, const RemoteDescription& offer) {
  std::set<std::string_view> taken;
  for (const Slot& slot : current.slots) taken.insert(slot.mid);
  for (const Slot& slot : made.slots) taken.insert(slot.mid);
  for (const RemoteSection& section : offer.sections) taken.insert(section.mid);
  return new_mid(taken);
}

/// What a client that restarts ICE gets in return (RFC 8839 §4.4.1.1): those that wait, or new ones. True
/// when they were made here.
bool restart_local_ice(const std::optional<LocalIce>& waiting_ice, Random& random, State& next) {
  if (waiting_ice) {
    next.local_ice = waiting_ice->ice;
    next.local_candidates = waiting_ice->candidates;
    return false;
  }
  const std::size_t ufrag = next.local_ice.username_fragment.size();
  const std::size_t password = std::max(kPasswordLength, next.local_ice.password.size());
  next.local_ice.username_fragment = random.ice_chars(ufrag);
  next.local_ice.password = random.ice_chars(password);
  return true;
}

}  // namespace

Result<void> check_offer(const State& current, const RemoteDescription& offer) {
  if (offer.sections.size() < current.slots.size())
    return refuse(offer.text, offer.sections.empty() ? sdp::kSession : offer.sections.size() - 1, "m=",
                  "the offer has " + std::to_string(offer.sections.size()) +
                      " m= sections; expected the session's " + std::to_string(current.slots.size()) +
                      " or more (RFC 3264 §8)");
  for (std::size_t i = 0; i < current.slots.size(); ++i) {
    const Slot& slot = current.slots[i];
    const RemoteSection& section = offer.sections[i];
    if (slot.rejected || section.rejected) continue;  // RFC 8829 §5.2.2: may be recycled, or is gone
    if (section.mid != slot.mid && (slot.named || !section.mid.empty()))
      return refuse(offer.text, i, "a=mid",
                    "the m= section " + ordinal(i) + " has the mid \"" + section.mid + "\"; expected \"" +
                        slot.mid + "\", as before");
    if (section.media != slot.media)
      return refuse(offer.text, i, "m=" + section.media,
                    "the m= section " + ordinal(i) + " is m=" + section.media + "; expected m=" + slot.media +
                        ", as before");
  }
  return check_transport(current, offer);
}

Proposal propose_answer(const State& current, const RemoteDescription& offer, const Tracks& tracks,
                        const std::optional<LocalIce>& waiting_ice, Random& random) {
  Proposal out;
  State& next = out.state;
  next = current;
  next.numbers.learn(offer);
  next.ice_options = offer.ice_options;
  next.lip_sync = offer.lip_sync;
  next.max_bitrate = offer.max_bitrate;
  next.slots.clear();
  for (std::size_t i = 0; i < offer.sections.size(); ++i) {
    const RemoteSection& section = offer.sections[i];
    const Slot* old = i < current.slots.size() ? &current.slots[i] : nullptr;
    std::string mid = section.mid;
    if (mid.empty() && old != nullptr && !old->rejected) mid = old->mid;
    if (mid.empty() && section.usable()) mid = mid_for(current, next, offer);
    if (old != nullptr && (old->rejected || (old->mid != mid && !section.rejected))) old = nullptr;
    next.slots.push_back(answer_section(section, std::move(mid), old, current, tracks, out));
  }
  take_bundle(offer, next);
  take_transport(current, offer, next);
  if (current.remote && offer.transport && !same_credentials(current.remote->ice, offer.transport->ice))
    out.local_ice_made = restart_local_ice(waiting_ice, random, next);
  return out;
}

Result<Proposal> apply_answer(const State& current, const Proposal& offered, const RemoteDescription& answer,
                              const Tracks& tracks) {
  Proposal out = offered;
  State& next = out.state;
  if (answer.sections.size() != next.slots.size())
    return refuse(answer.text, answer.sections.empty() ? sdp::kSession : answer.sections.size() - 1, "m=",
                  "the answer has " + std::to_string(answer.sections.size()) +
                      " m= sections; expected the offer's " + std::to_string(next.slots.size()));
  for (std::size_t i = 0; i < next.slots.size(); ++i) {
    if (auto checked = check_answered(next.slots[i], answer, i); !checked) return checked.error();
    answer_slot(answer.sections[i], tracks, next.slots[i], out);
  }
  if (auto checked = check_transport(current, answer); !checked) return checked.error();
  if (auto checked = check_restart(current, offered.state, answer); !checked) return checked.error();
  // RFC 9143 §7.3: an answer leaves the order as it was offered.
  next.bundle = bundle_order(next);
  next.bundled = answer.bundle.has_value();
  take_transport(current, answer, next);
  next.numbers.learn(answer);
  next.ice_options = answer.ice_options;
  next.max_bitrate = answer.max_bitrate;
  return out;
}

}  // namespace sluice::negotiate::jsep
