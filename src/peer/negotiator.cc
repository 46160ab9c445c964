// Signaling states (W3C WebRTC §4.4.1.5): which description may be set when, and what that leads to.
#include "peer/negotiator.h"

#include "peer/write_description.h"
#include "sdp/sdp.h"

namespace sluice::peer {
namespace {

Error wrong_state(std::string_view what, SignalingState state, std::string_view expected) {
  return {ErrorCode::kInvalidState, "signalingState",
          std::string(what) + " is not possible in the signaling state \"" + std::string(to_string(state)) +
              "\"; expected " + std::string(expected)};
}

Error no_pranswer() {
  return {ErrorCode::kUnsupported, "type",
          "provisional answers (\"pranswer\") are not taken; expected the final \"answer\""};
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
  const Agreement& newest = pending_local_ && pending_ ? *pending_ : current_;
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
  if (state_ != SignalingState::kHaveRemoteOffer)
    return wrong_state("createAnswer()", state_, "\"have-remote-offer\"");
  Agreement next = propose_answer();
  Description description = describe(next, SdpType::kAnswer);
  SessionDescription out{SdpType::kAnswer, description.text};
  answer_ = Proposal{std::move(next), std::move(description)};
  return out;
}

Result<void> Negotiator::set_local() {
  if (state_ == SignalingState::kClosed)
    return wrong_state("setLocalDescription()", state_, "one that is open");
  const auto made = state_ == SignalingState::kHaveRemoteOffer ? create_answer() : create_offer(false);
  if (!made) return made.error();
  return set_local(*made);
}

Result<void> Negotiator::set_local(const SessionDescription& description) {
  if (state_ == SignalingState::kClosed)
    return wrong_state("setLocalDescription()", state_, "one that is open");
  if (description.type == SdpType::kPranswer) return no_pranswer();
  if (description.type == SdpType::kRollback) {
    if (state_ != SignalingState::kHaveLocalOffer)
      return wrong_state("A rollback of the local description", state_, "\"have-local-offer\"");
    rollback();
    update_negotiation_needed();
    return {};
  }
  const bool offer = description.type == SdpType::kOffer;
  if (offer && state_ != SignalingState::kStable && state_ != SignalingState::kHaveLocalOffer)
    return wrong_state("A local offer", state_, "\"stable\" or \"have-local-offer\"");
  if (!offer && state_ != SignalingState::kHaveRemoteOffer)
    return wrong_state("A local answer", state_, "\"have-remote-offer\"");
  std::optional<Proposal>& newest = offer ? offer_ : answer_;
  if (description.sdp.empty() && !newest) return set_local();
  // RFC 8829 §5.4: what was made is set as it is.
  if (!newest || (!description.sdp.empty() && newest->description.text != description.sdp))
    return Error{ErrorCode::kInvalidArgument, "sdp",
                 std::string("the description is not the newest that ") +
                     (offer ? "createOffer()" : "createAnswer()") + " gave; expected it unchanged"};
  Proposal proposal = *std::exchange(newest, std::nullopt);
  if (offer) {
    pending_ = std::move(proposal.agreement);
    fill_candidates(proposal.description);
    pending_local_ = std::move(proposal.description);
    set_state(SignalingState::kHaveLocalOffer);
    return {};
  }
  fill_candidates(proposal.description);
  current_local_ = std::move(proposal.description);
  current_remote_ = std::exchange(pending_remote_, std::nullopt);
  // Candidates that came since the answer was made.
  proposal.agreement.remote_ice = pending_->remote_ice;
  commit(std::move(proposal.agreement));
  return {};
}

Result<void> Negotiator::set_remote(const SessionDescription& description) {
  if (state_ == SignalingState::kClosed)
    return wrong_state("setRemoteDescription()", state_, "one that is open");
  switch (description.type) {
    case SdpType::kPranswer:
      return no_pranswer();
    case SdpType::kOffer:
      return take_offer(description);
    case SdpType::kAnswer:
      if (state_ != SignalingState::kHaveLocalOffer)
        return wrong_state("A remote answer", state_, "\"have-local-offer\"");
      return take_answer(description);
    case SdpType::kRollback:
      if (state_ != SignalingState::kHaveRemoteOffer)
        return wrong_state("A rollback of the remote description", state_, "\"have-remote-offer\"");
      rollback();
      update_negotiation_needed();
      return {};
  }
  return {};
}

/// Back to what was agreed (RFC 8829 §4.1.10.2).
void Negotiator::rollback() {
  pending_.reset();
  offered_.reset();
  pending_local_.reset();
  pending_remote_.reset();
  offer_.reset();
  answer_.reset();
  std::vector<TransceiverId> gone;
  for (const auto& t : transceivers_) {
    const Line* line = current_.line_of(t->id);
    const bool receiving = line != nullptr && sdp::sends(line->remote_direction) && !line->rejected;
    if (t->receiving != receiving)
      events_.push_back(
          {receiving ? NegotiatorEvent::Type::kTrack : NegotiatorEvent::Type::kTrackRemoved, state_, t->id});
    t->receiving = receiving;
    if (line == nullptr && t->by_remote) gone.push_back(t->id);
  }
  for (const TransceiverId id : gone) forget(id);
  set_state(SignalingState::kStable);
  needed_ = false;
}

/// An answer was set on either side.
void Negotiator::commit(Agreement next) {
  current_ = std::move(next);
  ++agreements_;
  pending_.reset();
  offered_.reset();
  pending_local_.reset();
  pending_remote_.reset();
  offer_.reset();
  answer_.reset();
  for (Line& line : current_.lines) {
    Transceiver* t = line.transceiver ? get(*line.transceiver) : nullptr;
    if (t == nullptr) continue;
    if (line.rejected) {
      if (t->receiving) events_.push_back({NegotiatorEvent::Type::kTrackRemoved, state_, t->id});
      forget(t->id);
      line.transceiver.reset();
      continue;
    }
    t->by_remote = false;
    const sdp::Direction theirs = sdp::reversed(line.remote_direction);
    t->current_direction =
        from_sdp(sdp::make_direction(sdp::sends(line.direction) && sdp::sends(theirs),
                                     sdp::receives(line.direction) && sdp::receives(theirs)));
  }
  if (restart_ && restart_->username_fragment == current_.local_ice.username_fragment) restart_.reset();
  set_state(SignalingState::kStable);
  needed_ = false;
  update_negotiation_needed();
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
