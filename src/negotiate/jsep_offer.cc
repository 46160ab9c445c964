#include "negotiate/jsep_outgoing.h"
#include "negotiate/jsep_propose.h"
#include "sdp/sdp.h"

namespace sluice::negotiate::jsep {
namespace {

std::string free_mid(const State& state) {
  std::set<std::string_view> taken;
  for (const Slot& slot : state.slots) taken.insert(slot.mid);
  return new_mid(taken);
}

Slot new_slot(const State& state, MediaKind kind) {
  Slot slot;
  slot.mid = free_mid(state);
  slot.media = kind == MediaKind::kAudio ? "audio" : "video";
  slot.kind = kind;
  return slot;
}

/// RFC 8829 §5.2.2: an m-line that both sides hold inactive, else the place of a rejected one (with a new
/// mid), else a new one. Null when the description is full.
Slot* find_place(const State& current, State& next, MediaKind kind) {
  for (std::size_t i = 0; i < current.slots.size(); ++i)
    if (current.slots[i].free_for(kind) && next.slots[i].free_for(kind)) return &next.slots[i];
  for (std::size_t i = 0; i < current.slots.size(); ++i)
    if (current.slots[i].rejected && next.slots[i].rejected && current.slots[i].kind == kind)
      return &(next.slots[i] = new_slot(next, kind));
  if (next.slots.size() >= sdp::kMaxMediaSections) return nullptr;
  return &next.slots.emplace_back(new_slot(next, kind));
}

}  // namespace

std::string new_mid(const std::set<std::string_view>& taken) {
  // Short, since every packet carries it (RFC 9143 §15), and unlike the numbers that browsers choose.
  for (std::size_t n = 0;; ++n) {
    std::string mid = "s" + std::to_string(n);
    if (!taken.contains(mid)) return mid;
  }
}

Proposal propose_offer(const State& current, const Tracks& tracks,
                       const std::optional<LocalIce>& waiting_ice) {
  Proposal out;
  out.state = current;
  State& next = out.state;
  if (waiting_ice) {
    next.local_ice = waiting_ice->ice;
    next.local_candidates = waiting_ice->candidates;
  }
  std::set<std::string_view> placed;
  for (Slot& slot : next.slots) {
    if (slot.rejected) continue;
    slot.receiving = slot.reserved;
    slot.protocol = Slot{}.protocol;  // RFC 8829 §5.1.2: the right one, whatever the client began with
    if (slot.sending && tracks.wanted(slot.track_id) == nullptr) clear_track(slot);
    if (slot.sending) placed.insert(tracks.find(slot.track_id)->id);
  }
  for (const OutgoingTrack& track : tracks.list) {
    if (placed.contains(track.id) || tracks.refused.contains(track.id)) continue;
    auto parameters = offered_parameters(track, next.numbers);
    Slot* slot = parameters ? find_place(current, next, track.kind) : nullptr;
    if (slot != nullptr) {
      if (slot->extensions) keep_answered(*slot, *parameters);
      place_track(*slot, track, std::move(*parameters));
    } else {
      out.refused.push_back({track.id, parameters
                                           ? "the session has as many m-lines as a description may have"
                                           : "no payload type is left for the track's codecs"});
    }
  }
  return out;
}

}  // namespace sluice::negotiate::jsep
