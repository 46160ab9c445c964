// Signaling states (W3C WebRTC §4.4.1.5): which description may be set when, and what that leads to.
#include "peer/negotiator.h"

#include <algorithm>

#include "peer/write_description.h"
#include "sdp/sdp.h"

namespace sluice::peer {
namespace {

Error wrong_state(std::string_view what, SignalingState state, std::string_view expected) {
  return {ErrorCode::kInvalidState, "signalingState",
          std::string(what) + " is not possible in the signaling state \"" + std::string(to_string(state)) +
              "\"; expected " + std::string(expected)};
}

}  // namespace

std::optional<SessionDescription> Negotiator::read(const std::optional<Description>& description) {
  if (!description) return std::nullopt;
  return SessionDescription{description->type, sdp::write(description->value)};
}

void Negotiator::set_state(SignalingState state) {
  if (state_ == state) return;
  state_ = state;
  events_.push_back({NegotiatorEvent::Type::kSignalingState, state, 0});
}

std::vector<NegotiatorEvent> Negotiator::take_events() {
  return std::exchange(events_, {});
}

std::optional<IceParameters> Negotiator::local_ice() const {
  if (!described()) return std::nullopt;
  // An offer of the other side's has no credentials of ours yet: those in use go on.
  const Agreement& newest = !provisional_ && pending_local_ && pending_ ? *pending_ : agreement();
  if (newest.bundle.empty()) return std::nullopt;  // no m-line, no transport
  return newest.local_ice;
}

Result<SessionDescription> Negotiator::create_offer(bool ice_restart) {
  if (state_ != SignalingState::kStable && state_ != SignalingState::kHaveLocalOffer)
    return wrong_state("createOffer()", state_, "\"stable\" or \"have-local-offer\"");
  if (ice_restart) restart_ice();
  Agreement next = propose_offer();
  Description description = describe(next, SdpType::kOffer);
  SessionDescription out{SdpType::kOffer, description.text};
  offer_ = Proposal{std::move(next), std::move(description)};
  return out;
}

Result<SessionDescription> Negotiator::create_answer() {
  if (!offered_)
    return wrong_state("createAnswer()", state_, "\"have-remote-offer\" or \"have-local-pranswer\"");
  Agreement next = propose_answer();
  Description description = describe(next, SdpType::kAnswer);
  SessionDescription out{SdpType::kAnswer, description.text};
  answer_ = Proposal{std::move(next), std::move(description)};
  return out;
}

/// Which description may be set when (RFC 8829 §5.5 to §5.7; W3C §4.4.1.5 where it is stricter).
Result<void> Negotiator::check_state(bool local, SdpType type) const {
  using State = SignalingState;
  const char* const call = local ? "setLocalDescription" : "setRemoteDescription";
  const auto check = [&](std::string_view expected, std::initializer_list<State> states) -> Result<void> {
    if (std::find(states.begin(), states.end(), state_) != states.end()) return {};
    return wrong_state(std::string(call) + '(' + std::string(to_string(type)) + ')', state_, expected);
  };
  switch (type) {
    case SdpType::kOffer:
      // Neither side's offer gives way once it has a provisional answer.
      if (local) return check("\"stable\" or \"have-local-offer\"", {State::kStable, State::kHaveLocalOffer});
      return check("\"stable\", \"have-local-offer\" or \"have-remote-offer\"",
                   {State::kStable, State::kHaveLocalOffer, State::kHaveRemoteOffer});
    case SdpType::kAnswer:
    case SdpType::kPranswer:
      if (local)
        return check("\"have-remote-offer\" or \"have-local-pranswer\"",
                     {State::kHaveRemoteOffer, State::kHaveLocalPranswer});
      return check("\"have-local-offer\" or \"have-remote-pranswer\"",
                   {State::kHaveLocalOffer, State::kHaveRemotePranswer});
    case SdpType::kRollback:
      if (local) return check("\"have-local-offer\"", {State::kHaveLocalOffer});
      return check("\"have-remote-offer\"", {State::kHaveRemoteOffer});
  }
  return {};
}

Result<void> Negotiator::set_local() {
  // W3C §4.4.1.5: the answer when an offer of the other side's is there, else an offer.
  return set_local({offered_ ? SdpType::kAnswer : SdpType::kOffer, {}});
}

Result<void> Negotiator::set_local(const SessionDescription& description) {
  if (auto checked = check_state(true, description.type); !checked) return checked;
  switch (description.type) {
    case SdpType::kOffer:
      return set_local_offer(description);
    case SdpType::kAnswer:
    case SdpType::kPranswer:
      return set_local_answer(description);
    case SdpType::kRollback:
      rollback();
      update_negotiation_needed();
  }
  return {};
}

/// RFC 8829 §5.4: what was made is set as it is.
Result<void> Negotiator::check_made(const std::optional<Proposal>& newest, const SessionDescription& given) {
  if (newest && newest->description.text == given.sdp) return {};
  return invalid_argument("sdp", std::string("the description is not the newest that ") +
                                     (given.type == SdpType::kOffer ? "createOffer()" : "createAnswer()") +
                                     " gave; expected it unchanged");
}

Result<void> Negotiator::set_local_offer(const SessionDescription& offer) {
  if (offer.sdp.empty()) {
    if (auto made = create_offer(false); !made) return made.error();
  } else if (auto checked = check_made(offer_, offer); !checked) {
    return checked;
  }
  Proposal proposal = *std::exchange(offer_, std::nullopt);
  pending_ = std::move(proposal.agreement);
  fill_candidates(proposal.description);
  pending_local_ = std::move(proposal.description);
  set_state(SignalingState::kHaveLocalOffer);
  return {};
}

Result<void> Negotiator::set_local_answer(const SessionDescription& answer) {
  if (answer.sdp.empty()) {
    if (auto made = create_answer(); !made) return made.error();
  } else if (auto checked = check_made(answer_, answer); !checked) {
    return checked;
  }
  Proposal proposal = *answer_;  // kept: what was a provisional answer may be set as the final one
  fill_candidates(proposal.description);
  // Candidates that came since the answer was made.
  proposal.agreement.remote_ice = pending_->remote_ice;
  if (answer.type == SdpType::kPranswer) {
    proposal.description.type = SdpType::kPranswer;
    pending_local_ = std::move(proposal.description);
    hold(std::move(proposal.agreement));
    set_state(SignalingState::kHaveLocalPranswer);
    return {};
  }
  current_local_ = std::move(proposal.description);
  current_remote_ = std::exchange(pending_remote_, std::nullopt);
  commit(std::move(proposal.agreement));
  return {};
}

Result<void> Negotiator::set_remote(const SessionDescription& description) {
  if (auto checked = check_state(false, description.type); !checked) return checked;
  switch (description.type) {
    case SdpType::kOffer:
      return take_offer(description);
    case SdpType::kAnswer:
    case SdpType::kPranswer:
      return take_answer(description);
    case SdpType::kRollback:
      rollback();
      update_negotiation_needed();
  }
  return {};
}

void Negotiator::close() {
  if (state_ == SignalingState::kClosed) return;
  state_ = SignalingState::kClosed;
  events_.clear();
  for (auto& t : transceivers_) {
    t->direction = TransceiverDirection::kStopped;
    t->stopping = true;
  }
}

Negotiator::Description Negotiator::describe(const Agreement& agreement, SdpType type) {
  std::vector<const Transceiver*> transceivers;
  for (const Line& line : agreement.lines)
    transceivers.push_back(line.transceiver ? find(*line.transceiver) : nullptr);
  WriteOptions options;
  options.session_id = session_id_;
  options.session_version = ++session_version_;
  options.type = type;
  if (type == SdpType::kAnswer)
    options.setup = agreement.role == DtlsRole::kServer ? sdp::Setup::kPassive : sdp::Setup::kActive;
  options.fingerprints = options_.fingerprints;
  options.cname = cname_;
  options.max_message_size = options_.max_message_size;
  options.agreed_bundle = current_.bundle;
  options.bundled = type == SdpType::kOffer || (offered_ && offered_->bundled);
  Description out;
  out.type = type;
  out.value = write_description(agreement, transceivers, options);
  out.text = sdp::write(out.value);
  out.ufrag = agreement.local_ice.username_fragment;
  return out;
}

}  // namespace sluice::peer
