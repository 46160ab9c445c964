#include "negotiate/jsep_effects.h"

namespace sluice::negotiate::jsep {
namespace {

/// Whether the engine's producer would have to be another: not for a different order of feedback or
/// parameters, which browsers change between an offer and an answer.
bool same_sender(const RtpParameters& a, const RtpParameters& b) {
  const auto same_codec = [](const RtpCodecParameters& x, const RtpCodecParameters& y) {
    return x.mime_type == y.mime_type && x.payload_type == y.payload_type && x.clock_rate == y.clock_rate &&
           x.channels == y.channels;
  };
  return std::equal(a.codecs.begin(), a.codecs.end(), b.codecs.begin(), b.codecs.end(), same_codec) &&
         a.header_extensions == b.header_extensions && a.encodings == b.encodings && a.msid == b.msid;
}

bool same_sender(const IncomingTrack& a, const IncomingTrack& b) {
  return same_sender(a.rtp_parameters, b.rtp_parameters) && a.stream_ids == b.stream_ids;
}

bool same_receiver(const NegotiatedTrack& a, const NegotiatedTrack& b) {
  return a.mid == b.mid && a.rtp_parameters == b.rtp_parameters && a.max_bitrate == b.max_bitrate;
}

/// Whatever the client does not send any more.
void end_produced(const State& after, MediaInEffect& known, Effects& out) {
  std::erase_if(known.produced, [&](const auto& entry) {
    const bool goes_on = std::any_of(after.slots.begin(), after.slots.end(), [&](const Slot& slot) {
      return slot.incoming && slot.mid == entry.first;
    });
    if (!goes_on) out.unproduced.push_back(entry.first);
    return !goes_on;
  });
}

/// Of what is consumed already: what `after` lacks is held, as long as that is not final.
void hold(const State& after, bool provisional, MediaInEffect& known, Effects& out) {
  for (const auto& [id, track] : known.consumed) {
    const bool has = std::any_of(after.slots.begin(), after.slots.end(), [&, &name = id](const Slot& slot) {
      return slot.outgoing && slot.outgoing->id == name;
    });
    if (provisional && !has && known.held.insert(id).second) out.held.push_back(id);
    if (has && known.held.erase(id) != 0) out.released.push_back(id);
  }
}

}  // namespace

void add_media_effects(const State& after, const Tracks& tracks, bool provisional, MediaInEffect& known,
                       Effects& out) {
  const auto is_gone = [&](std::string_view id) { return tracks.wanted(id) == nullptr; };
  std::erase_if(known.consumed, [&](const auto& entry) { return is_gone(entry.first); });
  std::erase_if(known.held, is_gone);
  hold(after, provisional, known, out);
  if (!provisional) end_produced(after, known, out);
  for (const Slot& slot : after.slots) {
    if (slot.incoming) {
      const auto it = known.produced.find(slot.mid);
      if (it == known.produced.end() || !same_sender(it->second, *slot.incoming)) {
        known.produced.insert_or_assign(slot.mid, *slot.incoming);
        out.produced.push_back(*slot.incoming);
      }
    }
    if (!slot.outgoing || is_gone(slot.outgoing->id)) continue;
    const auto it = known.consumed.find(slot.outgoing->id);
    if (it != known.consumed.end() && same_receiver(it->second, *slot.outgoing)) continue;
    known.consumed.insert_or_assign(slot.outgoing->id, *slot.outgoing);
    out.consumed.push_back(*slot.outgoing);
  }
  if (after.max_bitrate != known.max_bitrate) out.max_bitrate = after.max_bitrate.value_or(0);
  known.max_bitrate = after.max_bitrate;
}

}  // namespace sluice::negotiate::jsep
