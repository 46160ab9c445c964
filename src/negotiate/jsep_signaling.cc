// Descriptions of a JsepSession: created, set, rolled back, agreed.
#include "negotiate/jsep_impl.h"
#include "negotiate/jsep_propose.h"
#include "negotiate/jsep_write.h"

namespace sluice::negotiate {

Result<void> JsepSession::Impl::set_capabilities(std::string_view text) {
  if (signaling_ != SignalingState::kStable)
    return wrong_state("setCapabilities", "an offer waits for its answer");
  auto description = read_remote(text, SdpType::kOffer, room_);
  if (!description) return description.error();
  current_.numbers.learn(*description);
  capabilities_ = ClientCapabilities(*description);
  stale_ = true;
  return {};
}

Result<std::string> JsepSession::Impl::create_offer(const OfferOptions& options) {
  if (signaling_ == SignalingState::kHaveRemoteOffer)
    return wrong_state("createOffer", "an offer of the client waits for its answer");
  auto offer = propose_offer(current_, tracks_, waiting_ice_,
                             {room_, capabilities_ ? &*capabilities_ : nullptr, options});
  if (!offer) return offer.error();
  create(std::move(*offer), SdpType::kOffer, sdp::Setup::kActpass);
  return created_->text;
}

Result<std::string> JsepSession::Impl::create_answer() {
  if (signaling_ != SignalingState::kHaveRemoteOffer)
    return wrong_state("createAnswer", "there is no offer to answer");
  Proposal answer = propose_answer(current_, *remote_offer_, tracks_, waiting_ice_, *random_);
  const bool client_is_active = answer.state.remote_role != DtlsRole::kServer;
  create(std::move(answer), SdpType::kAnswer, client_is_active ? sdp::Setup::kPassive : sdp::Setup::kActive);
  return created_->text;
}

Result<void> JsepSession::Impl::set_local_description(SdpType type, std::string_view text) {
  switch (type) {
    case SdpType::kOffer:
      return set_local_offer(text);
    case SdpType::kAnswer:
      return set_local_answer(text);
    case SdpType::kRollback:
      return roll_back(SignalingState::kHaveLocalOffer, "setLocalDescription");
    case SdpType::kPranswer:
      break;
  }
  return no_pranswer();
}

Result<void> JsepSession::Impl::set_remote_description(SdpType type, std::string_view text) {
  switch (type) {
    case SdpType::kOffer:
      return set_remote_offer(text);
    case SdpType::kAnswer:
      return set_remote_answer(text);
    case SdpType::kRollback:
      return roll_back(SignalingState::kHaveRemoteOffer, "setRemoteDescription");
    case SdpType::kPranswer:
      break;
  }
  return no_pranswer();
}

Error JsepSession::Impl::wrong_state(std::string_view call, std::string_view why) {
  return {ErrorCode::kInvalidState, "type", std::string(call) + " is not possible now: " + std::string(why)};
}

Error JsepSession::Impl::no_pranswer() {
  return {ErrorCode::kUnsupported, "type",
          "provisional answers are not taken; expected offer, answer or rollback"};
}

void JsepSession::Impl::create(Proposal proposal, SdpType type, sdp::Setup setup) {
  created_ = std::move(proposal);
  created_type_ = type;
  created_->text = write_description(created_->state, fingerprints_,
                                     {session_id_, ++session_version_, type, setup, tls_id_});
  stale_ = false;
}

Result<void> JsepSession::Impl::check_created(SdpType type, std::string_view text) const {
  if (created_ && created_type_ == type && created_->text == text) return {};
  const std::string name = type == SdpType::kOffer ? "createOffer" : "createAnswer";
  return invalid_argument(
      "sdp", "the description is not the one that " + name + " gave last; expected that, or none");
}

Result<void> JsepSession::Impl::set_local_offer(std::string_view text) {
  if (signaling_ == SignalingState::kHaveRemoteOffer)
    return wrong_state("setLocalDescription(offer)", "an offer of the client waits for its answer");
  if (!text.empty()) {
    if (auto checked = check_created(SdpType::kOffer, text); !checked) return checked;
  } else if (!created_ || created_type_ != SdpType::kOffer || stale_) {
    if (auto made = create_offer({}); !made) return made.error();
  }
  offered_ = std::exchange(created_, std::nullopt);
  pending_local = offered_->text;
  signaling_ = SignalingState::kHaveLocalOffer;
  return {};
}

Result<void> JsepSession::Impl::set_local_answer(std::string_view text) {
  if (signaling_ != SignalingState::kHaveRemoteOffer)
    return wrong_state("setLocalDescription(answer)", "there is no offer to answer");
  if (!text.empty()) {
    if (auto checked = check_created(SdpType::kAnswer, text); !checked) return checked;
  } else if (!created_ || created_type_ != SdpType::kAnswer || stale_) {
    if (auto made = create_answer(); !made) return made.error();
  }
  Proposal answer = std::move(*created_);
  current_local = answer.text;
  current_remote = pending_remote;
  commit(std::move(answer));
  return {};
}

Result<void> JsepSession::Impl::set_remote_offer(std::string_view text) {
  auto offer = read_remote(text, SdpType::kOffer, room_);
  if (!offer) return offer.error();
  if (auto checked = check_offer(current_, *offer); !checked) return checked;
  // W3C §4.4.1.4: an offer that meets ours rolls it back.
  drop_proposals();
  remote_offer_ = std::move(*offer);
  pending_remote = text;
  signaling_ = SignalingState::kHaveRemoteOffer;
  return {};
}

Result<void> JsepSession::Impl::set_remote_answer(std::string_view text) {
  if (signaling_ != SignalingState::kHaveLocalOffer)
    return wrong_state("setRemoteDescription(answer)", "no offer of the server waits for an answer");
  auto answer = read_remote(text, SdpType::kAnswer, room_);
  if (!answer) return answer.error();
  auto applied = apply_answer(current_, *offered_, *answer, tracks_);
  if (!applied) return applied.error();
  current_local = pending_local;
  current_remote = text;
  commit(std::move(*applied));
  return {};
}

Result<void> JsepSession::Impl::roll_back(SignalingState from, std::string_view call) {
  if (signaling_ != from)
    return wrong_state(std::string(call) + "(rollback)", "there is nothing to roll back");
  drop_proposals();
  return {};
}

void JsepSession::Impl::drop_proposals() {
  created_.reset();
  offered_.reset();
  remote_offer_.reset();
  pending_local.clear();
  pending_remote.clear();
  signaling_ = SignalingState::kStable;
}

void JsepSession::Impl::commit(Proposal agreed) {
  for (Effects::Refusal& refusal : agreed.refused) {
    if (tracks_.wanted(refusal.id) == nullptr) continue;
    tracks_.refused.insert(refusal.id);
    effects_.refused.push_back(std::move(refusal));
  }
  for (Effects::Declined& declined : agreed.declined) effects_.declined.push_back(std::move(declined));
  const State before = std::exchange(current_, std::move(agreed.state));
  add_media_effects(before, current_, tracks_, effects_);
  add_transport_effects(before);
  if (agreed.local_ice_made) effects_.local_ice = current_.local_ice;
  if (waiting_ice_ && waiting_ice_->ice == current_.local_ice) waiting_ice_.reset();
  drop_proposals();
}

void JsepSession::Impl::add_transport_effects(const State& before) {
  if (!current_.remote || (before.remote && before.remote->ice == current_.remote->ice)) return;
  Effects::RemoteTransport out;
  out.ice = current_.remote->ice;
  out.dtls = {*current_.remote_role, current_.remote->fingerprints};
  out.candidates = current_.remote->candidates;
  for (IceCandidate& c : queue_.take(out.ice.username_fragment)) out.candidates.push_back(std::move(c));
  out.ice_restarted = before.remote.has_value();
  effects_.transport = std::move(out);
}

}  // namespace sluice::negotiate
