#include "peer/peers_rig.h"

#include <algorithm>

namespace sluice::test {
namespace {

std::unique_ptr<PeerConnection> make(const Configuration& configuration, std::uint64_t seed, Instant now) {
  PeerConnection::Environment environment;
  environment.seed = Random::expand(seed);
  environment.wall_clock = {now, 1'700'000'000'000'000};
  auto made = PeerConnection::create(configuration, environment);
  INFO((made.ok() ? std::string() : made.error().field + ": " + made.error().message));
  REQUIRE(made.ok());
  return std::move(*made);
}

/// What a test reads in a log.
struct Name {
  std::string operator()(const event::NegotiationNeeded&) const { return "negotiationneeded"; }
  std::string operator()(const event::SignalingStateChange& e) const {
    return "signaling " + std::string(to_string(e.state));
  }
  std::string operator()(const event::IceGatheringStateChange& e) const {
    return "gathering " + std::string(to_string(e.state));
  }
  std::string operator()(const event::IceConnectionStateChange& e) const {
    return "ice " + std::string(to_string(e.state));
  }
  std::string operator()(const event::ConnectionStateChange& e) const {
    return "connection " + std::string(to_string(e.state));
  }
  std::string operator()(const event::IceCandidate& e) const {
    return e.candidate ? "icecandidate" : "icecandidate null";
  }
  std::string operator()(const event::IceCandidateError&) const { return "icecandidateerror"; }
  std::string operator()(const event::Track&) const { return "track"; }
  std::string operator()(const event::TrackRemoved&) const { return "trackremoved"; }
  std::string operator()(const event::FrameReceived&) const { return "frame"; }
  std::string operator()(const event::RtpReceived&) const { return "packet"; }
  std::string operator()(const event::KeyFrameRequested&) const { return "keyframerequest"; }
  std::string operator()(const event::DataChannelOpened& e) const {
    return "datachannel " + e.channel.label();
  }
  std::string operator()(const event::ChannelOpen& e) const { return "open " + e.channel.label(); }
  std::string operator()(const event::ChannelMessage& e) const {
    return "message " + e.channel.label() + (e.binary ? " binary" : " " + std::string(e.text()));
  }
  std::string operator()(const event::BufferedAmountLow& e) const {
    return "bufferedamountlow " + e.channel.label();
  }
  std::string operator()(const event::ChannelClosing& e) const { return "closing " + e.channel.label(); }
  std::string operator()(const event::ChannelClosed& e) const { return "closed " + e.channel.label(); }
};

}  // namespace

std::size_t Peer::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count(log.begin(), log.end(), name));
}

Peers::Peers(Options options)
    : options_(std::move(options)), random_(options_.seed * 3 + 1), network_(options_.seed * 3 + 2) {
  const bool v6 = options_.family == IpFamily::kIPv6;
  add(a, options_.a, options_.seed * 2 + 1, v6 ? "2001:db8:1::" : "192.0.2.", 10'000, true);
  add(b, options_.b, options_.seed * 2 + 2, v6 ? "2001:db8:2::" : "198.51.100.", 20'000, false);
  if (options_.second_device)
    add(c, options_.b, options_.seed * 2 + 3, v6 ? "2001:db8:3::" : "203.0.113.", 30'000, false);
}

/// The first one's links are those of the others.
void Peers::add(Peer& peer, const Configuration& configuration, std::uint64_t seed,
                const std::string& network, std::uint16_t port, bool first) {
  ends_.push_back(&peer);
  peer.pc = make(configuration, seed, now_);
  for (int i = 0; i < options_.addresses; ++i) {
    peer.addresses.push_back(
        *SocketAddress::parse(network + std::to_string(i + 1), static_cast<std::uint16_t>(port + i)));
    if (first) {
      network_.add_server(peer.addresses.back());
    } else {
      network_.add_host(peer.addresses.back(), options_.up, options_.down);
    }
    peer.pc->add_local_address({peer.addresses.back(), static_cast<SocketId>(i), IceProtocol::kUdp});
  }
}

void Peers::cut(bool is_cut) {
  for (const SocketAddress& address : b.addresses) network_.cut(address, is_cut);
}

void Peers::negotiate(Peer& from, Peer& to) {
  const auto check = [](const auto& result) {
    INFO((result.ok() ? std::string() : result.error().field + ": " + result.error().message));
    REQUIRE(result.ok());
  };
  check(from.pc->set_local_description(now_));
  settle();
  check(to.pc->set_remote_description(*from.pc->local_description(), now_));
  check(to.pc->set_local_description(now_));
  settle();
  check(from.pc->set_remote_description(*to.pc->local_description(), now_));
  settle();
}

void Peers::note(Peer& peer, const PeerEvent& event) {
  peer.log.push_back(std::visit(Name{}, event));
  if (const auto* e = std::get_if<event::IceCandidate>(&event)) {
    if (e->candidate) {
      peer.candidates.push_back(*e->candidate);
    } else {
      peer.candidates_ended = true;
      if (deliver_candidates) peer.candidates.emplace_back();
    }
  }
  if (const auto* e = std::get_if<event::IceCandidateError>(&event)) peer.candidate_errors.push_back(*e);
  if (const auto* e = std::get_if<event::ConnectionStateChange>(&event))
    if (!e->reason.empty()) peer.failure = e->reason;
  if (const auto* e = std::get_if<event::DataChannelOpened>(&event)) peer.channels.push_back(e->channel);
  if (const auto* e = std::get_if<event::ChannelMessage>(&event)) peer.messages.push_back(*e);
  if (const auto* e = std::get_if<event::FrameReceived>(&event)) peer.frames.push_back(*e);
  if (const auto* e = std::get_if<event::RtpReceived>(&event)) peer.packets.push_back(*e);
  if (const auto* e = std::get_if<event::KeyFrameRequested>(&event)) peer.key_frame_requests.push_back(*e);
  if (const auto* e = std::get_if<event::Track>(&event)) peer.tracks.push_back(e->transceiver);
  if (std::holds_alternative<event::NegotiationNeeded>(event)) ++peer.negotiation_needed;
  if (peer.on_event) peer.on_event(event);
}

bool Peers::flush(Peer& peer) {
  bool any = false;
  while (peer.pc->poll_request()) {
  }
  while (const auto event = peer.pc->poll_event()) {
    any = true;
    note(peer, *event);
  }
  if (deliver_candidates && !peer.candidates.empty()) {
    Peer& to = other(peer);
    // What signaling has not reached yet waits.
    if (to.pc->signaling_state() != SignalingState::kClosed && to.pc->remote_description())
      for (const IceCandidateInit& candidate : std::exchange(peer.candidates, {}))
        (void)to.pc->add_ice_candidate(candidate, now_);
  }
  for (const OutgoingDatagram& out : peer.pc->drain()) {
    any = true;
    if (out.path.socket < peer.addresses.size())
      network_.send(peer.addresses[out.path.socket], out.path.remote, out.bytes, now_);
  }
  return any;
}

void Peers::settle() {
  for (int i = 0; i < 1000; ++i) {
    bool any = false;
    for (Peer* peer : ends_) any |= flush(*peer);
    if (!any) return;
  }
  FAIL("peers at one instant never come to rest");
}

Instant Peers::next_event() const {
  Instant next = network_.next_delivery();
  for (const Peer* peer : ends_) next = std::min(next, peer->pc->next_deadline());
  return next;
}

void Peers::step(Instant limit) {
  settle();
  now_ = std::max(now_, std::min(limit, next_event()));
  while (network_.receive(now_, scratch_)) {
    for (Peer* peer : ends_) {
      for (std::size_t i = 0; i < peer->addresses.size(); ++i) {
        if (peer->addresses[i] != scratch_.to) continue;
        PacketRef packet = pool_.allocate();
        REQUIRE(scratch_.bytes.size() <= Packet::kCapacity);
        std::copy(scratch_.bytes.begin(), scratch_.bytes.end(), packet->data);
        packet->size = static_cast<std::uint16_t>(scratch_.bytes.size());
        packet->arrival = now_;
        peer->pc->receive(*packet, {scratch_.from, static_cast<SocketId>(i)}, now_);
        flush(*peer);
      }
    }
  }
  for (Peer* peer : ends_)
    if (peer->pc->next_deadline() <= now_) peer->pc->advance(now_);
  settle();
}

void Peers::run_for(Duration duration) {
  const Instant end = now_ + duration;
  while (now_ < end) step(end);
}

bool Peers::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = now_ + limit;
  settle();
  while (!done()) {
    if (now_ >= end) return false;
    step(end);
  }
  return true;
}

bool Peers::run_until_connected(Duration limit) {
  return run_until(
      [&] {
        return a.pc->connection_state() == PeerConnectionState::kConnected &&
               b.pc->connection_state() == PeerConnectionState::kConnected;
      },
      limit);
}

std::vector<std::uint8_t> vp8_frame(bool key, std::size_t size, std::uint8_t fill) {
  std::vector<std::uint8_t> out(std::max<std::size_t>(size, 10), fill);
  // RFC 6386 §9.1: frame tag; of a key frame start code and size (320 by 240).
  const std::uint32_t first_partition = static_cast<std::uint32_t>(out.size() / 2);
  const std::uint32_t tag = (key ? 0U : 1U) | (1U << 4) | (first_partition << 5);
  out[0] = static_cast<std::uint8_t>(tag);
  out[1] = static_cast<std::uint8_t>(tag >> 8);
  out[2] = static_cast<std::uint8_t>(tag >> 16);
  if (key) {
    const std::uint8_t head[] = {0x9D, 0x01, 0x2A, 64, 1, 240, 0};
    std::copy(std::begin(head), std::end(head), out.begin() + 3);
  }
  return out;
}

}  // namespace sluice::test
