// The other side's offers and answers (RFC 8829 §5.10, §5.11), put on transceivers.
#include <algorithm>

#include "peer/negotiator.h"

namespace sluice::peer {

/// RFC 8829 §5.10: which transceiver an m-line of the other side's is.
void Negotiator::associate(const RemoteSection& section, std::size_t index, Agreement& next) {
  const bool known = index < current_.lines.size() && !current_.lines[index].rejected;
  Line& line = next.lines[index];
  const bool keeps = known && !section.rejected;
  if (!known) line = Line{};
  line.media = section.media;
  line.protocol = section.protocol;
  line.formats = section.formats;
  line.named = !section.mid.empty();
  if (!keeps || line.named) line.mid = section.mid;
  line.data = section.data.has_value();
  line.rejected = section.rejected;
  line.remote_direction = section.direction;
  if (line.mid.empty() && !section.rejected) line.mid = new_mid(next);
  if (section.rejected || line.transceiver || !section.kind || !section.usable()) return;
  Transceiver* found = nullptr;
  if (sdp::receives(section.direction))
    for (const auto& t : transceivers_)
      if (found == nullptr && t->kind == *section.kind && t->by_add_track && !t->stopping &&
          next.line_of(t->id) == nullptr)
        found = t.get();
  if (found == nullptr && transceivers_.size() < kMaxTransceivers) {
    found = &make_transceiver(*section.kind);
    found->direction = TransceiverDirection::kRecvOnly;
    found->by_remote = true;
  }
  if (found != nullptr) line.transceiver = found->id;
}

Result<void> Negotiator::take_offer(const SessionDescription& offer) {
  auto remote = read_remote(offer.sdp, SdpType::kOffer, options_.capabilities);
  if (!remote) return remote.error();
  if (auto checked = check_offer(*remote, offer.sdp); !checked) return checked;
  // W3C §4.4.1.5: an offer that meets ours rolls ours back; one that replaces another drops that.
  if (state_ != SignalingState::kStable) {
    const SignalingState before = state_;
    const std::size_t told = events_.size();
    rollback();
    if (before == SignalingState::kHaveRemoteOffer)  // stays there
      std::erase_if(events_, [&, i = std::size_t{0}](const NegotiatorEvent& e) mutable {
        return i++ >= told && e.type == NegotiatorEvent::Type::kSignalingState;
      });
  }
  Agreement next = current_;
  next.offered_by_us = false;
  next.lines.resize(remote->sections.size());
  for (std::size_t i = 0; i < remote->sections.size(); ++i) associate(remote->sections[i], i, next);
  learn(*remote, next);
  Description description;
  description.type = SdpType::kOffer;
  description.text = offer.sdp;
  description.value = remote->parsed;
  if (remote->ice) description.ufrag = remote->ice->parameters.username_fragment;
  offered_ = std::move(*remote);
  pending_ = std::move(next);
  pending_remote_ = std::move(description);
  set_state(SignalingState::kHaveRemoteOffer);
  take_tracks(*pending_);
  for (const IceCandidateInit& early : std::exchange(early_candidates_, {})) {
    if (!add_remote_candidate(early)) continue;  // of another generation
  }
  return {};
}

/// A provisional answer is read as an answer (RFC 8829 §4.1.10.1).
Result<void> Negotiator::take_answer(const SessionDescription& answer) {
  auto remote = read_remote(answer.sdp, SdpType::kAnswer, options_.capabilities);
  if (!remote) return remote.error();
  if (auto checked = check_answer(*remote, answer.sdp); !checked) return checked;
  Agreement next = *pending_;
  next.bundle = remote->bundle;
  for (std::size_t i = 0; i < next.lines.size(); ++i) {
    Line& line = next.lines[i];
    const RemoteSection& section = remote->sections[i];
    if (!section.rejected) line.named = !section.mid.empty();
    if (section.rejected) {
      line.rejected = true;
      line.formats = section.formats;
      line.send.reset();
      line.receive.reset();
      line.remote_direction = sdp::Direction::kInactive;
    } else if (!line.data && line.transceiver) {
      agree(section, line);
    }
  }
  learn(*remote, next);
  // RFC 5763 §5: the other side chose.
  if (remote->ice && !next.role)
    next.role = remote->setup == sdp::Setup::kActive ? DtlsRole::kServer : DtlsRole::kClient;
  Description description;
  description.type = answer.type;
  description.text = answer.sdp;
  description.value = remote->parsed;
  if (remote->ice) description.ufrag = remote->ice->parameters.username_fragment;
  take_tracks(next);
  if (answer.type == SdpType::kPranswer) {
    pending_remote_ = std::move(description);
    hold(std::move(next));
    set_state(SignalingState::kHaveRemotePranswer);
  } else {
    current_local_ = std::exchange(pending_local_, std::nullopt);
    current_remote_ = std::move(description);
    commit(std::move(next));
  }
  for (const IceCandidateInit& early : std::exchange(early_candidates_, {})) {
    if (!add_remote_candidate(early)) continue;
  }
  return {};
}

/// W3C §4.4.1.5: who begins or ends to send to us.
void Negotiator::take_tracks(const Agreement& next) {
  for (const Line& line : next.lines) {
    Transceiver* t = line.transceiver ? get(*line.transceiver) : nullptr;
    if (t == nullptr) continue;
    const bool sends = !line.rejected && sdp::sends(line.remote_direction);
    if (t->receiving == sends) continue;
    t->receiving = sends;
    events_.push_back(
        {sends ? NegotiatorEvent::Type::kTrack : NegotiatorEvent::Type::kTrackRemoved, state_, t->id});
  }
}

}  // namespace sluice::peer
