// What to answer to an offer of the client's (RFC 8829 §5.3).
#include "negotiate/jsep_data.h"
#include "negotiate/jsep_outgoing.h"
#include "negotiate/jsep_propose.h"
#include "negotiate/jsep_slot.h"
#include "negotiate/jsep_transport.h"
#include "sdp/sdp.h"

namespace sluice::negotiate::jsep {
namespace {

constexpr std::size_t kPasswordLength = 24;  // RFC 8839 §5.4 asks for 22 at least

bool is_placed(const State& state, std::string_view id) {
  return std::any_of(state.slots.begin(), state.slots.end(), [&](const Slot& s) { return s.track_id == id; });
}

/// A client that only wants to receive gets a waiting track of the kind. On one that a provisional answer has
/// filled that track stays, or nothing: a=msid stays the same (RFC 8829 §5.3.2).
void fill(const RemoteSection& section, const State& current, const State* provisional, const Tracks& tracks,
          const State& next, Slot& slot) {
  const Slot* before = provisional != nullptr ? &provisional->slots[next.slots.size()] : nullptr;
  const bool filled = before != nullptr && before->sending;
  for (const OutgoingTrack& track : tracks.list) {
    if (track.kind != *slot.kind || tracks.refused.contains(track.id)) continue;
    if (is_placed(current, track.id) || is_placed(next, track.id)) continue;
    if (filled ? before->track_id != track.id : provisional != nullptr && is_placed(*provisional, track.id))
      continue;
    auto parameters = answered_parameters(track, section);
    if (!parameters) continue;
    place_track(slot, track, std::move(*parameters));
    agree_track(slot);
    return;
  }
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
                    const State* provisional, const Tracks& tracks, Proposal& out) {
  Slot slot = old != nullptr ? *old : Slot{};
  take_description(section, std::move(mid), slot);
  if (!section.data) take_properties(section, slot);
  if (!section.usable()) {
    if (!section.rejected) out.declined.push_back({section.mid, section.media, section.unusable});
    reject(slot, tracks, section.rejected ? "the client stopped the m-line" : section.unusable, out);
    return slot;
  }
  if (section.data) {
    take_data(section, slot);
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
    fill(section, current, provisional, tracks, out.state, slot);
  }
  note_extensions(slot);
  return slot;
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

Proposal propose_answer(const State& current, const RemoteDescription& offer, const State* provisional,
                        const Tracks& tracks, const std::optional<LocalIce>& waiting_ice, Random& random) {
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
    next.slots.push_back(answer_section(section, std::move(mid), old, current, provisional, tracks, out));
  }
  take_bundle(offer, next);
  take_transport(current, offer, next);
  if (provisional != nullptr) {
    next.local_ice = provisional->local_ice;
    next.local_candidates = provisional->local_candidates;
    next.tls_id = provisional->tls_id;
    return out;
  }
  if (!restarts_ice(current, offer)) return out;
  out.local_ice_made = restart_local_ice(waiting_ice, random, next);
  if (begins_association(current, *offer.transport)) next.tls_id = new_tls_id(random);
  return out;
}

}  // namespace sluice::negotiate::jsep
