// The client's transport as its description has it, against the one that is in use: what may change, and when
// (RFC 8829 §5.8.3 and §5.11, RFC 8842). Used by the steps of jsep_propose.h.
#pragma once

#include "negotiate/jsep_state.h"

namespace sluice::negotiate::jsep {

bool same_credentials(const IceParameters& a, const IceParameters& b);

/// The DTLS association outlives descriptions (RFC 8842 §5): neither the certificate nor the roles change.
Result<void> check_transport(const State& current, const RemoteDescription& remote);

/// RFC 8829 §5.10: an answer has new credentials exactly when the offer restarts ICE.
Result<void> check_restart(const State& current, const State& offered, const RemoteDescription& answer);

void take_transport(const State& current, const RemoteDescription& remote, State& next);

}  // namespace sluice::negotiate::jsep
