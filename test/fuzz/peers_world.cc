#include "peers_world.h"

#include <algorithm>
#include <string>

#include "base/random.h"

namespace sluice::fuzz {
namespace {

bool settled(const End& a, const End& b) {
  const auto done = [](const End& end) {
    const PeerConnectionState state = end.pc->connection_state();
    return state == PeerConnectionState::kConnected || state == PeerConnectionState::kClosed ||
           state == PeerConnectionState::kFailed;
  };
  return done(a) && done(b);
}

}  // namespace

PeersWorld::PeersWorld() {
  for (int i = 0; i < 2; ++i) {
    End& end = ends_[static_cast<std::size_t>(i)];
    PeerConnection::Environment environment;
    environment.seed = Random::expand(static_cast<std::uint64_t>(i) + 1);
    environment.wall_clock = {now_, 1'700'000'000'000'000};
    Configuration configuration;
    if (i == 1) configuration.answer_role = DtlsRole::kServer;
    auto made = PeerConnection::create(configuration, environment);
    require(made.ok());
    end.pc = std::move(*made);
    for (std::uint16_t socket = 0; socket < 2; ++socket) {
      const std::uint8_t ip[4] = {192, 0, static_cast<std::uint8_t>(i),
                                  static_cast<std::uint8_t>(socket + 1)};
      end.addresses.push_back(SocketAddress::ipv4(ip, static_cast<std::uint16_t>(1000 + socket)));
      end.pc->add_local_address({end.addresses.back(), socket, IceProtocol::kUdp});
    }
  }
}

/// What has been answered for now cannot be called back: whoever answered ends it. An answer that never comes
/// leaves its offer open, and the end as it is.
void PeersWorld::end_offers() {
  for (End& end : ends_) {
    const SignalingState state = end.pc->signaling_state();
    if (state == SignalingState::kHaveLocalPranswer) call_set_local(end, SdpType::kAnswer);
    if (state == SignalingState::kHaveLocalOffer)
      check(end.pc->set_local_description({SdpType::kRollback, ""}, now_));
    if (state == SignalingState::kHaveRemoteOffer)
      check(end.pc->set_remote_description({SdpType::kRollback, ""}, now_));
  }
  take_all_signaled();
  settle();
}

void PeersWorld::finish() {
  take_all_signaled();
  end_offers();
  auto& [a, b] = ends_;
  const bool open = !over(a) && !over(b);
  if (open) {
    a.pc->restart_ice();
    if (!a.pc->create_data_channel("last").ok()) return;
    const bool agreed = a.pc->set_local_description(now_).ok() &&
                        b.pc->set_remote_description(*a.pc->local_description(), now_).ok() &&
                        b.pc->set_local_description(now_).ok() &&
                        a.pc->set_remote_description(*b.pc->local_description(), now_).ok();
    require(agreed || signaling_broken_);
    if (!agreed) return;
  }
  for (int i = 0; i < (open ? 400 : 20) && !settled(a, b); ++i) {
    run(500ms, 0);
    take_all_signaled();
  }
  for (const End& end : ends_) {
    const PeerConnectionState state = end.pc->connection_state();
    if (end.closed) continue;
    if (state == PeerConnectionState::kFailed || state == PeerConnectionState::kDisconnected ||
        state == PeerConnectionState::kClosed) {
      require(!end.pc->reason().empty());
    } else if (open) {
      require(state == PeerConnectionState::kConnected || signaling_broken_);
    }
  }
  if (open && !signaling_broken_ && !tampered_ && !paths_removed_ && !dtls_lost_) {
    require(a.pc->connection_state() == PeerConnectionState::kConnected);
    require(b.pc->connection_state() == PeerConnectionState::kConnected);
  }
}

void PeersWorld::call_set_local(End& end, SdpType type) {
  if (const auto set = end.pc->set_local_description({type, {}}, now_); !set) return check(set);
  signal(end, {end.pc->local_description(), {}});
}

void PeersWorld::signal(End& end, Message message) {
  if (end.signaled.size() < kMaxSignaled) {
    end.signaled.push_back(std::move(message));
  } else {
    signaling_broken_ = true;
  }
}

void PeersWorld::take_signaled(End& to) {
  End& from = other(to);
  if (from.signaled.empty()) return;
  const Message message = std::move(from.signaled.front());
  from.signaled.pop_front();
  if (!message.description) return check(to.pc->add_ice_candidate(message.candidate, now_));
  const auto set = to.pc->set_remote_description(*message.description, now_);
  check(set);
  if (!set) {
    signaling_broken_ = true;  // glare, which nobody has resolved
  } else if (message.description->type == SdpType::kOffer) {
    // A provisional answer before the last one: of every other offer.
    if ((count_ & 1) != 0) call_set_local(to, SdpType::kPranswer);
    call_set_local(to, SdpType::kAnswer);
  }
}
void PeersWorld::take_all_signaled() {
  for (int i = 0; i < 200 && !(ends_[0].signaled.empty() && ends_[1].signaled.empty()); ++i) {
    for (End& end : ends_) take_signaled(end);
    settle();
  }
}

void PeersWorld::deliver(Flying packet) {
  for (End& end : ends_) {
    for (std::size_t socket = 0; socket < end.addresses.size(); ++socket) {
      if (end.addresses[socket] != packet.to) continue;
      PacketRef ref = pool_.allocate();
      require(packet.bytes.size() <= Packet::kCapacity);
      std::copy(packet.bytes.begin(), packet.bytes.end(), ref->data);
      ref->size = static_cast<std::uint16_t>(packet.bytes.size());
      ref->arrival = now_;
      end.pc->receive(*ref, {packet.from, static_cast<SocketId>(socket)}, now_);
    }
  }
}

void PeersWorld::run(Duration duration, std::uint8_t loss) {
  const Instant end = now_ + duration;
  for (int i = 0; i < 2000; ++i) {
    settle();
    for (Flying& packet : std::exchange(flying_, {})) {
      if ((loss >> (count_++ & 7) & 1) == 0) {
        deliver(std::move(packet));
      } else {
        lose(packet);
      }
    }
    settle();
    if (!flying_.empty()) {
      now_ += 1ms;
      continue;
    }
    const Instant next = std::min(ends_[0].pc->next_deadline(), ends_[1].pc->next_deadline());
    if (next > end) break;
    now_ = std::max(now_, next);
    for (End& e : ends_)
      if (e.pc->next_deadline() <= now_) e.pc->advance(now_);
    now_ += 100us;
  }
  now_ = std::max(now_, end);
}

void PeersWorld::lose(const Flying& packet) {
  if (!packet.bytes.empty() && packet.bytes[0] >= 20 && packet.bytes[0] < 64) dtls_lost_ = true;
}

void PeersWorld::settle() {
  for (int i = 0;; ++i) {
    require(i < 1000);  // two ends at one instant come to rest
    bool any = false;
    for (End& end : ends_) any |= flush(end);
    if (!any) return;
  }
}

bool PeersWorld::flush(End& end) {
  bool any = false;
  while (end.pc->poll_request()) {
  }
  while (const auto e = end.pc->poll_event()) {
    any = true;
    if (const auto* c = std::get_if<event::IceCandidate>(&*e))
      signal(end, {{}, c->candidate.value_or(IceCandidateInit{})});
    if (const auto* c = std::get_if<event::DataChannelOpened>(&*e); c != nullptr && end.channels.size() < 16)
      end.channels.push_back(c->channel);
    if (const auto* s = std::get_if<event::ConnectionStateChange>(&*e);
        s != nullptr && s->state == PeerConnectionState::kFailed)
      require(!s->reason.empty());
  }
  for (const OutgoingDatagram& out : end.pc->drain()) {
    any = true;
    require(out.path.socket < end.addresses.size() && !out.bytes.empty() && out.bytes.size() <= kMaxDatagram);
    Flying packet{end.addresses[out.path.socket], out.path.remote, {out.bytes.begin(), out.bytes.end()}};
    if (packet.from.port() == 0) continue;
    if (flying_.size() < kMaxFlying) {
      flying_.push_back(std::move(packet));
    } else {
      lose(packet);
    }
  }
  if (over(end)) require(end.pc->next_deadline() == kNever);
  return any;
}

}  // namespace sluice::fuzz
