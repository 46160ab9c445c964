// Descriptions of a JsepSession: created, set, rolled back, agreed.
#include "negotiate/jsep_data.h"
#include "negotiate/jsep_impl.h"
#include "negotiate/jsep_propose.h"
#include "negotiate/jsep_transport.h"
#include "negotiate/jsep_write.h"

namespace sluice::negotiate {
namespace {

std::string name_of(std::string_view call, SdpType type) {
  return std::string(call) + (type == SdpType::kPranswer ? "(pranswer)" : "(answer)");
}

}  // namespace

Result<void> JsepSession::Impl::set_capabilities(std::string_view text) {
  if (signaling_ != SignalingState::kStable) return wrong_state("setCapabilities", what_is_open());
  auto description = read_remote(text, SdpType::kOffer, room_, data_.has_value());
  if (!description) return description.error();
  current_.numbers.learn(*description);
  capabilities_ = ClientCapabilities(*description);
  stale_ = true;
  return {};
}

Result<std::string> JsepSession::Impl::create_offer(const OfferOptions& options) {
  if (signaling_ != SignalingState::kStable && signaling_ != SignalingState::kHaveLocalOffer)
    return wrong_state("createOffer", what_is_open());
  auto offer = propose_offer(current_, tracks_, waiting_ice_,
                             {room_, capabilities_ ? &*capabilities_ : nullptr, options});
  if (!offer) return offer.error();
  create(std::move(*offer), SdpType::kOffer, sdp::Setup::kActpass);
  return created_->text;
}

Result<std::string> JsepSession::Impl::create_answer() {
  if (!remote_offer_) return wrong_state("createAnswer", what_is_open());
  Proposal answer = propose_answer(current_, *remote_offer_, provisional_ ? &provisional_->state : nullptr,
                                   tracks_, waiting_ice_, *random_);
  const bool client_is_active = answer.state.remote_role != DtlsRole::kServer;
  create(std::move(answer), SdpType::kAnswer, client_is_active ? sdp::Setup::kPassive : sdp::Setup::kActive);
  return created_->text;
}

Result<void> JsepSession::Impl::set_local_description(SdpType type, std::string_view text) {
  if (type == SdpType::kRollback) return roll_back(SignalingState::kHaveLocalOffer, "setLocalDescription");
  return type == SdpType::kOffer ? set_local_offer(text) : set_local_answer(type, text);
}

Result<void> JsepSession::Impl::set_remote_description(SdpType type, std::string_view text) {
  if (type == SdpType::kRollback) return roll_back(SignalingState::kHaveRemoteOffer, "setRemoteDescription");
  return type == SdpType::kOffer ? set_remote_offer(text) : set_remote_answer(type, text);
}

Error JsepSession::Impl::wrong_state(std::string_view call, std::string_view why) {
  return {ErrorCode::kInvalidState, "type", std::string(call) + " is not possible now: " + std::string(why)};
}

std::string_view JsepSession::Impl::what_is_open() const {
  switch (signaling_) {
    case SignalingState::kStable:
      return "no offer waits for an answer";
    case SignalingState::kHaveLocalOffer:
      return "an offer of the server waits for its answer";
    case SignalingState::kHaveRemoteOffer:
      return "an offer of the client waits for its answer";
    case SignalingState::kHaveLocalPranswer:
      return "an offer of the client has a provisional answer and waits for the final one";
    case SignalingState::kHaveRemotePranswer:
      return "an offer of the server has a provisional answer and waits for the final one";
  }
  return {};
}

void JsepSession::Impl::create(Proposal proposal, SdpType type, sdp::Setup setup) {
  created_ = std::move(proposal);
  created_type_ = type;
  created_->text = write_description(created_->state, {fingerprints_, data_},
                                     {session_id_, ++session_version_, type, setup});
  stale_ = false;
}

Result<void> JsepSession::Impl::check_created(SdpType type, std::string_view text) const {
  if (created_ && created_type_ == type && created_->text == text) return {};
  const std::string name = type == SdpType::kOffer ? "createOffer" : "createAnswer";
  return invalid_argument(
      "sdp", "the description is not the one that " + name + " gave last; expected that, or none");
}

Result<void> JsepSession::Impl::set_local_offer(std::string_view text) {
  if (signaling_ != SignalingState::kStable && signaling_ != SignalingState::kHaveLocalOffer)
    return wrong_state("setLocalDescription(offer)", what_is_open());
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

Result<void> JsepSession::Impl::set_local_answer(SdpType type, std::string_view text) {
  if (!remote_offer_) return wrong_state(name_of("setLocalDescription", type), what_is_open());
  if (!text.empty()) {
    if (auto checked = check_created(SdpType::kAnswer, text); !checked) return checked;
  } else if (!created_ || created_type_ != SdpType::kAnswer || stale_) {
    if (auto made = create_answer(); !made) return made.error();
  }
  Proposal answer = *created_;  // kept: what was a provisional answer may be set as the final one
  if (type == SdpType::kPranswer) {
    pending_local = answer.text;
    take_effect(answer, true);
    provisional_ = std::move(answer);
    signaling_ = SignalingState::kHaveLocalPranswer;
    return {};
  }
  current_local = answer.text;
  current_remote = pending_remote;
  commit(std::move(answer));
  return {};
}

Result<void> JsepSession::Impl::set_remote_offer(std::string_view text) {
  // W3C §4.4.1.5: neither side's offer gives way once it has a provisional answer.
  if (provisional_) return wrong_state("setRemoteDescription(offer)", what_is_open());
  auto offer = read_remote(text, SdpType::kOffer, room_, data_.has_value());
  if (!offer) return offer.error();
  if (auto checked = check_offer(current_, *offer); !checked) return checked;
  // W3C §4.4.1.4: an offer that meets ours rolls it back.
  drop_proposals();
  remote_offer_ = std::move(*offer);
  pending_remote = text;
  signaling_ = SignalingState::kHaveRemoteOffer;
  return {};
}

Result<void> JsepSession::Impl::set_remote_answer(SdpType type, std::string_view text) {
  if (!offered_) return wrong_state(name_of("setRemoteDescription", type), what_is_open());
  auto answer = read_remote(text, type, room_, data_.has_value());
  if (!answer) return answer.error();
  auto applied = apply_answer(current_, in_effect(), *offered_, *answer, tracks_);
  if (!applied) return applied.error();
  if (type == SdpType::kPranswer) {
    pending_remote = text;
    take_effect(*applied, true);
    provisional_ = std::move(*applied);
    signaling_ = SignalingState::kHaveRemotePranswer;
    return {};
  }
  current_local = pending_local;
  current_remote = text;
  commit(std::move(*applied));
  return {};
}

Result<void> JsepSession::Impl::roll_back(SignalingState from, std::string_view call) {
  if (signaling_ != from)
    return wrong_state(std::string(call) + "(rollback)",
                       provisional_ ? what_is_open() : "there is nothing to roll back");
  drop_proposals();
  return {};
}

void JsepSession::Impl::drop_proposals() {
  created_.reset();
  offered_.reset();
  remote_offer_.reset();
  provisional_.reset();
  pending_local.clear();
  pending_remote.clear();
  signaling_ = SignalingState::kStable;
}

void JsepSession::Impl::take_effect(const Proposal& agreed, bool provisional) {
  add_media_effects(agreed.state, tracks_, provisional, media_, effects_);
  const State& before = in_effect();
  add_data_effects(before, agreed.state, effects_);
  add_transport_effects(before, agreed.state);
  if (agreed.local_ice_made) effects_.local_ice = agreed.state.local_ice;
}

void JsepSession::Impl::commit(Proposal agreed) {
  for (Effects::Refusal& refusal : agreed.refused) {
    if (tracks_.wanted(refusal.id) == nullptr) continue;
    tracks_.refused.insert(refusal.id);
    effects_.refused.push_back(std::move(refusal));
  }
  for (Effects::Declined& declined : agreed.declined) effects_.declined.push_back(std::move(declined));
  take_effect(agreed, false);
  current_ = std::move(agreed.state);
  if (waiting_ice_ && waiting_ice_->ice == current_.local_ice) waiting_ice_.reset();
  drop_proposals();
}

void JsepSession::Impl::add_transport_effects(const State& before, const State& after) {
  if (!after.remote || (before.remote && before.remote->ice == after.remote->ice)) return;
  Effects::RemoteTransport out;
  out.ice = after.remote->ice;
  out.dtls = {*after.remote_role, after.remote->fingerprints};
  out.candidates = after.remote->candidates;
  for (IceCandidate& c : queue_.take(out.ice.username_fragment)) out.candidates.push_back(std::move(c));
  out.ice_restarted = before.remote.has_value();
  out.new_association = begins_association(before, *after.remote);
  effects_.transport = std::move(out);
}

}  // namespace sluice::negotiate
