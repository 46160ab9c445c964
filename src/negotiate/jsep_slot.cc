#include "negotiate/jsep_slot.h"

#include "negotiate/jsep_outgoing.h"

namespace sluice::negotiate::jsep {
namespace {

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

}  // namespace

std::string ordinal(std::size_t index) {
  return "number " + std::to_string(index + 1);
}

void take_properties(const RemoteSection& section, Slot& slot) {
  slot.named = !section.mid.empty();
  slot.rtcp_reduced_size = section.sent.rtcp.reduced_size;
  slot.extmap_allow_mixed = section.extmap_allow_mixed;
  slot.extensions.emplace();
  for (const sdp::Extmap& e : section.extensions) slot.extensions->insert(e.uri);
  slot.max_bitrate = section.max_bitrate;
}

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

void keep_track(const RemoteSection& section, const Tracks& tracks, Slot& slot, Proposal& out) {
  const OutgoingTrack* track = tracks.wanted(slot.track_id);
  if (track == nullptr) return clear_track(slot);
  if (!sdp::receives(section.direction)) return decline_track(slot, out);
  auto parameters = answered_parameters(*track, section);
  if (!parameters) return refuse_track(slot, tracks, "the client has none of the track's codecs", out);
  place_track(slot, *track, std::move(*parameters));
  agree_track(slot);
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

}  // namespace sluice::negotiate::jsep
