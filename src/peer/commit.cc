// What becomes of proposals (RFC 8829 §4.1.10): an offer that is called back, an answer that holds for now,
// and one that is final.
#include "peer/negotiator.h"

namespace sluice::peer {

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

/// Of either side's answer. A held m-line keeps its transceiver.
void Negotiator::take_effect(const Agreement& agreed) {
  ++agreements_;
  for (const Line& line : agreed.lines) {
    Transceiver* t = line.transceiver ? get(*line.transceiver) : nullptr;
    if (t == nullptr) continue;
    const sdp::Direction theirs = sdp::reversed(line.remote_direction);
    const bool sends = !line.rejected && sdp::sends(line.direction) && sdp::sends(theirs);
    const bool receives = !line.rejected && sdp::receives(line.direction) && sdp::receives(theirs);
    t->current_direction = from_sdp(sdp::make_direction(sends, receives));
  }
}

/// A provisional answer was set on either side: the offer stays open.
void Negotiator::hold(Agreement answered) {
  provisional_ = std::move(answered);
  take_effect(*provisional_);
}

/// An answer was set on either side.
void Negotiator::commit(Agreement next) {
  const bool asked = pending_->offered_by_us && pending_->data_line() != nullptr;
  const bool had = current_.data_line() != nullptr;
  // To ask again for what was just rejected would never end; the next channel asks.
  if ((asked || had) && next.data_line() == nullptr) data_wanted_ = false;
  current_ = std::move(next);
  pending_.reset();
  provisional_.reset();
  offered_.reset();
  pending_local_.reset();
  pending_remote_.reset();
  offer_.reset();
  answer_.reset();
  for (Line& line : current_.lines) {
    Transceiver* t = line.transceiver ? get(*line.transceiver) : nullptr;
    if (t == nullptr) continue;
    t->by_remote = false;
    if (!line.rejected) continue;
    if (t->receiving) events_.push_back({NegotiatorEvent::Type::kTrackRemoved, state_, t->id});
    forget(t->id);
    line.transceiver.reset();
  }
  take_effect(current_);
  if (restart_ && restart_->username_fragment == current_.local_ice.username_fragment) restart_.reset();
  set_state(SignalingState::kStable);
  needed_ = false;
  update_negotiation_needed();
}

}  // namespace sluice::peer
