// Two peer connections on bad networks, and under calls in any order: they connect whenever a path exists,
// and otherwise fail in bounded time, with the reason.
#include "peer/peers_rig.h"
#include "seeds.h"

using namespace sluice;
using sluice::test::Peer;
using sluice::test::Peers;

namespace {

net::LinkSpec bad_link(Random& random) {
  net::LinkSpec out;
  out.loss = random.unit() * 0.3;
  out.duplication = random.unit() * 0.1;
  out.delay = Duration(random.below(200'000));
  out.jitter = Duration(random.below(100'000));
  return out;
}

/// Calls of an application that follows "perfect negotiation" over a signaling channel that delays, with
/// everything that may come in between.
class Application {
 public:
  explicit Application(Peers& peers) : peers_(peers) {
    for (Peer* peer : {&peers.a, &peers.b})
      peer->on_event = [this, peer](const PeerEvent& event) { on_event(*peer, event); };
    peers.deliver_candidates = false;
  }

  void random_call(Random& random) {
    Peer& peer = random.chance(0.5) ? peers_.a : peers_.b;
    PeerConnection& pc = *peer.pc;
    auto transceivers = pc.get_transceivers();
    switch (random.below(10)) {
      case 0:
      case 1:
        if (transceivers.size() < 6)
          (void)pc.add_track(random.chance(0.5) ? MediaKind::kAudio : MediaKind::kVideo);
        break;
      case 2:
        if (transceivers.size() < 6)
          (void)pc.add_transceiver(random.chance(0.5) ? MediaKind::kAudio : MediaKind::kVideo,
                                   {{}, static_cast<TransceiverDirection>(random.below(4)), {}});
        break;
      case 3:
        if (!transceivers.empty())
          (void)pc.remove_track(
              transceivers[random.below(static_cast<std::uint32_t>(transceivers.size()))].sender());
        break;
      case 4:
        if (!transceivers.empty())
          (void)transceivers[random.below(static_cast<std::uint32_t>(transceivers.size()))].set_direction(
              static_cast<TransceiverDirection>(random.below(4)));
        break;
      case 5:
        if (transceivers.size() > 1) transceivers.front().stop();
        break;
      case 6:
        (void)pc.create_data_channel("channel", {});
        break;
      case 7:
        if (random.chance(0.3)) pc.restart_ice();
        break;
      case 8:
        (void)pc.create_offer();
        break;
      case 9:  // an application that thinks again, before it has told anybody
        if (pc.signaling_state() != SignalingState::kStable) break;
        if (pc.set_local_description(peers_.now()).ok())
          check(pc.set_local_description({SdpType::kRollback, ""}, peers_.now()));
        break;
    }
  }

  /// Messages whose time has come, in order from each side.
  void deliver(Random& random) {
    for (Peer* from : {&peers_.a, &peers_.b}) {
      auto& queue = from == &peers_.a ? from_a_ : from_b_;
      while (!queue.empty() && random.chance(0.7)) {
        const Message message = std::move(queue.front());
        queue.pop_front();
        receive(peers_.other(*from), message, random);
      }
    }
    for (Peer* peer : {&peers_.a, &peers_.b})
      if (random.chance(0.5)) finish_answer(*peer);
  }
  [[nodiscard]] bool quiet() const { return from_a_.empty() && from_b_.empty(); }
  [[nodiscard]] const std::string& error() const { return error_; }
  /// Of the last descriptions: who set what, and its m-lines.
  [[nodiscard]] std::string trace() const {
    std::string out;
    for (const std::string& line : trace_) out += line + '\n';
    return out;
  }
  /// Until nothing is under way: what an event has yet to start shows in the next round.
  void settle(Random& random) {
    for (int i = 0, rounds = 0; i < 2000 && rounds < 3; ++i) {
      deliver(random);
      peers_.run_for(10ms);
      for (Peer* peer : {&peers_.a, &peers_.b}) negotiate(*peer);
      rounds = quiet() && stable() ? rounds + 1 : 0;
    }
  }
  [[nodiscard]] bool stable() const {
    return peers_.a.pc->signaling_state() == SignalingState::kStable &&
           peers_.b.pc->signaling_state() == SignalingState::kStable && !needs_a_ && !needs_b_;
  }

 private:
  struct Message {
    std::optional<SessionDescription> description;
    std::optional<IceCandidateInit> candidate;
  };

  void send(Peer& from, Message message) {
    (&from == &peers_.a ? from_a_ : from_b_).push_back(std::move(message));
  }

  void on_event(Peer& peer, const PeerEvent& event) {
    if (const auto* e = std::get_if<event::IceCandidate>(&event))
      send(peer, {{}, e->candidate.value_or(IceCandidateInit{})});
    if (std::holds_alternative<event::NegotiationNeeded>(event)) {
      (&peer == &peers_.a ? needs_a_ : needs_b_) = true;
      negotiate(peer);
    }
  }

  void negotiate(Peer& peer) {
    bool& needs = &peer == &peers_.a ? needs_a_ : needs_b_;
    if (!needs || peer.pc->signaling_state() != SignalingState::kStable) return;
    needs = false;
    if (check(peer.pc->set_local_description(peers_.now()))) send(peer, {peer.pc->local_description(), {}});
    note(peer, "set", peer.pc->local_description());
  }

  /// After a provisional one.
  void finish_answer(Peer& peer) {
    if (peer.pc->signaling_state() != SignalingState::kHaveLocalPranswer) return;
    if (check(peer.pc->set_local_description(peers_.now()))) send(peer, {peer.pc->local_description(), {}});
    note(peer, "set", peer.pc->local_description());
  }

  void receive(Peer& peer, const Message& message, Random& random) {
    PeerConnection& pc = *peer.pc;
    const bool polite = &peer == &peers_.b;
    bool& ignoring = polite ? ignoring_b_ : ignoring_a_;
    if (message.candidate) {
      const auto added = pc.add_ice_candidate(*message.candidate, peers_.now());
      // Of an offer that was ignored or rolled back; or the newest description is not there yet.
      if (!added && added.error().code != ErrorCode::kNotFound && !ignoring) fail(added.error());
      return;
    }
    const SessionDescription& description = *message.description;
    if (description.type == SdpType::kOffer) {
      ignoring = !polite && pc.signaling_state() != SignalingState::kStable;
      if (ignoring) return;
      if (!check(pc.set_remote_description(description, peers_.now()))) return;
      note(peer, "took", description);
      const bool provisional = random.chance(0.3);  // and then, perhaps, once more
      const SessionDescription answer{provisional ? SdpType::kPranswer : SdpType::kAnswer, {}};
      for (int i = provisional ? static_cast<int>(random.below(2)) : 0; i >= 0; --i) {
        if (check(pc.set_local_description(answer, peers_.now()))) send(peer, {pc.local_description(), {}});
        note(peer, "set", pc.local_description());
      }
    } else {
      note(peer, "took", description);
      check(pc.set_remote_description(description, peers_.now()));
    }
  }

  void note(const Peer& peer, const char* what, const std::optional<SessionDescription>& description) {
    std::string out = (&peer == &peers_.a ? "a " : "b ") + std::string(what) + ' ';
    if (description) {
      out += to_string(description->type);
      const std::string& sdp = description->sdp;
      for (std::size_t at = 0; at < sdp.size(); at = sdp.find('\n', at) + 1) {
        const std::string line = sdp.substr(at, sdp.find('\r', at) - at);
        if (line.starts_with("m=")) out += " | " + line.substr(2, 7);
        if (line.starts_with("a=mid:")) out += line.substr(5);
        for (const char* direction : {"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"})
          if (line == direction) out += ' ' + line.substr(2);
      }
    }
    trace_.push_back(std::move(out));
    if (trace_.size() > 12) trace_.erase(trace_.begin());
  }
  bool check(const Result<void>& result) {
    if (!result) fail(result.error());
    return result.ok();
  }
  void fail(const Error& error) {
    if (error_.empty()) error_ = error.field + ": " + error.message;
  }

  Peers& peers_;
  std::deque<Message> from_a_;
  std::deque<Message> from_b_;
  bool needs_a_ = false;
  bool needs_b_ = false;
  bool ignoring_a_ = false;
  bool ignoring_b_ = false;
  std::string error_;
  std::vector<std::string> trace_;
};

/// For the message of a failure.
std::string describe(const Peers& peers, const Peer& peer) {
  const auto transports = peer.pc->get_stats(peers.now()).all<TransportStatistics>();
  std::string out = &peer == &peers.a ? "a: " : "b: ";
  out += std::string(to_string(peer.pc->connection_state())) + ", ICE " +
         std::string(to_string(peer.pc->ice_connection_state())) + ' ' + peer.failure;
  for (const TransportStatistics& t : transports)
    out += ", DTLS " + t.dtls_role + ' ' + t.dtls_state + ", ICE " + t.ice_role + ' ' +
           t.selected_candidate_pair_id;
  return out + '\n';
}

}  // namespace

TEST_CASE("two peers connect and exchange data over any network that lets some packets through") {
  for (const std::uint64_t seed : seeds(1, 12)) {
    INFO("seed " << seed);
    Random random(seed * 977);
    Peers::Options options;
    options.seed = seed;
    options.up = bad_link(random);
    options.down = bad_link(random);
    options.addresses = 1 + static_cast<int>(random.below(3));
    options.b.answer_role = random.chance(0.5) ? DtlsRole::kServer : DtlsRole::kClient;
    Peers peers(options);
    auto channel = peers.a.pc->create_data_channel("x");
    REQUIRE(channel.ok());
    if (random.chance(0.5)) REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
    peers.negotiate();
    const bool connected = peers.run_until_connected(60s);
    INFO("a: " << peers.a.failure << ", b: " << peers.b.failure);
    REQUIRE(connected);
    REQUIRE(peers.run_until([&] { return channel->ready_state() == DataChannelState::kOpen; }, 60s));
    for (int i = 0; i < 20; ++i) CHECK(channel->send(std::to_string(i), peers.now()).ok());
    REQUIRE(peers.run_until([&] { return peers.b.messages.size() == 20; }, 120s));
    for (std::size_t i = 0; i < 20; ++i) CHECK(peers.b.messages[i].text() == std::to_string(i));
  }
}

TEST_CASE("without a path the connection fails in bounded time, and says why") {
  Peers peers({});
  peers.cut(true);
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  peers.negotiate();
  REQUIRE(peers.run_until(
      [&] {
        return peers.a.pc->connection_state() == PeerConnectionState::kFailed &&
               peers.b.pc->connection_state() == PeerConnectionState::kFailed;
      },
      60s));
  CHECK(!peers.a.failure.empty());
  CHECK(!peers.b.failure.empty());
  // A restart with a path brings it up.
  peers.cut(false);
  peers.a.pc->restart_ice();
  peers.negotiate();
  CHECK(peers.run_until_connected());
}

TEST_CASE(
    "a path that is lost is told as disconnected, then failed; one that comes back is connected again") {
  Peers peers({});
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  peers.cut(true);
  REQUIRE(peers.run_until(
      [&] { return peers.a.pc->connection_state() == PeerConnectionState::kDisconnected; }, 30s));
  peers.cut(false);
  REQUIRE(peers.run_until([&] { return peers.a.pc->connection_state() == PeerConnectionState::kConnected; },
                          30s));
  peers.cut(true);
  REQUIRE(
      peers.run_until([&] { return peers.a.pc->connection_state() == PeerConnectionState::kFailed; }, 60s));
  CHECK(!peers.a.failure.empty());
}

TEST_CASE(
    "calls in any order over bad networks and slow signaling end in a connection whenever a path exists, and "
    "otherwise in bounded time in failed, with the reason") {
  for (const std::uint64_t seed : seeds(1, 25)) {
    INFO("seed " << seed);
    Random random(seed * 31 + 7);
    Peers::Options options;
    options.seed = seed;
    options.up = bad_link(random);
    options.down = bad_link(random);
    options.addresses = 1 + static_cast<int>(random.below(2));
    Peers peers(options);
    const bool path_exists = random.chance(0.8);
    peers.cut(!path_exists);
    Application application(peers);
    REQUIRE(peers.a.pc->create_data_channel("first").ok());
    const int calls = 5 + static_cast<int>(random.below(40));
    for (int i = 0; i < calls; ++i) {
      application.random_call(random);
      if (random.chance(0.5)) peers.run_for(Duration(random.below(200'000)));
      if (random.chance(0.6)) application.deliver(random);
    }
    application.settle(random);
    INFO(application.error());
    REQUIRE(application.error().empty());
    REQUIRE(application.stable());
    const auto reach = [&](PeerConnectionState state, Duration limit) {
      return peers.run_until(
          [&] {
            application.deliver(random);
            return peers.a.pc->connection_state() == state && peers.b.pc->connection_state() == state;
          },
          limit);
    };
    if (!path_exists) {
      const bool failed = reach(PeerConnectionState::kFailed, 60s);
      INFO(describe(peers, peers.a) << describe(peers, peers.b) << application.trace());
      REQUIRE(failed);
      CHECK(!peers.a.failure.empty());
      CHECK(!peers.b.failure.empty());
      peers.cut(false);
      peers.a.pc->restart_ice();
      application.settle(random);
    }
    const bool connected = reach(PeerConnectionState::kConnected, 60s);
    INFO(describe(peers, peers.a) << describe(peers, peers.b) << application.trace());
    REQUIRE(connected);
    application.settle(random);
    INFO(application.trace());
    REQUIRE(application.error().empty());
    // What both have agreed on is the same thing seen from two sides.
    for (const RtpTransceiver& ours : peers.a.pc->get_transceivers()) {
      if (!ours.mid()) continue;
      for (const RtpTransceiver& theirs : peers.b.pc->get_transceivers()) {
        if (theirs.mid() != ours.mid()) continue;
        CHECK(ours.kind() == theirs.kind());
        REQUIRE(ours.current_direction());
        REQUIRE(theirs.current_direction());
        INFO("mid " << *ours.mid() << ", " << to_string(ours.direction()) << " now "
                    << to_string(*ours.current_direction()) << ", the other side "
                    << to_string(theirs.direction()) << " now " << to_string(*theirs.current_direction())
                    << ", signaling " << to_string(peers.a.pc->signaling_state()) << ' '
                    << to_string(peers.b.pc->signaling_state()));
        const auto a = *ours.current_direction();
        const auto b = *theirs.current_direction();
        CHECK(ours.sender().parameters().has_value() == theirs.receiver().parameters().has_value());
        CHECK((a == TransceiverDirection::kInactive) == (b == TransceiverDirection::kInactive));
      }
    }
  }
}
