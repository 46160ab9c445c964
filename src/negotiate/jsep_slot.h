// What the client's description of an m-line makes of ours, whether it offers or answers. Used by the steps
// of jsep_propose.h.
#pragma once

#include "negotiate/jsep_state.h"

namespace sluice::negotiate::jsep {

/// What every description of the client says of an m-line.
void take_properties(const RemoteSection& section, Slot& slot);

/// The client's side of the m-line, as its last description has it.
void take_sender(const RemoteSection& section, bool receiving, Slot& slot);

/// The track that stands on the m-line is to be sent.
void agree_track(Slot& slot);

/// An m-line that goes on: our track stays on it when the client still wants it and can decode it.
void keep_track(const RemoteSection& section, const Tracks& tracks, Slot& slot, Proposal& out);

void reject(Slot& slot, const Tracks& tracks, std::string reason, Proposal& out);

/// "number 2": of an m-line by its index, for a sentence.
std::string ordinal(std::size_t index);

}  // namespace sluice::negotiate::jsep
