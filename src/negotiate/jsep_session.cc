// The signaling state machine (RFC 8829 §3.2) around the steps of jsep_propose.h.
#include "negotiate/jsep_session.h"

#include "base/check.h"
#include "negotiate/jsep_candidates.h"
#include "negotiate/jsep_propose.h"
#include "negotiate/jsep_write.h"
#include "sdp/sdp.h"

namespace sluice::negotiate {

using namespace jsep;  // NOLINT(google-build-using-namespace): this file is their one user

std::string_view to_string(SignalingState state) {
  constexpr std::string_view kNames[] = {"stable", "have-local-offer", "have-remote-offer"};
  return kNames[static_cast<std::size_t>(state)];
}

class JsepSession::Impl {
 public:
  Impl(RtpCapabilities room, LocalTransport local, Random& random)
      : room_(std::move(room)), fingerprints_(std::move(local.fingerprints)), random_(&random) {
    session_id_ = random.u64() >> 2;  // RFC 8829 §5.2.1: 62 bits
    current_.local_ice = std::move(local.ice);
    current_.local_candidates = std::move(local.candidates);
  }

  // --- Tracks

  void add_track(OutgoingTrack track) {
    SLUICE_CHECK(tracks_.find(track.id) == nullptr && !track.id.empty());
    tracks_.list.push_back(std::move(track));
    stale_ = true;
  }

  void remove_track(std::string_view id) {
    const auto removed = std::erase_if(tracks_.list, [&](const OutgoingTrack& t) { return t.id == id; });
    if (removed == 0) return;
    if (const auto it = tracks_.refused.find(id); it != tracks_.refused.end()) tracks_.refused.erase(it);
    forget(current_, id);
    if (offered_) forget(offered_->state, id);
    if (created_) forget(created_->state, id);
    stale_ = true;
  }

  void set_local_ice(IceParameters ice, std::vector<IceCandidate> candidates) {
    waiting_ice_ = LocalIce{std::move(ice), std::move(candidates)};
    stale_ = true;
  }

  [[nodiscard]] bool negotiation_needed() const {
    if (waiting_ice_) return true;
    std::set<std::string_view> placed;
    for (const Slot& slot : current_.slots) {
      if (!slot.sending) continue;
      if (tracks_.wanted(slot.track_id) == nullptr) return true;
      placed.insert(slot.track_id);
    }
    return std::any_of(tracks_.list.begin(), tracks_.list.end(), [&](const OutgoingTrack& t) {
      return !placed.contains(t.id) && !tracks_.refused.contains(t.id);
    });
  }

  // --- Offers and answers of ours

  Result<std::string> create_offer() {
    if (signaling_ == SignalingState::kHaveRemoteOffer)
      return wrong_state("createOffer", "an offer of the client waits for its answer");
    create(propose_offer(current_, tracks_, waiting_ice_), SdpType::kOffer, sdp::Setup::kActpass);
    return created_->text;
  }

  Result<std::string> create_answer() {
    if (signaling_ != SignalingState::kHaveRemoteOffer)
      return wrong_state("createAnswer", "there is no offer to answer");
    Proposal answer = propose_answer(current_, *remote_offer_, tracks_, waiting_ice_, *random_);
    const bool client_is_active = answer.state.remote_role != DtlsRole::kServer;
    create(std::move(answer), SdpType::kAnswer,
           client_is_active ? sdp::Setup::kPassive : sdp::Setup::kActive);
    return created_->text;
  }

  // --- Descriptions

  Result<void> set_local_description(SdpType type, std::string_view text) {
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

  Result<void> set_remote_description(SdpType type, std::string_view text) {
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

  Result<std::optional<IceCandidate>> add_ice_candidate(std::string_view text,
                                                        const std::optional<std::string>& mid,
                                                        std::optional<std::uint16_t> index,
                                                        std::string_view ufrag) {
    using Given = std::optional<IceCandidate>;
    auto read = read_candidate(text);
    if (!read) return read.error();
    if (auto checked = check_place(mid, index, !read->candidate); !checked) return checked.error();
    if (!read->candidate) return Given();
    std::string generation(ufrag.empty() ? std::string_view(read->username_fragment) : ufrag);
    const bool known =
        current_.remote && (generation.empty() || generation == current_.remote->ice.username_fragment);
    if (known) return Given(std::move(read->candidate));
    // Perhaps of the generation that an offer under way brings; if not, the queue drops it then.
    if (auto queued = queue_.push(std::move(*read->candidate), std::move(generation)); !queued)
      return queued.error();
    return Given();
  }

  // --- What came of it

  Effects take_effects() { return std::exchange(effects_, {}); }

  [[nodiscard]] std::vector<Section> sections() const {
    const State& state = created_ ? created_->state : offered_ ? offered_->state : current_;
    std::vector<Section> out;
    for (const Slot& slot : state.slots) {
      Section s{slot.mid,
                slot.kind.value_or(MediaKind::kAudio),
                slot.sending && !slot.track_id.empty(),
                slot.receiving,
                {},
                slot.rejected};
      if (s.sending) s.track_id = slot.track_id;
      out.push_back(std::move(s));
    }
    return out;
  }

  [[nodiscard]] SignalingState signaling_state() const { return signaling_; }
  std::string current_local;
  std::string current_remote;
  std::string pending_local;
  std::string pending_remote;

 private:
  static Error wrong_state(std::string_view call, std::string_view why) {
    return {ErrorCode::kInvalidState, "type",
            std::string(call) + " is not possible now: " + std::string(why)};
  }
  static Error no_pranswer() {
    return {ErrorCode::kUnsupported, "type",
            "provisional answers are not taken; expected offer, answer or rollback"};
  }

  static void forget(State& state, std::string_view id) {
    for (Slot& slot : state.slots) {
      if (slot.track_id != id) continue;
      slot.track_id.clear();
      slot.outgoing.reset();
    }
  }

  void create(Proposal proposal, SdpType type, sdp::Setup setup) {
    created_ = std::move(proposal);
    created_type_ = type;
    created_->text =
        write_description(created_->state, fingerprints_, {session_id_, ++session_version_, setup});
    stale_ = false;
  }

  /// RFC 8829 §5.4: a local description is what was created, unchanged.
  Result<void> check_created(SdpType type, std::string_view text) const {
    if (created_ && created_type_ == type && created_->text == text) return {};
    const std::string name = type == SdpType::kOffer ? "createOffer" : "createAnswer";
    return invalid_argument(
        "sdp", "the description is not the one that " + name + " gave last; expected that, or none");
  }

  Result<void> set_local_offer(std::string_view text) {
    if (signaling_ == SignalingState::kHaveRemoteOffer)
      return wrong_state("setLocalDescription(offer)", "an offer of the client waits for its answer");
    if (!text.empty()) {
      if (auto checked = check_created(SdpType::kOffer, text); !checked) return checked;
    } else if (!created_ || created_type_ != SdpType::kOffer || stale_) {
      if (auto made = create_offer(); !made) return made.error();
    }
    offered_ = std::exchange(created_, std::nullopt);
    pending_local = offered_->text;
    signaling_ = SignalingState::kHaveLocalOffer;
    return {};
  }

  Result<void> set_local_answer(std::string_view text) {
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

  Result<RemoteDescription> read(SdpType type, std::string_view text) const {
    auto parsed = sdp::parse(text);
    if (!parsed) return parsed.error();
    return read_remote(*parsed, type, room_);
  }

  Result<void> set_remote_offer(std::string_view text) {
    auto offer = read(SdpType::kOffer, text);
    if (!offer) return offer.error();
    if (auto checked = check_offer(current_, *offer); !checked) return checked;
    // W3C §4.4.1.4: an offer that meets ours rolls it back.
    drop_proposals();
    remote_offer_ = std::move(*offer);
    pending_remote = text;
    signaling_ = SignalingState::kHaveRemoteOffer;
    return {};
  }

  Result<void> set_remote_answer(std::string_view text) {
    if (signaling_ != SignalingState::kHaveLocalOffer)
      return wrong_state("setRemoteDescription(answer)", "no offer of the server waits for an answer");
    auto answer = read(SdpType::kAnswer, text);
    if (!answer) return answer.error();
    auto applied = apply_answer(current_, *offered_, *answer, tracks_);
    if (!applied) return applied.error();
    current_local = pending_local;
    current_remote = text;
    commit(std::move(*applied));
    return {};
  }

  Result<void> roll_back(SignalingState from, std::string_view call) {
    if (signaling_ != from)
      return wrong_state(std::string(call) + "(rollback)", "there is nothing to roll back");
    drop_proposals();
    return {};
  }

  void drop_proposals() {
    created_.reset();
    offered_.reset();
    remote_offer_.reset();
    pending_local.clear();
    pending_remote.clear();
    signaling_ = SignalingState::kStable;
  }

  /// Both descriptions are agreed: the proposal becomes the state, and what that means becomes effects.
  void commit(Proposal agreed) {
    for (Effects::Refusal& refusal : agreed.refused) {
      if (tracks_.wanted(refusal.id) == nullptr) continue;
      tracks_.refused.insert(refusal.id);
      effects_.refused.push_back(std::move(refusal));
    }
    const State before = std::exchange(current_, std::move(agreed.state));
    add_media_effects(before, current_, tracks_, effects_);
    add_transport_effects(before);
    if (agreed.local_ice_made) effects_.local_ice = current_.local_ice;
    if (waiting_ice_ && waiting_ice_->ice == current_.local_ice) waiting_ice_.reset();
    drop_proposals();
  }

  void add_transport_effects(const State& before) {
    if (!current_.remote || (before.remote && before.remote->ice == current_.remote->ice)) return;
    Effects::RemoteTransport out;
    out.ice = current_.remote->ice;
    out.dtls = {*current_.remote_role, current_.remote->fingerprints};
    out.candidates = current_.remote->candidates;
    for (IceCandidate& c : queue_.take(out.ice.username_fragment)) out.candidates.push_back(std::move(c));
    out.ice_restarted = before.remote.has_value();
    effects_.transport = std::move(out);
  }

  /// W3C §4.4.1.7 and RFC 8829 §4.1.19: the mid counts, else the index; one must be there.
  Result<void> check_place(const std::optional<std::string>& mid, std::optional<std::uint16_t> index,
                           bool end) const {
    const auto& text = pending_remote.empty() ? current_remote : pending_remote;
    if (!mid && !index) {
      if (end) return {};
      return invalid_argument("sdpMid", "neither sdpMid nor sdpMLineIndex is given; expected one of them");
    }
    if (text.empty()) return {};  // nothing to hold it against yet
    if (mid) {
      if (describes(*mid)) return {};
      return invalid_argument("sdpMid", "no m= section of the session has the mid that sdpMid names");
    }
    const std::size_t count =
        remote_offer_ ? remote_offer_->sections.size() : (offered_ ? offered_->state : current_).slots.size();
    if (*index < count) return {};
    return invalid_argument("sdpMLineIndex", "sdpMLineIndex is " + std::to_string(*index) +
                                                 "; the description has " + std::to_string(count) +
                                                 " m= sections");
  }

  [[nodiscard]] bool describes(std::string_view mid) const {
    const auto has_mid = [&](const auto& section) { return section.mid == mid; };
    const auto in = [&](const auto& sections) {
      return std::any_of(sections.begin(), sections.end(), has_mid);
    };
    return in(current_.slots) || (offered_ && in(offered_->state.slots)) ||
           (remote_offer_ && in(remote_offer_->sections));
  }

  RtpCapabilities room_;
  std::vector<DtlsFingerprint> fingerprints_;
  Random* random_;
  std::uint64_t session_id_ = 0;
  std::uint64_t session_version_ = 0;

  Tracks tracks_;
  std::optional<LocalIce> waiting_ice_;
  SignalingState signaling_ = SignalingState::kStable;
  State current_;
  std::optional<Proposal> created_;  ///< By create_offer() or create_answer(), not yet set.
  SdpType created_type_ = SdpType::kOffer;
  bool stale_ = false;  ///< Tracks or credentials changed since `created_`.
  std::optional<Proposal> offered_;
  std::optional<RemoteDescription> remote_offer_;
  CandidateQueue queue_;
  Effects effects_;
};

JsepSession::JsepSession(RtpCapabilities room, LocalTransport local, Random& random)
    : impl_(std::make_unique<Impl>(std::move(room), std::move(local), random)) {}
JsepSession::~JsepSession() = default;
JsepSession::JsepSession(JsepSession&&) noexcept = default;
JsepSession& JsepSession::operator=(JsepSession&&) noexcept = default;

void JsepSession::add_track(OutgoingTrack track) {
  impl_->add_track(std::move(track));
}
void JsepSession::remove_track(std::string_view id) {
  impl_->remove_track(id);
}
void JsepSession::set_local_ice(IceParameters ice, std::vector<IceCandidate> candidates) {
  impl_->set_local_ice(std::move(ice), std::move(candidates));
}
bool JsepSession::negotiation_needed() const {
  return impl_->negotiation_needed();
}
SignalingState JsepSession::signaling_state() const {
  return impl_->signaling_state();
}
Result<std::string> JsepSession::create_offer() {
  return impl_->create_offer();
}
Result<std::string> JsepSession::create_answer() {
  return impl_->create_answer();
}
Result<void> JsepSession::set_local_description(SdpType type, std::string_view sdp) {
  return impl_->set_local_description(type, sdp);
}
Result<void> JsepSession::set_remote_description(SdpType type, std::string_view sdp) {
  return impl_->set_remote_description(type, sdp);
}
Result<std::optional<IceCandidate>> JsepSession::add_ice_candidate(std::string_view candidate,
                                                                   const std::optional<std::string>& mid,
                                                                   std::optional<std::uint16_t> m_line_index,
                                                                   std::string_view username_fragment) {
  return impl_->add_ice_candidate(candidate, mid, m_line_index, username_fragment);
}
Effects JsepSession::take_effects() {
  return impl_->take_effects();
}
std::vector<Section> JsepSession::sections() const {
  return impl_->sections();
}
const std::string& JsepSession::current_local_description() const {
  return impl_->current_local;
}
const std::string& JsepSession::current_remote_description() const {
  return impl_->current_remote;
}
const std::string& JsepSession::pending_local_description() const {
  return impl_->pending_local;
}
const std::string& JsepSession::pending_remote_description() const {
  return impl_->pending_remote;
}

}  // namespace sluice::negotiate
