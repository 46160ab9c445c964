// The m-line of data channels (RFC 8841): read, answered, offered, written. There is one at most, bundled
// with the media or alone; all channels of the peer are behind it, so neither tracks nor directions concern
// it.
#pragma once

#include <string>

#include "negotiate/jsep_remote.h"
#include "negotiate/jsep_state.h"

namespace sluice::negotiate::jsep {

/// Both forms: "UDP/DTLS/SCTP webrtc-datachannel" with a=sctp-port, and that of the drafts, "DTLS/SCTP 5000"
/// with a=sctpmap. nullopt: neither.
std::optional<RemoteData> read_data(const sdp::MediaDescription& media);

/// An m-line that goes on.
void take_data(const RemoteSection& section, Slot& slot);

/// As an offer of ours has it (RFC 8841 §9.2): whatever the client began with, in the form of the RFC.
void offer_data(Slot& slot);

sdp::MediaDescription data_section(const Slot& slot, const LocalData& local);

/// What the engine has to know of a step to a new state.
void add_data_effects(const State& before, const State& after, Effects& out);

/// Not rejected; null when there is none.
const Slot* find_data(const State& state);

}  // namespace sluice::negotiate::jsep
