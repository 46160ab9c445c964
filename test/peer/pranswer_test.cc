// Provisional answers (RFC 8829 §3.2, §4.1.10.1) of either side: they take effect at once, free nothing, and
// more may follow until the answer, which may be another device's.
#include "peer/peers_rig.h"

using namespace sluice;
using sluice::test::Peer;
using sluice::test::Peers;
using sluice::test::vp8_frame;

namespace {

constexpr auto kPranswer = SdpType::kPranswer;
constexpr auto kAnswer = SdpType::kAnswer;

void good(const Result<void>& result) {
  INFO((result.ok() ? std::string() : result.error().field + ": " + result.error().message));
  REQUIRE(result.ok());
}

std::string attribute(const SessionDescription& description, std::string_view name) {
  const auto at = description.sdp.find(name);
  return at == std::string::npos ? "" : description.sdp.substr(at, description.sdp.find('\r', at) - at);
}

/// a sends audio and video and has a channel; b, and c if there is one, have the offer.
struct Offered : Peers {
  explicit Offered(Options options = {}) : Peers(std::move(options)) {
    audio = *a.pc->add_track(MediaKind::kAudio);
    video = *a.pc->add_track(MediaKind::kVideo);
    channel = *a.pc->create_data_channel("first");
    good(a.pc->set_local_description(now()));
    settle();
    for (Peer* peer : {&b, &c})
      if (peer->pc) good(peer->pc->set_remote_description(*a.pc->local_description(), now()));
  }
  /// Of `from`, made, set, and told to a.
  void answer(Peer& from, SdpType type) {
    answering = &from;
    good(from.pc->set_local_description({type, ""}, now()));
    settle();
    CHECK(from.pc->local_description()->type == type);
    good(a.pc->set_remote_description(*from.pc->local_description(), now()));
    settle();
  }
  bool connects(Peer& to) {
    return run_until(
        [&] {
          return a.pc->connection_state() == PeerConnectionState::kConnected &&
                 to.pc->connection_state() == PeerConnectionState::kConnected;
        },
        20s);
  }
  bool video_arrives(Peer& to) {
    to.frames.clear();
    FrameMetadata metadata;
    metadata.key_frame = true;
    metadata.rtp_timestamp = timestamp += 3000;
    const auto bytes = vp8_frame(true, 3000, 5);
    if (!video.send_frame({bytes, metadata}, now())) return false;
    run_for(300ms);
    return !to.frames.empty() && to.frames.back().frame.data == bytes;
  }
  RtpSender audio;
  RtpSender video;
  DataChannel channel;
  std::uint32_t timestamp = 0;
};

}  // namespace

TEST_CASE("what may be called in which signaling state: the table of RFC 8829 and W3C WebRTC") {
  using State = SignalingState;
  struct Row {
    const char* call;
    std::vector<std::pair<State, State>> allowed;  ///< From, to.
  };
  const std::vector<Row> table = {
      {"create offer", {{State::kStable, State::kStable}, {State::kHaveLocalOffer, State::kHaveLocalOffer}}},
      {"create answer",
       {{State::kHaveRemoteOffer, State::kHaveRemoteOffer},
        {State::kHaveLocalPranswer, State::kHaveLocalPranswer}}},
      {"local offer",
       {{State::kStable, State::kHaveLocalOffer}, {State::kHaveLocalOffer, State::kHaveLocalOffer}}},
      {"local pranswer",
       {{State::kHaveRemoteOffer, State::kHaveLocalPranswer},
        {State::kHaveLocalPranswer, State::kHaveLocalPranswer}}},
      {"local answer",
       {{State::kHaveRemoteOffer, State::kStable}, {State::kHaveLocalPranswer, State::kStable}}},
      {"local rollback", {{State::kHaveLocalOffer, State::kStable}}},
      {"local none",
       {{State::kStable, State::kHaveLocalOffer},
        {State::kHaveLocalOffer, State::kHaveLocalOffer},
        {State::kHaveRemoteOffer, State::kStable},
        {State::kHaveLocalPranswer, State::kStable}}},
      {"remote offer",
       {{State::kStable, State::kHaveRemoteOffer},
        {State::kHaveLocalOffer, State::kHaveRemoteOffer},
        {State::kHaveRemoteOffer, State::kHaveRemoteOffer}}},
      {"remote pranswer",
       {{State::kHaveLocalOffer, State::kHaveRemotePranswer},
        {State::kHaveRemotePranswer, State::kHaveRemotePranswer}}},
      {"remote answer",
       {{State::kHaveLocalOffer, State::kStable}, {State::kHaveRemotePranswer, State::kStable}}},
      {"remote rollback", {{State::kHaveRemoteOffer, State::kStable}}},
  };
  const State states[] = {State::kStable,
                          State::kHaveLocalOffer,
                          State::kHaveRemoteOffer,
                          State::kHaveLocalPranswer,
                          State::kHaveRemotePranswer,
                          State::kClosed};
  for (const State from : states) {
    for (const Row& row : table) {
      INFO(row.call << " in " << to_string(from));
      Peers peers({});
      PeerConnection& pc = *peers.a.pc;
      PeerConnection& other = *peers.b.pc;
      REQUIRE(pc.add_track(MediaKind::kAudio).ok());
      REQUIRE(other.add_track(MediaKind::kAudio).ok());
      const Instant now = peers.now();
      const auto offer = other.create_offer();
      std::string answer;
      if (from == State::kHaveRemoteOffer || from == State::kHaveLocalPranswer)
        good(pc.set_remote_description(*offer, now));
      if (from == State::kHaveLocalPranswer) good(pc.set_local_description({kPranswer, ""}, now));
      if (from == State::kHaveLocalOffer || from == State::kHaveRemotePranswer) {
        good(pc.set_local_description(now));
        good(other.set_remote_description(*pc.local_description(), now));
        answer = other.create_answer()->sdp;
      }
      if (from == State::kHaveRemotePranswer) good(pc.set_remote_description({kPranswer, answer}, now));
      if (from == State::kClosed) pc.close(now);
      REQUIRE(pc.signaling_state() == from);
      const std::string call = row.call;
      Result<void> result;
      if (call == "create offer") {
        if (const auto made = pc.create_offer(); !made) result = made.error();
      } else if (call == "create answer") {
        if (const auto made = pc.create_answer(); !made) result = made.error();
      } else if (call == "local none") {
        result = pc.set_local_description(now);
      } else {
        const auto type = call.ends_with("offer")      ? SdpType::kOffer
                          : call.ends_with("pranswer") ? kPranswer
                          : call.ends_with("answer")   ? kAnswer
                                                       : SdpType::kRollback;
        result = call.starts_with("local")
                     ? pc.set_local_description({type, ""}, now)
                     : pc.set_remote_description({type, type == SdpType::kOffer ? offer->sdp : answer}, now);
      }
      const auto allowed = std::find_if(row.allowed.begin(), row.allowed.end(),
                                        [&](const auto& pair) { return pair.first == from; });
      if (allowed != row.allowed.end()) {
        good(result);
        CHECK(pc.signaling_state() == allowed->second);
        continue;
      }
      REQUIRE(!result.ok());
      CHECK(result.error().code == ErrorCode::kInvalidState);
      CHECK(result.error().field == "signalingState");
      CHECK(result.error().message.find('"' + std::string(to_string(from)) + '"') != std::string::npos);
      CHECK(pc.signaling_state() == from);
    }
  }
}

TEST_CASE("a provisional answer starts ICE, DTLS, media and data at once, and the same text ends the offer") {
  Offered call;
  call.answer(call.b, kPranswer);
  CHECK(call.a.pc->signaling_state() == SignalingState::kHaveRemotePranswer);
  CHECK(call.b.pc->signaling_state() == SignalingState::kHaveLocalPranswer);
  CHECK(call.a.count("signaling have-remote-pranswer") == 1);
  CHECK(call.b.count("signaling have-local-pranswer") == 1);
  for (const Peer* peer : {&call.a, &call.b}) {
    CHECK(peer->pc->pending_local_description());
    CHECK(peer->pc->pending_remote_description());
    CHECK(!peer->pc->current_local_description());
    CHECK(!peer->pc->current_remote_description());
  }
  CHECK(call.a.pc->remote_description()->type == kPranswer);
  REQUIRE(call.connects(call.b));
  REQUIRE(call.run_until([&] { return call.channel.ready_state() == DataChannelState::kOpen; }, 5s));
  CHECK(call.video_arrives(call.b));
  CHECK(call.a.pc->get_transceivers()[0].current_direction() == TransceiverDirection::kSendOnly);
  CHECK(call.a.negotiation_needed == 1);
  // Final: nothing begins anew.
  const std::size_t connected = call.a.count("connection connected");
  const auto same = call.b.pc->local_description()->sdp;
  call.answer(call.b, kAnswer);
  CHECK(call.a.pc->signaling_state() == SignalingState::kStable);
  CHECK(call.b.pc->signaling_state() == SignalingState::kStable);
  CHECK(call.a.pc->current_remote_description()->type == kAnswer);
  CHECK(!call.a.pc->pending_local_description());
  CHECK(attribute(*call.b.pc->local_description(), "a=ice-ufrag:") ==
        attribute({kAnswer, same}, "a=ice-ufrag:"));
  call.run_for(1s);
  CHECK(call.a.count("connection connected") == connected);
  CHECK(call.video_arrives(call.b));
  CHECK(call.channel.send("still there", call.now()).ok());
  REQUIRE(call.run_until([&] { return !call.b.messages.empty(); }, 5s));
  CHECK(call.a.count("closed first") == 0);
}

TEST_CASE("what createAnswer() gave can be set as provisional, and unchanged as the answer") {
  Offered call;
  const auto made = call.b.pc->create_answer();
  good(call.b.pc->set_local_description({kPranswer, made->sdp}, call.now()));
  good(call.a.pc->set_remote_description({kPranswer, made->sdp}, call.now()));
  CHECK(call.b.pc->pending_local_description()->type == kPranswer);
  good(call.b.pc->set_local_description({kAnswer, made->sdp}, call.now()));
  good(call.a.pc->set_remote_description({kAnswer, made->sdp}, call.now()));
  CHECK(call.a.pc->signaling_state() == SignalingState::kStable);
  CHECK(call.connects(call.b));
}

TEST_CASE("provisional answers follow one another with other directions, and the answer has the last word") {
  Offered call;
  for (auto& t : call.b.pc->get_transceivers()) good(t.set_direction(TransceiverDirection::kInactive));
  call.answer(call.b, kPranswer);
  REQUIRE(call.connects(call.b));
  CHECK(!call.video_arrives(call.b));
  CHECK(call.a.pc->get_transceivers()[1].current_direction() == TransceiverDirection::kInactive);
  // The caller is heard while it still rings.
  REQUIRE(call.b.pc->add_track(MediaKind::kAudio).ok());
  call.answer(call.b, kPranswer);
  CHECK(call.a.count("track") == 1);
  CHECK(call.a.pc->get_transceivers()[0].current_direction() == TransceiverDirection::kRecvOnly);
  for (auto& t : call.b.pc->get_transceivers()) good(t.set_direction(TransceiverDirection::kSendRecv));
  call.answer(call.b, kAnswer);
  CHECK(call.a.pc->get_transceivers()[0].current_direction() == TransceiverDirection::kSendRecv);
  CHECK(call.video_arrives(call.b));
}

TEST_CASE("an m-line that a provisional answer rejects is held, and the answer may take it or end it") {
  Offered call;
  const auto full = call.b.pc->create_answer();
  std::string rejecting = full->sdp;  // as another that answers could have it
  const auto video = rejecting.find("m=video 9");
  rejecting.replace(video, 9, "m=video 0");
  rejecting.replace(rejecting.find("BUNDLE 0 1 2"), 12, "BUNDLE 0 2");
  good(call.a.pc->set_remote_description({kPranswer, rejecting}, call.now()));
  REQUIRE(call.a.pc->get_transceivers().size() == 2);
  CHECK(!call.video.parameters());
  CHECK(call.audio.parameters());
  CHECK(call.a.pc->get_transceivers()[1].current_direction() == TransceiverDirection::kInactive);
  SECTION("takes it") {
    good(call.b.pc->set_local_description(*full, call.now()));
    good(call.a.pc->set_remote_description(*full, call.now()));
    REQUIRE(call.connects(call.b));
    CHECK(call.video_arrives(call.b));
  }
  SECTION("ends it") {
    good(call.a.pc->set_remote_description({kAnswer, rejecting}, call.now()));
    CHECK(call.a.pc->get_transceivers().size() == 1);
  }
}

TEST_CASE("an SSRC that was held goes on with its numbers: no key encrypts two packets alike") {
  Offered call;
  call.answer(call.b, kPranswer);
  REQUIRE(call.connects(call.b));
  call.b.tracks[1].receiver().deliver_packets(true);
  CHECK(call.video_arrives(call.b));
  auto video = call.b.pc->get_transceivers()[1];
  good(video.set_direction(TransceiverDirection::kInactive));
  call.answer(call.b, kPranswer);
  CHECK(!call.video_arrives(call.b));
  good(video.set_direction(TransceiverDirection::kRecvOnly));
  call.answer(call.b, kAnswer);
  CHECK(call.video_arrives(call.b));
  const auto number = [](const event::RtpReceived& e) { return e.packet[2] << 8 | e.packet[3]; };
  REQUIRE(call.b.packets.size() > 2);
  for (std::size_t i = 1; i < call.b.packets.size(); ++i)
    CHECK(number(call.b.packets[i]) == ((number(call.b.packets[i - 1]) + 1) & 0xFFFF));
}

TEST_CASE("createAnswer() after a provisional answer keeps credentials and role, in an ICE restart too") {
  Offered call;
  call.answer(call.b, kPranswer);
  call.answer(call.b, kAnswer);
  REQUIRE(call.connects(call.b));
  const std::string before = attribute(*call.b.pc->local_description(), "a=ice-ufrag:");
  call.a.pc->restart_ice();
  good(call.a.pc->set_local_description(call.now()));
  call.settle();
  good(call.b.pc->set_remote_description(*call.a.pc->local_description(), call.now()));
  call.answer(call.b, kPranswer);
  const auto provisional = *call.b.pc->local_description();
  CHECK(attribute(provisional, "a=ice-ufrag:") != before);
  call.answer(call.b, kAnswer);
  const auto final = *call.b.pc->local_description();
  for (const char* name : {"a=ice-ufrag:", "a=ice-pwd:", "a=setup:", "a=fingerprint:"})
    CHECK(attribute(final, name) == attribute(provisional, name));
  call.run_for(40s);
  CHECK(call.a.pc->connection_state() == PeerConnectionState::kConnected);
  CHECK(call.video_arrives(call.b));
}

TEST_CASE("a provisional answer is held to the rules of an answer") {
  Offered call;
  std::string text = call.b.pc->create_answer()->sdp;
  text.replace(text.find("a=setup:active"), 14, "a=setup:actpass");
  const auto refused = call.a.pc->set_remote_description({kPranswer, text}, call.now());
  REQUIRE(!refused.ok());
  CHECK(refused.error().field == "a=setup");
  CHECK(call.a.pc->signaling_state() == SignalingState::kHaveLocalOffer);
}

TEST_CASE(
    "the answer may come from another device: the offer's candidates serve both, the keys are its own") {
  Peers::Options options;
  options.second_device = true;
  // Then they are told apart by ICE alone: the offer is the same, the credentials are not.
  const bool one_certificate = GENERATE(false, true);
  if (one_certificate) {
    options.b.certificate.emplace();
    options.b.certificate->certificate_path = SLUICE_TEST_DATA "/data/certificates/first.pem";
    options.b.certificate->private_key_path = SLUICE_TEST_DATA "/data/certificates/first_key.pem";
  }
  INFO("one certificate: " << one_certificate);
  Offered call(options);
  SECTION("after the first was heard") {
    call.answer(call.b, kPranswer);
    REQUIRE(call.connects(call.b));
    REQUIRE(call.run_until([&] { return call.b.channels.size() == 1; }, 5s));
    CHECK(call.video_arrives(call.b));
  }
  SECTION("before the first was reached") {
    call.answer(call.b, kPranswer);
  }
  const bool opened = call.channel.ready_state() == DataChannelState::kOpen;
  call.answer(call.c, kAnswer);
  CHECK(call.a.pc->signaling_state() == SignalingState::kStable);
  REQUIRE(call.connects(call.c));
  CHECK(call.video_arrives(call.c));
  CHECK(call.b.frames.size() <= 1);
  // The first device is told, and says so.
  if (opened) {
    CHECK(call.b.pc->connection_state() == PeerConnectionState::kClosed);
    CHECK(call.a.count("closed first") == 1);
  }
  auto channel = call.a.pc->create_data_channel("second");
  REQUIRE(channel.ok());
  REQUIRE(call.run_until([&] { return channel->ready_state() == DataChannelState::kOpen; }, 5s));
  CHECK(channel->send("to the other", call.now()).ok());
  REQUIRE(call.run_until([&] { return !call.c.messages.empty(); }, 5s));
  CHECK(call.c.messages.back().text() == "to the other");
  CHECK(call.a.pc->get_stats(call.now()).all<TransportStatistics>().size() == 1);
}

TEST_CASE("a device that answered provisionally and hangs up does not end the call of the one that answers") {
  Peers::Options options;
  options.second_device = true;
  Offered call(options);
  call.answer(call.b, kPranswer);
  REQUIRE(call.connects(call.b));
  call.b.pc->close(call.now());
  REQUIRE(call.run_until([&] { return call.a.pc->connection_state() == PeerConnectionState::kDisconnected; },
                         5s));
  CHECK(call.a.failure == "who answered provisionally closed the connection");
  CHECK(call.a.pc->signaling_state() == SignalingState::kHaveRemotePranswer);
  call.run_for(5s);
  SECTION("another answers") {
    call.answer(call.c, kAnswer);
    REQUIRE(call.connects(call.c));
    CHECK(call.a.pc->reason().empty());
    CHECK(call.video_arrives(call.c));
  }
  SECTION("the answer is of the one that is gone") {
    const auto text = call.a.pc->remote_description()->sdp;
    good(call.a.pc->set_remote_description({kAnswer, text}, call.now()));
    call.settle();
    CHECK(call.a.pc->connection_state() == PeerConnectionState::kClosed);
    CHECK(call.a.failure == "the other side closed the connection");
  }
}

TEST_CASE("another certificate needs other ICE credentials: else the answer is refused, by its name") {
  Offered call;
  call.answer(call.b, kPranswer);
  std::string text = call.b.pc->local_description()->sdp;
  for (auto at = text.find("sha-256 "); at != std::string::npos; at = text.find("sha-256 ", at + 1))
    text[at + 8] = text[at + 8] == 'A' ? 'B' : 'A';
  const auto refused = call.a.pc->set_remote_description({kAnswer, text}, call.now());
  REQUIRE(!refused.ok());
  CHECK(refused.error().field == "a=fingerprint");
  CHECK(call.a.pc->signaling_state() == SignalingState::kHaveRemotePranswer);
}

TEST_CASE("an ICE restart that another end answers moves the call to it (RFC 8842 §5)") {
  Peers::Options options;
  options.second_device = true;
  Peers peers(options);
  const auto video = peers.a.pc->add_track(MediaKind::kVideo);
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  peers.a.pc->restart_ice();
  good(peers.a.pc->set_local_description(peers.now()));
  peers.answering = &peers.c;
  peers.settle();
  good(peers.c.pc->set_remote_description(*peers.a.pc->local_description(), peers.now()));
  good(peers.c.pc->set_local_description(peers.now()));
  peers.settle();
  good(peers.a.pc->set_remote_description(*peers.c.pc->local_description(), peers.now()));
  REQUIRE(peers.run_until([&] { return peers.c.pc->connection_state() == PeerConnectionState::kConnected; },
                          20s));
  FrameMetadata metadata;
  metadata.key_frame = true;
  RtpSender sender = *video;
  REQUIRE(sender.send_frame({vp8_frame(true, 3000, 1), metadata}, peers.now()));
  peers.run_for(300ms);
  CHECK(peers.c.frames.size() == 1);
  CHECK(peers.b.frames.empty());
  CHECK(peers.b.pc->connection_state() == PeerConnectionState::kClosed);
}

TEST_CASE("a candidate that comes while an offer of ours waits is kept, and so are those after it") {
  Peers::Options options;
  options.addresses = 2;
  Peers peers(options);
  peers.deliver_candidates = false;
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  good(peers.a.pc->set_local_description(peers.now()));
  const auto offer = *peers.a.pc->local_description();  // before any candidate
  peers.settle();
  good(peers.b.pc->set_remote_description(offer, peers.now()));
  good(peers.b.pc->set_local_description(peers.now()));
  const auto answer = *peers.b.pc->local_description();
  peers.settle();
  good(peers.a.pc->set_remote_description(answer, peers.now()));
  REQUIRE(peers.b.candidates.size() == 2);
  peers.network().cut(peers.b.addresses[0], true);
  good(peers.a.pc->set_local_description(peers.now()));  // once more
  good(peers.a.pc->add_ice_candidate(peers.b.candidates[0], peers.now()));
  good(peers.b.pc->set_remote_description({SdpType::kOffer, peers.a.pc->create_offer()->sdp}, peers.now()));
  const auto again = peers.b.pc->create_answer();
  good(peers.b.pc->set_local_description(*again, peers.now()));
  good(peers.a.pc->set_remote_description(*again, peers.now()));
  good(peers.a.pc->add_ice_candidate(peers.b.candidates[1], peers.now()));
  CHECK(peers.run_until_connected());
}
