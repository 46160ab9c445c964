// Offers and answers of two peer connections, without a packet between them.
#include "peer/peers_rig.h"

using namespace sluice;
using sluice::test::Peers;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::string sdp(const PeerConnection& pc) {
  return pc.local_description()->sdp;
}

}  // namespace

TEST_CASE("states go stable, have-local-offer, stable, and descriptions from pending to current") {
  Peers peers({});
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  CHECK(peers.a.pc->signaling_state() == SignalingState::kStable);
  const auto offer = peers.a.pc->create_offer();
  REQUIRE(offer.ok());
  CHECK(!peers.a.pc->local_description());
  REQUIRE(peers.a.pc->set_local_description(*offer, peers.now()).ok());
  CHECK(peers.a.pc->signaling_state() == SignalingState::kHaveLocalOffer);
  CHECK(peers.a.pc->pending_local_description());
  CHECK(!peers.a.pc->current_local_description());
  REQUIRE(peers.b.pc->set_remote_description(*offer, peers.now()).ok());
  CHECK(peers.b.pc->signaling_state() == SignalingState::kHaveRemoteOffer);
  CHECK(peers.b.pc->pending_remote_description());
  const auto answer = peers.b.pc->create_answer();
  REQUIRE(answer.ok());
  REQUIRE(peers.b.pc->set_local_description(*answer, peers.now()).ok());
  CHECK(peers.b.pc->signaling_state() == SignalingState::kStable);
  CHECK(peers.b.pc->current_local_description()->type == SdpType::kAnswer);
  CHECK(!peers.b.pc->pending_remote_description());
  REQUIRE(peers.a.pc->set_remote_description(*answer, peers.now()).ok());
  CHECK(peers.a.pc->signaling_state() == SignalingState::kStable);
  CHECK(peers.a.pc->current_remote_description()->type == SdpType::kAnswer);
  CHECK(!peers.a.pc->pending_local_description());
}

TEST_CASE("calls in a state that does not allow them name the state and what was expected") {
  Peers peers({});
  const auto answer = peers.a.pc->create_answer();
  REQUIRE(!answer.ok());
  CHECK(answer.error().code == ErrorCode::kInvalidState);
  CHECK(contains(answer.error().message, "\"stable\""));
  CHECK(contains(answer.error().message, "\"have-remote-offer\""));
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  const auto again = peers.a.pc->set_remote_description({SdpType::kRollback, ""}, peers.now());
  REQUIRE(!again.ok());
  CHECK(contains(again.error().message, "\"have-local-offer\""));
}

TEST_CASE("only the newest description, unchanged, can be set") {
  Peers peers({});
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  auto offer = peers.a.pc->create_offer();
  REQUIRE(offer.ok());
  offer->sdp += "a=mine\r\n";
  const auto set = peers.a.pc->set_local_description(*offer, peers.now());
  REQUIRE(!set.ok());
  CHECK(set.error().field == "sdp");
  CHECK(peers.a.pc->signaling_state() == SignalingState::kStable);
}

TEST_CASE("negotiationneeded comes once for a batch of changes, and only while stable") {
  Peers peers({});
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  REQUIRE(peers.a.pc->add_track(MediaKind::kVideo).ok());
  REQUIRE(peers.a.pc->create_data_channel("chat").ok());
  peers.run_for(1ms);
  CHECK(peers.a.negotiation_needed == 1);
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.a.pc->add_track(MediaKind::kVideo).ok());
  peers.run_for(1ms);
  CHECK(peers.a.negotiation_needed == 1);
  REQUIRE(peers.b.pc->set_remote_description(*peers.a.pc->local_description(), peers.now()).ok());
  REQUIRE(peers.b.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.a.pc->set_remote_description(*peers.b.pc->local_description(), peers.now()).ok());
  peers.run_for(1ms);
  CHECK(peers.a.negotiation_needed == 2);
  CHECK(peers.b.negotiation_needed == 0);
  peers.negotiate();
  CHECK(peers.a.negotiation_needed == 2);
}

TEST_CASE(
    "an m-line that the other side has no codec for is answered with port 0, and its transceiver stops") {
  Peers::Options options;
  options.b.codecs = {default_codecs().front()};  // Opus only
  Peers peers(options);
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  REQUIRE(peers.a.pc->add_track(MediaKind::kVideo).ok());
  peers.negotiate();
  CHECK(contains(sdp(*peers.b.pc), "m=video 0 "));
  REQUIRE(peers.a.pc->get_transceivers().size() == 1);
  CHECK(peers.a.pc->get_transceivers()[0].current_direction() == TransceiverDirection::kSendOnly);
}

TEST_CASE("a stopped transceiver's m-line is rejected, and used again by the next with another mid") {
  Peers peers({});
  REQUIRE(peers.a.pc->add_transceiver(MediaKind::kAudio).ok());
  auto video = peers.a.pc->add_transceiver(MediaKind::kVideo);
  peers.negotiate();
  REQUIRE(peers.b.pc->get_transceivers().size() == 2);
  const std::string mid = *video->mid();
  video->stop();
  peers.run_for(1ms);
  CHECK(peers.a.negotiation_needed == 2);
  peers.negotiate();
  CHECK(peers.a.pc->get_transceivers().size() == 1);
  CHECK(peers.b.pc->get_transceivers().size() == 1);
  CHECK(video->direction() == TransceiverDirection::kStopped);
  CHECK(count(sdp(*peers.a.pc), "m=video 0 ") == 1);
  REQUIRE(peers.b.pc->add_track(MediaKind::kVideo).ok());
  peers.negotiate(peers.b, peers.a);
  CHECK(count(sdp(*peers.b.pc), "m=video") == 1);
  CHECK(!contains(sdp(*peers.a.pc), "m=video 0 "));
  REQUIRE(peers.a.pc->get_transceivers().size() == 2);
  CHECK(*peers.a.pc->get_transceivers()[1].mid() != mid);
  peers.negotiate(peers.a, peers.b);
  peers.negotiate(peers.b, peers.a);
}

TEST_CASE("an offer's m-line takes a track that was added for it, not one of add_transceiver()") {
  Peers peers({});
  REQUIRE(peers.a.pc->add_track(MediaKind::kVideo).ok());
  REQUIRE(peers.b.pc->add_transceiver(MediaKind::kVideo).ok());
  REQUIRE(peers.b.pc->add_track(MediaKind::kVideo, {.id = "mine", .stream_ids = {"s"}, .codecs = {}}).ok());
  peers.negotiate();
  const auto transceivers = peers.b.pc->get_transceivers();
  REQUIRE(transceivers.size() == 2);
  CHECK(!transceivers[0].mid());
  CHECK(transceivers[1].mid());
  CHECK(transceivers[1].sender().track_id() == "mine");
  CHECK(transceivers[1].current_direction() == TransceiverDirection::kSendRecv);
  CHECK(contains(sdp(*peers.b.pc), "a=msid:s mine"));
  CHECK(peers.b.negotiation_needed == 2);  // for the first, that is still to be offered
}

TEST_CASE("directions meet: what one does not want the other does not do") {
  Peers peers({});
  auto audio = peers.a.pc->add_transceiver(MediaKind::kAudio, {{}, TransceiverDirection::kSendOnly, {}});
  REQUIRE(audio.ok());
  peers.negotiate();
  auto theirs = peers.b.pc->get_transceivers()[0];
  CHECK(theirs.current_direction() == TransceiverDirection::kRecvOnly);
  CHECK(peers.b.count("track") == 1);
  REQUIRE(theirs.set_direction(TransceiverDirection::kInactive).ok());
  peers.negotiate(peers.b, peers.a);
  CHECK(audio->current_direction() == TransceiverDirection::kInactive);
  CHECK(!audio->sender().parameters());
  REQUIRE(audio->set_direction(TransceiverDirection::kRecvOnly).ok());
  peers.negotiate();
  CHECK(peers.b.count("trackremoved") == 1);
  CHECK(audio->set_direction(TransceiverDirection::kStopped).error().field == "direction");
}

TEST_CASE("a rollback takes back the offer and what only it had made") {
  Peers peers({});
  auto audio = peers.a.pc->add_transceiver(MediaKind::kAudio);
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  CHECK(audio->mid());
  REQUIRE(peers.b.pc->set_remote_description(*peers.a.pc->local_description(), peers.now()).ok());
  CHECK(peers.b.pc->get_transceivers().size() == 1);
  REQUIRE(peers.a.pc->set_local_description({SdpType::kRollback, ""}, peers.now()).ok());
  REQUIRE(peers.b.pc->set_remote_description({SdpType::kRollback, ""}, peers.now()).ok());
  CHECK(!audio->mid());
  CHECK(peers.b.pc->get_transceivers().empty());
  CHECK(peers.a.pc->signaling_state() == SignalingState::kStable);
  CHECK(!peers.a.pc->local_description());
  peers.run_for(1ms);
  CHECK(peers.b.count("trackremoved") == 1);
  CHECK(peers.a.negotiation_needed == 2);
}

TEST_CASE("glare: the polite side's offer gives way, and its changes come with its next") {
  Peers peers({});
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  REQUIRE(peers.b.pc->add_track(MediaKind::kVideo).ok());
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.b.pc->set_local_description(peers.now()).ok());
  // b is polite: it just sets what comes.
  REQUIRE(peers.b.pc->set_remote_description(*peers.a.pc->local_description(), peers.now()).ok());
  CHECK(peers.b.pc->signaling_state() == SignalingState::kHaveRemoteOffer);
  REQUIRE(peers.b.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.a.pc->set_remote_description(*peers.b.pc->local_description(), peers.now()).ok());
  peers.run_for(1ms);
  CHECK(peers.b.negotiation_needed == 2);
  peers.negotiate(peers.b, peers.a);
  CHECK(peers.a.pc->get_transceivers().size() == 2);
  CHECK(peers.run_until_connected());
}

TEST_CASE("a first offer has one group, and all but its first m-line are bundle-only") {
  Peers peers({});
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  REQUIRE(peers.a.pc->add_track(MediaKind::kVideo).ok());
  const auto offer = *peers.a.pc->create_offer();
  CHECK(contains(offer.sdp, "a=group:BUNDLE 0 1"));
  CHECK(count(offer.sdp, "a=bundle-only") == 1);
}

TEST_CASE("a description without ICE and DTLS is refused, naming all that it lacks") {
  Peers peers({});
  const std::string plain =
      "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0\r\nc=IN IP4 192.0.2.9\r\n";
  const auto set = peers.a.pc->set_remote_description({SdpType::kOffer, plain}, peers.now());
  REQUIRE(!set.ok());
  CHECK(set.error().field == "a=ice-ufrag");
  for (const char* part : {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup", "a=rtcp-mux", "RTP/AVP"})
    CHECK(contains(set.error().message, part));
  CHECK(peers.a.pc->signaling_state() == SignalingState::kStable);
  CHECK(peers.a.pc->get_transceivers().empty());
}

TEST_CASE("simulcast is offered by rids, and falls to one stream where the other side takes one") {
  Peers peers({});
  auto video = peers.a.pc->add_transceiver(
      MediaKind::kVideo, {{}, TransceiverDirection::kSendOnly, {{"q", {}}, {"h", {}}, {"f", 2'000'000}}});
  REQUIRE(video.ok());
  peers.negotiate();
  CHECK(contains(sdp(*peers.a.pc), "a=simulcast:send q;h;f"));
  CHECK(contains(sdp(*peers.a.pc), "a=rid:f send max-br=2000000"));
  REQUIRE(video->sender().parameters());
  CHECK(video->sender().parameters()->encodings.size() == 1);
  const auto twice = peers.a.pc->add_transceiver(
      MediaKind::kVideo, {{}, TransceiverDirection::kSendOnly, {{"q", {}}, {"q", {}}}});
  REQUIRE(!twice.ok());
  CHECK(twice.error().field == "send_encodings[1].rid");
}

TEST_CASE("ICE restart: the offer has new credentials, the answer too, and none otherwise") {
  Peers peers({});
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  const auto ufrag = [](const std::string& text) {
    const auto at = text.find("a=ice-ufrag:");
    return text.substr(at, text.find('\r', at) - at);
  };
  const std::string before_a = ufrag(sdp(*peers.a.pc));
  const std::string before_b = ufrag(sdp(*peers.b.pc));
  peers.negotiate();
  CHECK(ufrag(sdp(*peers.a.pc)) == before_a);
  CHECK(ufrag(sdp(*peers.b.pc)) == before_b);
  peers.a.pc->restart_ice();
  peers.run_for(1ms);
  CHECK(peers.a.negotiation_needed == 2);
  peers.negotiate();
  CHECK(ufrag(sdp(*peers.a.pc)) != before_a);
  CHECK(ufrag(sdp(*peers.b.pc)) != before_b);
  CHECK(peers.run_until_connected());
  // Rolled back, the old credentials are in force again.
  const std::string now = ufrag(sdp(*peers.a.pc));
  peers.a.pc->restart_ice();
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.a.pc->set_local_description({SdpType::kRollback, ""}, peers.now()).ok());
  CHECK(ufrag(sdp(*peers.a.pc)) == now);
  peers.negotiate(peers.b, peers.a);
  CHECK(ufrag(sdp(*peers.a.pc)) == now);
  peers.run_for(40s);
  CHECK(peers.a.pc->connection_state() == PeerConnectionState::kConnected);
}

TEST_CASE("what cannot stand in SDP is refused by name") {
  Peers peers({});
  CHECK(
      peers.a.pc->add_track(MediaKind::kAudio, {.id = "a b", .stream_ids = {}, .codecs = {}}).error().field ==
      "id");
  CHECK(peers.a.pc->add_track(MediaKind::kAudio, {.id = "", .stream_ids = {"x\r\n"}, .codecs = {}})
            .error()
            .field == "stream_ids");
  CHECK(peers.a.pc->add_track(MediaKind::kAudio, {.id = "", .stream_ids = {}, .codecs = {"video/VP8"}})
            .error()
            .field == "codecs");
  CHECK(peers.a.pc->add_track(MediaKind::kVideo, {.id = "", .stream_ids = {}, .codecs = {"video/theora"}})
            .error()
            .code == ErrorCode::kUnsupported);
}
