// The client's transport as its description has it, against the one that is in use: what may change, and when
// (RFC 8829 §5.8.3 and §5.11, RFC 8842). Used by the steps of jsep_propose.h.
#pragma once

#include "base/random.h"
#include "negotiate/jsep_state.h"

namespace sluice::negotiate::jsep {

std::string new_tls_id(Random& random);

/// The client has other ICE credentials than those in use.
bool restarts_ice(const State& current, const RemoteDescription& remote);

/// The DTLS association outlives descriptions (RFC 8842 §5): neither certificate nor roles change, except
/// with new ICE credentials. Then, and once no m-line was left on the transport, it is another association.
Result<void> check_transport(const State& current, const RemoteDescription& remote);
bool begins_association(const State& current, const RemoteTransport& remote);

/// RFC 8829 §5.10: an answer has new credentials exactly when the offer restarts ICE.
Result<void> check_restart(const State& current, const State& offered, const RemoteDescription& answer);

void take_transport(const State& current, const RemoteDescription& remote, State& next);

}  // namespace sluice::negotiate::jsep
