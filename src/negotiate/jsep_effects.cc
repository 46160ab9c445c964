#include "negotiate/jsep_propose.h"

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

}  // namespace

void add_media_effects(const State& before, const State& after, const Tracks& tracks, Effects& out) {
  for (std::size_t i = 0; i < after.slots.size(); ++i) {
    const Slot& now = after.slots[i];
    const Slot* was = i < before.slots.size() ? &before.slots[i] : nullptr;
    const bool same_line = was != nullptr && was->mid == now.mid;
    if (was != nullptr && was->incoming && !(same_line && now.incoming))
      out.unproduced.push_back(was->incoming->mid);
    if (now.incoming && !(same_line && was->incoming && same_sender(*was->incoming, *now.incoming)))
      out.produced.push_back(*now.incoming);
    if (!now.outgoing || tracks.wanted(now.outgoing->id) == nullptr) continue;
    const bool unchanged = same_line && was->outgoing && was->outgoing->id == now.outgoing->id &&
                           was->outgoing->rtp_parameters == now.outgoing->rtp_parameters &&
                           was->outgoing->max_bitrate == now.outgoing->max_bitrate;
    if (!unchanged) out.consumed.push_back(*now.outgoing);
  }
  if (after.max_bitrate != before.max_bitrate) out.max_bitrate = after.max_bitrate.value_or(0);
}

}  // namespace sluice::negotiate::jsep
