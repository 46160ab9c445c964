// What the engine has to know of a step to a new state, where that differs from what it was told before;
// refusals and transport excluded. Used by JsepSession only.
#pragma once

#include <map>
#include <set>
#include <string>

#include "negotiate/jsep_state.h"

namespace sluice::negotiate::jsep {

/// What the engine was told.
struct MediaInEffect {
  std::map<std::string, IncomingTrack, std::less<>> produced;    ///< By mid.
  std::map<std::string, NegotiatedTrack, std::less<>> consumed;  ///< By id.
  std::set<std::string, std::less<>> held;                       ///< Of those consumed.
  std::optional<std::uint64_t> max_bitrate;
};

/// `provisional`: nothing ends (RFC 8829 §4.1.10.1), what `after` lacks is held.
void add_media_effects(const State& after, const Tracks& tracks, bool provisional, MediaInEffect& known,
                       Effects& out);

}  // namespace sluice::negotiate::jsep
