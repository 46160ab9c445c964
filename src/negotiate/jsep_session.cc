// Tracks, candidates, and the public face of a JsepSession.
#include "negotiate/jsep_session.h"

#include "base/check.h"
#include "negotiate/jsep_data.h"
#include "negotiate/jsep_impl.h"
#include "negotiate/jsep_transport.h"

namespace sluice::negotiate {

std::string_view to_string(SignalingState state) {
  constexpr std::string_view kNames[] = {"stable", "have-local-offer", "have-remote-offer",
                                         "have-local-pranswer", "have-remote-pranswer"};
  return kNames[static_cast<std::size_t>(state)];
}

JsepSession::Impl::Impl(RtpCapabilities room, LocalTransport local, Random& random)
    : room_(std::move(room)),
      fingerprints_(std::move(local.fingerprints)),
      data_(local.data),
      random_(&random) {
  session_id_ = random.u64() >> 1;  // RFC 8829 §5.2.1: 63 bits
  current_.tls_id = new_tls_id(random);
  current_.local_ice = std::move(local.ice);
  current_.local_candidates = std::move(local.candidates);
}

void JsepSession::Impl::add_track(OutgoingTrack track) {
  SLUICE_CHECK(tracks_.find(track.id) == nullptr && !track.id.empty());
  tracks_.list.push_back(std::move(track));
  stale_ = true;
}

void JsepSession::Impl::add_declined_track(OutgoingTrack track, std::string_view mid) {
  const auto slot = std::find_if(current_.slots.begin(), current_.slots.end(), [&](const Slot& s) {
    return s.mid == mid && s.declined && s.track_id.empty();
  });
  if (slot != current_.slots.end()) slot->track_id = track.id;
  add_track(std::move(track));
}

void JsepSession::Impl::remove_track(std::string_view id) {
  const auto removed = std::erase_if(tracks_.list, [&](const OutgoingTrack& t) { return t.id == id; });
  if (removed == 0) return;
  if (const auto it = tracks_.refused.find(id); it != tracks_.refused.end()) tracks_.refused.erase(it);
  forget(current_, id);
  if (offered_) forget(offered_->state, id);
  if (provisional_) forget(provisional_->state, id);
  if (created_) forget(created_->state, id);
  stale_ = true;
}

void JsepSession::Impl::want_data() {
  if (!data_ || std::exchange(current_.wants_data, true)) return;
  stale_ = true;
}

void JsepSession::Impl::set_local_ice(IceParameters ice, std::vector<IceCandidate> candidates) {
  waiting_ice_ = LocalIce{std::move(ice), std::move(candidates)};
  stale_ = true;
}

bool JsepSession::Impl::negotiation_needed() const {
  if (waiting_ice_) return true;
  if (current_.wants_data && find_data(current_) == nullptr) return true;
  std::set<std::string_view> placed;
  for (const Slot& slot : current_.slots) {
    if (!slot.sending) {
      if (!slot.track_id.empty()) placed.insert(slot.track_id);  // for the client to want
      continue;
    }
    if (tracks_.wanted(slot.track_id) == nullptr) return true;
    placed.insert(slot.track_id);
  }
  return std::any_of(tracks_.list.begin(), tracks_.list.end(), [&](const OutgoingTrack& t) {
    return !placed.contains(t.id) && !tracks_.refused.contains(t.id);
  });
}

Result<std::optional<IceCandidate>> JsepSession::Impl::add_ice_candidate(
    std::string_view text, const std::optional<std::string>& mid, std::optional<std::uint16_t> index,
    std::string_view ufrag) {
  using Given = std::optional<IceCandidate>;
  auto read = read_candidate(text);
  if (!read) return read.error();
  if (auto checked = check_place(mid, index, !read->candidate); !checked) return checked.error();
  if (!read->candidate) return Given();
  std::string generation(ufrag.empty() ? std::string_view(read->username_fragment) : ufrag);
  const auto& remote = in_effect().remote;
  const bool known = remote && (generation.empty() || generation == remote->ice.username_fragment);
  if (known) return Given(std::move(read->candidate));
  // Perhaps of the generation that an offer under way brings; if not, the queue drops it then.
  if (auto queued = queue_.push(std::move(*read->candidate), std::move(generation)); !queued)
    return queued.error();
  return Given();
}

std::vector<Section> JsepSession::Impl::sections() const {
  const State& state = created_       ? created_->state
                       : provisional_ ? provisional_->state
                       : offered_     ? offered_->state
                                      : current_;
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

void JsepSession::Impl::forget(State& state, std::string_view id) {
  for (Slot& slot : state.slots) {
    if (slot.track_id != id) continue;
    slot.track_id.clear();
    slot.outgoing.reset();
  }
}

Result<void> JsepSession::Impl::check_place(const std::optional<std::string>& mid,
                                            std::optional<std::uint16_t> index, bool end) const {
  const auto& text = pending_remote.empty() ? current_remote : pending_remote;
  if (!mid && !index) {
    if (end) return {};
    return invalid_argument("sdpMid", "neither sdpMid nor sdpMLineIndex is given; expected one of them");
  }
  if (text.empty()) return {};            // nothing to hold it against yet
  if (mid && !(mid->empty() && index)) {  // a client without mids has indexes only
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

bool JsepSession::Impl::describes(std::string_view mid) const {
  const auto has_mid = [&](const auto& section) { return section.mid == mid; };
  const auto in = [&](const auto& sections) {
    return std::any_of(sections.begin(), sections.end(), has_mid);
  };
  return in(current_.slots) || (offered_ && in(offered_->state.slots)) ||
         (remote_offer_ && in(remote_offer_->sections));
}

JsepSession::JsepSession(RtpCapabilities room, LocalTransport local, Random& random)
    : impl_(std::make_unique<Impl>(std::move(room), std::move(local), random)) {}
JsepSession::~JsepSession() = default;
JsepSession::JsepSession(JsepSession&&) noexcept = default;
JsepSession& JsepSession::operator=(JsepSession&&) noexcept = default;

void JsepSession::add_track(OutgoingTrack track) {
  impl_->add_track(std::move(track));
}
void JsepSession::add_declined_track(OutgoingTrack track, std::string_view mid) {
  impl_->add_declined_track(std::move(track), mid);
}
void JsepSession::remove_track(std::string_view id) {
  impl_->remove_track(id);
}
void JsepSession::want_data() {
  impl_->want_data();
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
Result<void> JsepSession::set_capabilities(std::string_view sdp) {
  return impl_->set_capabilities(sdp);
}
Result<std::string> JsepSession::create_offer(const OfferOptions& options) {
  return impl_->create_offer(options);
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
