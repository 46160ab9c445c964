#include "negotiate/jsep_codecs.h"
#include "negotiate/jsep_data.h"
#include "negotiate/jsep_outgoing.h"
#include "negotiate/jsep_propose.h"
#include "negotiate/jsep_write.h"
#include "sdp/sdp.h"

namespace sluice::negotiate::jsep {
namespace {

/// Not that of an m-line whose place is given away in the same offer, either.
std::string free_mid(const State& current, const State& next) {
  std::set<std::string_view> taken;
  for (const State* state : {&current, &next})
    for (const Slot& slot : state->slots) taken.insert(slot.mid);
  return new_mid(taken);
}

Slot new_slot(const State& current, const State& next, MediaKind kind) {
  Slot slot;
  slot.mid = free_mid(current, next);
  slot.media = kind == MediaKind::kAudio ? "audio" : "video";
  slot.kind = kind;
  return slot;
}

/// The first m-line behind the one that the bundle's transport is described in. libwebrtc answers a group in
/// the order of the m-lines: with a new one ahead of that it would take this one's transport for all of them,
/// which is none yet (RFC 9143 §7.3.3 asks for the order of the offer).
std::size_t first_place(const State& current) {
  const std::vector<std::string> group = bundle_order(current);
  for (std::size_t i = 0; i < current.slots.size() && !group.empty(); ++i)
    if (!current.slots[i].rejected && current.slots[i].mid == group.front()) return i + 1;
  return 0;
}

/// RFC 8829 §5.2.2: an m-line that both sides hold inactive, else the place of a rejected one (with a new
/// mid), else a new one. Null when the description is full.
Slot* find_place(const State& current, State& next, MediaKind kind) {
  for (std::size_t i = 0; i < current.slots.size(); ++i)
    if (current.slots[i].free_for(kind) && next.slots[i].free_for(kind)) return &next.slots[i];
  for (std::size_t i = first_place(current); i < current.slots.size(); ++i)
    if (current.slots[i].rejected && next.slots[i].rejected && current.slots[i].kind == kind)
      return &(next.slots[i] = new_slot(current, next, kind));
  if (next.slots.size() >= sdp::kMaxMediaSections) return nullptr;
  return &next.slots.emplace_back(new_slot(current, next, kind));
}

/// What the client may send on a new m-line: all that the room routes of the kind, in the session's numbers.
std::optional<RtpParameters> receivable_parameters(MediaKind kind, const OfferContext& context,
                                                   BundleNumbers& numbers) {
  OutgoingTrack any;
  any.kind = kind;
  for (const RtpCodecCapability& c : context.room.codecs)
    if (c.kind == kind && c.preferred_payload_type)
      any.consumable.codecs.push_back(
          {c.mime_type, *c.preferred_payload_type, c.clock_rate, c.channels, c.parameters, c.rtcp_feedback});
  for (const RtpHeaderExtension& e : context.room.header_extensions)
    if (e.kind == kind && room_receives(context.room, kind, e.uri))
      any.consumable.header_extensions.push_back({e.uri, e.preferred_id, e.preferred_encrypt});
  if (context.client != nullptr) context.client->limit(kind, any.consumable);
  return offered_parameters(any, numbers);
}

/// New m-lines until the client may send on `wanted` of the kind.
Result<void> add_receiving(MediaKind kind, std::size_t wanted, const State& current,
                           const OfferContext& context, State& next) {
  auto have =
      static_cast<std::size_t>(std::count_if(next.slots.begin(), next.slots.end(), [&](const Slot& s) {
        return !s.rejected && s.reserved && s.kind == kind;
      }));
  const std::string field =
      kind == MediaKind::kAudio ? std::string("offerToReceiveAudio") : std::string("offerToReceiveVideo");
  for (; have < wanted; ++have) {
    auto parameters = receivable_parameters(kind, context, next.numbers);
    if (!parameters)
      return Error{ErrorCode::kUnsupported, field,
                   "the room and the client have no codec of this kind in common"};
    Slot* slot = find_place(current, next, kind);
    if (slot == nullptr)
      return invalid_argument(field, "a description has at most " + std::to_string(sdp::kMaxMediaSections) +
                                         " m-lines; expected fewer");
    slot->reserved = true;
    slot->receiving = true;
    slot->receive_codecs = std::move(parameters->codecs);
    slot->receive_extensions = std::move(parameters->header_extensions);
    slot->receive_streams.clear();
  }
  return {};
}

/// In the place of a rejected one of its kind, or a new m-line.
void add_data(const State& current, State& next) {
  Slot slot;
  slot.mid = free_mid(current, next);
  offer_data(slot);
  for (std::size_t i = first_place(current); i < current.slots.size(); ++i) {
    if (!current.slots[i].rejected || current.slots[i].media != slot.media) continue;
    next.slots[i] = std::move(slot);
    return;
  }
  if (next.slots.size() < sdp::kMaxMediaSections) next.slots.push_back(std::move(slot));
}

OutgoingTrack limited_to(const ClientCapabilities* client, const OutgoingTrack& track) {
  OutgoingTrack out = track;
  if (client != nullptr) client->limit(track.kind, out.consumable);
  return out;
}

/// As JSEP's sender would: whether the client takes it this time, its answer says.
void offer_declined(Slot& slot, const Tracks& tracks, const OfferContext& context, BundleNumbers& numbers) {
  const OutgoingTrack* track = tracks.wanted(slot.track_id);
  if (track == nullptr) return clear_track(slot);
  const OutgoingTrack limited = limited_to(context.client, *track);
  if (auto parameters = offered_parameters(limited, numbers))
    place_track(slot, limited, std::move(*parameters));
}

}  // namespace

std::string new_mid(const std::set<std::string_view>& taken) {
  // Short, since every packet carries it (RFC 9143 §15), and unlike the numbers that browsers choose.
  for (std::size_t n = 0;; ++n) {
    std::string mid = "s" + std::to_string(n);
    if (!taken.contains(mid)) return mid;
  }
}

Result<Proposal> propose_offer(const State& current, const Tracks& tracks,
                               const std::optional<LocalIce>& waiting_ice, const OfferContext& context) {
  Proposal out;
  out.state = current;
  State& next = out.state;
  if (waiting_ice) {
    next.local_ice = waiting_ice->ice;
    next.local_candidates = waiting_ice->candidates;
  }
  std::set<std::string, std::less<>> placed;
  for (Slot& slot : next.slots) {
    if (slot.rejected) continue;
    if (slot.data) {
      offer_data(slot);
      continue;
    }
    slot.receiving = slot.reserved;
    slot.protocol = Slot{}.protocol;  // RFC 8829 §5.1.2: the right one, whatever the client began with
    if (slot.sending && tracks.wanted(slot.track_id) == nullptr) clear_track(slot);
    if (!slot.sending && !slot.track_id.empty()) offer_declined(slot, tracks, context, next.numbers);
    if (!slot.track_id.empty()) placed.insert(slot.track_id);
  }
  for (const OutgoingTrack& track : tracks.list) {
    if (placed.contains(track.id) || tracks.refused.contains(track.id)) continue;
    const OutgoingTrack limited = limited_to(context.client, track);
    if (limited.consumable.codecs.empty()) {
      out.refused.push_back({track.id, "the client has none of the track's codecs", {}});
      continue;
    }
    auto parameters = offered_parameters(limited, next.numbers);
    Slot* slot = parameters ? find_place(current, next, track.kind) : nullptr;
    if (slot != nullptr) {
      if (slot->extensions) keep_answered(*slot, *parameters);
      place_track(*slot, track, std::move(*parameters));
    } else {
      out.refused.push_back({track.id,
                             parameters ? "the session has as many m-lines as a description may have"
                                        : "no payload type is left for the track's codecs",
                             {}});
    }
  }
  if (std::exchange(next.wants_data, false) && find_data(next) == nullptr) add_data(current, next);
  const auto& [audio, video] = context.options;
  if (auto added = add_receiving(MediaKind::kAudio, audio, current, context, next); !added)
    return added.error();
  if (auto added = add_receiving(MediaKind::kVideo, video, current, context, next); !added)
    return added.error();
  return out;
}

}  // namespace sluice::negotiate::jsep
