// Provisional answers of either side (RFC 8829 §4.1.10.1): they take effect, end nothing, and may be followed
// by others until the final one.
#include "jsep_fixture.h"
#include "rules.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using Choice = Client::Choice;

/// A session whose offer of one audio and one video waits for an answer.
struct Offered : Call {
  Offered() {
    add("a", MediaKind::kAudio);
    add("v", MediaKind::kVideo);
    offer = good(session.create_offer());
    good(session.set_local_description(SdpType::kOffer));
  }
  Effects take(SdpType type, const Client::Policy& policy = nullptr) {
    Client as_it_was = client;  // nothing is agreed by a provisional answer
    const std::string text = client.answer(offer, policy);
    if (type == SdpType::kPranswer) client = as_it_was;
    good(session.set_remote_description(type, text));
    return session.take_effects();
  }
  std::string offer;
};

Client::Policy only(std::string_view media, Choice otherwise) {
  return [=](const sdp::MediaDescription& m) { return m.media == media ? Choice::kAccept : otherwise; };
}

std::vector<std::string> ids(const std::vector<NegotiatedTrack>& tracks) {
  std::vector<std::string> out;
  for (const NegotiatedTrack& t : tracks) out.push_back(t.id);
  return out;
}

TEST_CASE("a provisional answer of the client starts the transport and what it takes") {
  Offered call;
  const Effects effects = call.take(SdpType::kPranswer, only("audio", Choice::kInactive));
  CHECK(call.session.signaling_state() == SignalingState::kHaveRemotePranswer);
  CHECK(to_string(call.session.signaling_state()) == "have-remote-pranswer");
  REQUIRE(effects.transport.has_value());
  CHECK(effects.transport->new_association);
  CHECK(ids(effects.consumed) == std::vector<std::string>{"a"});
  CHECK(effects.refused.empty());
  CHECK(call.session.pending_local_description() == call.offer);
  CHECK_FALSE(call.session.pending_remote_description().empty());
  CHECK(call.session.current_remote_description().empty());
}

TEST_CASE("the answer that follows brings the rest, and nothing twice") {
  Offered call;
  call.take(SdpType::kPranswer, only("audio", Choice::kReject));
  const Effects effects = call.take(SdpType::kAnswer);
  CHECK(call.session.signaling_state() == SignalingState::kStable);
  CHECK_FALSE(effects.transport.has_value());
  CHECK(ids(effects.consumed) == std::vector<std::string>{"v"});
  CHECK(effects.refused.empty());
  CHECK(call.session.current_local_description() == call.offer);
  CHECK(call.session.pending_remote_description().empty());
  CHECK_FALSE(call.session.negotiation_needed());
}

TEST_CASE("only the answer refuses what it does not take") {
  Offered call;
  CHECK(call.take(SdpType::kPranswer, only("audio", Choice::kReject)).refused.empty());
  const Effects effects = call.take(SdpType::kAnswer, only("audio", Choice::kReject));
  REQUIRE(effects.refused.size() == 1);
  CHECK(effects.refused[0].id == "v");
}

TEST_CASE("what one provisional answer takes and the next does not is held, not ended") {
  Offered call;
  CHECK(call.take(SdpType::kPranswer).consumed.size() == 2);
  Effects effects = call.take(SdpType::kPranswer, only("audio", Choice::kInactive));
  CHECK(effects.held == std::vector<std::string>{"v"});
  CHECK(effects.refused.empty());
  SECTION("until an answer takes it again") {
    effects = call.take(SdpType::kAnswer);
    CHECK(effects.released == std::vector<std::string>{"v"});
    CHECK(effects.consumed.empty());
  }
  SECTION("or one ends it") {
    effects = call.take(SdpType::kAnswer, only("audio", Choice::kReject));
    CHECK(effects.released.empty());
    REQUIRE(effects.refused.size() == 1);
    CHECK(effects.refused[0].id == "v");
  }
}

TEST_CASE("what the client sends is produced from a provisional answer on, and ends with an answer only") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client_offers();
  const std::string offer = good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  const std::string silent = call.client.answer(offer, [](const auto&) { return Client::Choice::kInactive; });
  good(call.session.set_remote_description(SdpType::kPranswer, silent));
  CHECK(call.session.take_effects().unproduced.empty());
  good(call.session.set_remote_description(SdpType::kAnswer, silent));
  CHECK(call.session.take_effects().unproduced == std::vector<std::string>{"0"});
}

TEST_CASE("an offer cannot be rolled back, nor met by another, once it has a provisional answer") {
  Offered call;
  call.take(SdpType::kPranswer);
  const auto is_refused = [](const auto& result) {
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kInvalidState);
    CHECK(result.error().message.find("has a provisional answer") != std::string::npos);
  };
  is_refused(call.session.set_local_description(SdpType::kRollback));
  is_refused(call.session.set_remote_description(SdpType::kRollback, ""));
  is_refused(call.session.set_remote_description(SdpType::kOffer, call.client.offer()));
  is_refused(call.session.create_offer());
  is_refused(call.session.set_local_description(SdpType::kOffer));
  is_refused(call.session.create_answer());
  CHECK(call.session.signaling_state() == SignalingState::kHaveRemotePranswer);
}

TEST_CASE("a provisional answer is held to the rules of an answer") {
  Offered call;
  std::string text = call.client.answer(call.offer);
  text.replace(text.find("a=setup:active"), 14, "a=setup:actpass");
  const auto refused = call.session.set_remote_description(SdpType::kPranswer, text);
  CHECK(refused.error().field == "a=setup");
  CHECK(call.session.signaling_state() == SignalingState::kHaveLocalOffer);
}

TEST_CASE("a track that goes away after a provisional answer stays away") {
  Offered call;
  call.take(SdpType::kPranswer);
  call.session.remove_track("v");
  const Effects effects = call.take(SdpType::kAnswer);
  CHECK(effects.consumed.empty());
  CHECK(effects.refused.empty());
  CHECK(call.session.negotiation_needed());
}

/// RFC 8829 §3.2's serial forking: another device answers, over another transport.
TEST_CASE("a later answer may come from another device") {
  Offered call;
  const std::string other = "A" + std::string(kFingerprint).substr(1);
  call.take(SdpType::kPranswer);
  call.client.fingerprint = other;
  SECTION("with credentials of its own") {
    call.client.ufrag = "anotherdevice";
    const Effects effects = call.take(SdpType::kAnswer);
    REQUIRE(effects.transport.has_value());
    CHECK(effects.transport->new_association);
    CHECK(effects.transport->dtls.fingerprints.front().value == other);
    CHECK(effects.transport->ice.username_fragment == "anotherdevice");
  }
  SECTION("and not without (RFC 8829 §5.11)") {
    const auto refused =
        call.session.set_remote_description(SdpType::kAnswer, call.client.answer(call.offer));
    CHECK(refused.error().field == "a=fingerprint");
  }
}

TEST_CASE("candidates of the device that gave the provisional answer are taken") {
  Offered call;
  call.take(SdpType::kPranswer);
  const auto given =
      call.session.add_ice_candidate("candidate:1 1 udp 1 192.0.2.1 5 typ host",
                                     parsed(call.offer).media[0].mid, std::nullopt, "clientufrag");
  CHECK(good(given).has_value());
}

// --- Ours

/// A session that is to answer a client who sends audio and wants to receive video.
struct Asked : Call {
  Asked() {
    client.add("audio", sdp::Direction::kSendOnly);
    client.add("video", sdp::Direction::kRecvOnly);
    client.add("video", sdp::Direction::kRecvOnly);
    ask();
  }
  void ask() { good(session.set_remote_description(SdpType::kOffer, client.offer())); }
};

TEST_CASE("a provisional answer of ours takes effect, and may be set as the final one") {
  Asked call;
  call.add("v", MediaKind::kVideo);
  const std::string answer = good(call.session.create_answer());
  good(call.session.set_local_description(SdpType::kPranswer, answer));
  CHECK(call.session.signaling_state() == SignalingState::kHaveLocalPranswer);
  CHECK(call.session.pending_local_description() == answer);
  CHECK(call.session.pending_remote_description() == call.client.offer());
  const Effects effects = call.session.take_effects();
  CHECK(effects.transport.has_value());
  CHECK(effects.produced.size() == 1);
  CHECK(ids(effects.consumed) == std::vector<std::string>{"v"});
  good(call.session.set_local_description(SdpType::kAnswer, answer));
  CHECK(call.session.signaling_state() == SignalingState::kStable);
  CHECK(call.session.current_local_description() == answer);
  CHECK(call.session.current_remote_description() == call.client.offer());
  const Effects after = call.session.take_effects();
  CHECK(after.produced.empty());
  CHECK(after.consumed.empty());
  CHECK_FALSE(after.transport.has_value());
}

TEST_CASE("the answer after a provisional one keeps credentials and tracks in their places") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client_offers();
  call.client.add("video", sdp::Direction::kRecvOnly);
  call.client.add("video", sdp::Direction::kRecvOnly);
  call.client.add("video", sdp::Direction::kRecvOnly);
  call.client.ufrag = "restarted";
  call.add("v", MediaKind::kVideo);
  call.add("w", MediaKind::kVideo);
  good(call.session.set_remote_description(SdpType::kOffer, call.client.offer()));
  good(call.session.set_local_description(SdpType::kPranswer));
  const auto provisional = parsed(call.session.pending_local_description());
  const Effects first = call.session.take_effects();
  REQUIRE(first.local_ice.has_value());
  call.session.remove_track("v");
  call.add("x", MediaKind::kVideo);
  good(call.session.set_local_description(SdpType::kAnswer));
  const auto final = call.local();
  CHECK(final.origin.session_version > provisional.origin.session_version);
  CHECK(final.media[0].ice_ufrag == provisional.media[0].ice_ufrag);
  CHECK(final.media[0].ice_pwd == provisional.media[0].ice_pwd);
  CHECK(final.media[1].direction == sdp::Direction::kInactive);  // a=msid is of v, or there is none
  CHECK(final.media[2].msids == provisional.media[2].msids);
  CHECK(final.media[3].direction == sdp::Direction::kSendOnly);
  const Effects second = call.session.take_effects();
  CHECK_FALSE(second.local_ice.has_value());
  CHECK_FALSE(second.transport.has_value());
  CHECK(ids(second.consumed) == std::vector<std::string>{"x"});
  for (const auto& rule : answer_rules()) {
    INFO(rule.rule);
    CHECK(rule.broken(parsed(call.client.offer()), final).empty());
  }
}

TEST_CASE("an offer of the client's that has a provisional answer is neither rolled back nor replaced") {
  Asked call;
  good(call.session.set_local_description(SdpType::kPranswer));
  for (const auto& result : {call.session.set_remote_description(SdpType::kRollback, ""),
                             call.session.set_remote_description(SdpType::kOffer, call.client.offer()),
                             call.session.set_local_description(SdpType::kOffer),
                             call.session.set_local_description(SdpType::kRollback)}) {
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kInvalidState);
  }
  good(call.session.create_answer());
  good(call.session.set_local_description(SdpType::kPranswer));
  good(call.session.set_local_description(SdpType::kAnswer));
}

TEST_CASE("what the client declines for now is held by our provisional answer") {
  Call call;
  call.add("v", MediaKind::kVideo);
  call.server_offers();
  call.client.sections[0].direction = sdp::Direction::kInactive;
  good(call.session.set_remote_description(SdpType::kOffer, call.client.offer()));
  good(call.session.set_local_description(SdpType::kPranswer));
  Effects effects = call.session.take_effects();
  CHECK(effects.held == std::vector<std::string>{"v"});
  CHECK(effects.refused.empty());
  good(call.session.set_local_description(SdpType::kAnswer));
  effects = call.session.take_effects();
  REQUIRE(effects.refused.size() == 1);
  CHECK(effects.refused[0].declined_mid == call.local().media[0].mid);
}

}  // namespace
}  // namespace sluice::negotiate
