// The three steps of offer and answer (RFC 3264, RFC 8829 §5), each from one state to the next: what to
// offer, what to answer, what an answer leaves. Pure but for the credentials of an ICE restart.
#pragma once

#include <optional>

#include "base/random.h"
#include "negotiate/jsep_capabilities.h"
#include "negotiate/jsep_state.h"

namespace sluice::negotiate::jsep {

/// What an offer depends on beside the state and the tracks.
struct OfferContext {
  const RtpCapabilities& room;
  const ClientCapabilities* client = nullptr;  ///< Null: not told.
  OfferOptions options;
};

/// RFC 8829 §5.2: every m-line as it is, tracks taken away inactive, waiting tracks on free, recycled or new
/// ones, then new m-lines for what the client shall be able to send. Refused when there is no room for these.
Result<Proposal> propose_offer(const State& current, const Tracks& tracks,
                               const std::optional<LocalIce>& waiting_ice, const OfferContext& context);

/// Whether the client's offer can follow on `current` at all.
Result<void> check_offer(const State& current, const RemoteDescription& offer);
/// RFC 8829 §5.3. The offer has passed check_offer(). `provisional`: a provisional answer that was given, or
/// null; credentials and the places of tracks stay as it has them (§5.3.2).
Proposal propose_answer(const State& current, const RemoteDescription& offer, const State* provisional,
                        const Tracks& tracks, const std::optional<LocalIce>& waiting_ice, Random& random);

/// What the client's answer makes of an offer of ours. `offered.refused` is carried on. `in_effect` is
/// `current`, or what a provisional answer has made of it.
Result<Proposal> apply_answer(const State& current, const State& in_effect, const Proposal& offered,
                              const RemoteDescription& answer, const Tracks& tracks);

/// An unused mid for an m-line of ours, or for one that the client did not name.
std::string new_mid(const std::set<std::string_view>& taken);

}  // namespace sluice::negotiate::jsep
