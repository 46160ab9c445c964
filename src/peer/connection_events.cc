// What a connection tells: each part's events as W3C's, and the state that ICE and DTLS have together.
#include "peer/connection.h"

namespace sluice::peer {

void Connection::take_negotiator_events() {
  for (const NegotiatorEvent& e : negotiator_.take_events()) {
    using Type = NegotiatorEvent::Type;
    switch (e.type) {
      case Type::kNegotiationNeeded:
        events_.emplace_back(event::NegotiationNeeded{});
        break;
      case Type::kSignalingState:
        events_.emplace_back(event::SignalingStateChange{e.state});
        break;
      case Type::kTrack:
        events_.emplace_back(event::Track{RtpTransceiver(this, e.transceiver)});
        break;
      case Type::kTrackRemoved:
        events_.emplace_back(event::TrackRemoved{RtpTransceiver(this, e.transceiver)});
        break;
    }
  }
}

void Connection::take_ice_events() {
  using Type = ice::FullEvent::Type;
  while (auto e = transport_.ice().poll_event()) {
    switch (e->type) {
      case Type::kCandidate: {
        const ice::LocalCandidate& c = *e->candidate;
        // One that no description is there for comes with the next.
        if (!negotiator_.add_local_candidate(transport_.ice().local().ufrag, c.ice, c.related_address,
                                             c.related_port))
          break;
        events_.emplace_back(
            event::IceCandidate{negotiator_.candidate_init(c.ice, c.related_address, c.related_port)});
        break;
      }
      case Type::kCandidateError: {
        const ice::CandidateError& error = *e->error;
        const bool sent = !error.local.is_unspecified();
        events_.emplace_back(event::IceCandidateError{sent ? error.local.ip() : std::string(),
                                                      sent ? error.local.port() : std::uint16_t{0}, error.url,
                                                      error.code, error.text});
        break;
      }
      case Type::kGatheringStateChanged: {
        const auto state = static_cast<IceGatheringState>(e->gathering);
        gathering_state_ = state;
        if (state == IceGatheringState::kComplete) negotiator_.local_candidates_ended();
        events_.emplace_back(event::IceGatheringStateChange{state});
        if (state == IceGatheringState::kComplete) events_.emplace_back(event::IceCandidate{});
        break;
      }
      case Type::kStateChanged:
        ice_state_ = e->state;
        if (e->state == IceState::kDisconnected || e->state == IceState::kFailed) reason_ = e->reason;
        events_.emplace_back(event::IceConnectionStateChange{e->state});
        break;
      case Type::kSelectedPairChanged:
        transport_.note_selected_pair();
        break;
      case Type::kRoleChanged:
        break;
    }
  }
}

void Connection::take_dtls() {
  const dtls::Session* dtls = transport_.dtls();
  if (dtls == nullptr) return;
  if (negotiator_.awaits_final_answer()) return;  // see lose_provisional()
  if (dtls->state() == dtls::State::kFailed)
    end("the DTLS handshake failed: " + dtls->failure(), PeerConnectionState::kFailed);
  else if (dtls->state() == dtls::State::kClosed)
    end("the other side closed the connection", PeerConnectionState::kClosed);
}

/// RTCPeerConnectionState (W3C WebRTC §4.3.3) of one ICE and one DTLS transport.
void Connection::update_state() {
  if (closed_) return;
  const dtls::Session* dtls = transport_.dtls();
  if (dtls != nullptr && (dtls->state() == dtls::State::kFailed || dtls->state() == dtls::State::kClosed))
    return lose_provisional(*dtls);
  const bool dtls_new = transport_.dtls() == nullptr || transport_.dtls()->state() == dtls::State::kNew;
  PeerConnectionState next = PeerConnectionState::kConnecting;
  if (ice_state_ == IceState::kFailed) {
    next = PeerConnectionState::kFailed;
  } else if (ice_state_ == IceState::kDisconnected) {
    next = PeerConnectionState::kDisconnected;
  } else if (ice_state_ == IceState::kNew && dtls_new) {
    next = PeerConnectionState::kNew;
  } else if ((ice_state_ == IceState::kConnected || ice_state_ == IceState::kCompleted) &&
             transport_.dtls_connected()) {
    next = PeerConnectionState::kConnected;
  }
  if (next == state_) return;
  state_ = next;
  if (next == PeerConnectionState::kConnected) reason_.clear();
  events_.emplace_back(event::ConnectionStateChange{next, reason_});
}

/// Who answered for now is gone, and may not be who answers at last (RFC 8829 §3.2).
void Connection::lose_provisional(const dtls::Session& dtls) {
  if (std::exchange(state_, PeerConnectionState::kDisconnected) == PeerConnectionState::kDisconnected) return;
  reason_ = dtls.state() == dtls::State::kClosed ? "who answered provisionally closed the connection"
                                                 : "the DTLS handshake failed: " + dtls.failure();
  events_.emplace_back(event::ConnectionStateChange{state_, reason_});
}

std::optional<PeerEvent> Connection::poll_event() {
  if (!events_.empty()) {
    PeerEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  if (auto e = data_.next_event(now_)) {
    using Type = Data::Event::Type;
    const DataChannel of = channel(e->number);
    switch (e->type) {
      case Type::kOpenedByRemote:
        return event::DataChannelOpened{of};
      case Type::kOpen:
        return event::ChannelOpen{of};
      case Type::kMessage:
        return event::ChannelMessage{of, e->binary, std::move(e->data)};
      case Type::kBufferedAmountLow:
        return event::BufferedAmountLow{of};
      case Type::kClosing:
        return event::ChannelClosing{of};
      case Type::kClosed:
        return event::ChannelClosed{of, std::move(e->reason)};
    }
  }
  if (!data_.failure().empty() && !closed_ && !negotiator_.awaits_final_answer()) {
    end("SCTP failed: " + data_.failure(), PeerConnectionState::kFailed);
    return poll_event();
  }
  if (closed_) return std::nullopt;
  if (auto e = media_.next_event()) {
    const RtpTransceiver of(this, e->transceiver);
    switch (e->type) {
      case Media::Event::Type::kFrame:
        return event::FrameReceived{of, std::move(e->frame)};
      case Media::Event::Type::kPacket:
        return event::RtpReceived{of, std::move(e->packet)};
      case Media::Event::Type::kKeyFrameRequested:
        return event::KeyFrameRequested{of, std::move(e->rid)};
    }
  }
  return std::nullopt;
}

}  // namespace sluice::peer
