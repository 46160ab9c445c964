// A track of ours on an m-line: its parameters in the session's numbers (an offer), in a client's numbers (an
// answer), and what a client's answer leaves of it.
#pragma once

#include <optional>

#include "negotiate/jsep_state.h"

namespace sluice::negotiate::jsep {

/// For an m-line we offer. None when no number is left for its codecs.
std::optional<RtpParameters> offered_parameters(const OutgoingTrack& track, BundleNumbers& numbers);

/// Cut to what the client's m-line can receive, in the client's numbers. None without a common codec.
std::optional<RtpParameters> answered_parameters(const OutgoingTrack& track, const RemoteSection& section);

/// RFC 8829 §5.2.2: on an m-line that is used again, no extension that its last answer lacks, and no feedback
/// for a format of that answer.
void keep_answered(const Slot& slot, RtpParameters& parameters);

/// Puts the track on the m-line, sending `parameters`.
void place_track(Slot& slot, const OutgoingTrack& track, RtpParameters parameters);
/// Takes it away; the m-line keeps its codecs, since an inactive one must still list some.
void clear_track(Slot& slot);

}  // namespace sluice::negotiate::jsep
