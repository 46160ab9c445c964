// A client that turns an m-line of the server's inactive, and may want it again: its transceiver's direction
// is its own.
#include "jsep_fixture.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using Choice = Client::Choice;

/// A call with the audio track "a" delivered, whose m-line the client then turns inactive by an offer.
struct Declined : Call {
  Effects effects;

  Declined() {
    client.add("audio", sdp::Direction::kSendOnly);
    client_offers();
    add("a", MediaKind::kAudio);
    server_offers();
    client.sections[1].direction = sdp::Direction::kInactive;
    effects = client_offers();
  }
};

TEST_CASE("a track whose m-line the client turns inactive is refused, with the m-line's mid") {
  const Declined call;
  REQUIRE(call.effects.refused.size() == 1);
  CHECK(call.effects.refused[0].id == "a");
  CHECK(call.effects.refused[0].declined_mid == "s0");
  CHECK_FALSE(call.session.negotiation_needed());
}

TEST_CASE("another track is not placed where the client would turn it down") {
  Declined call;
  call.session.remove_track("a");
  call.add("b", MediaKind::kAudio);
  const Effects effects = call.server_offers();
  CHECK(effects.refused.empty());
  REQUIRE(effects.consumed.size() == 1);
  CHECK(effects.consumed[0].mid == "s1");
}

/// As the engine does it: another track in the place of the one that was declined.
struct Waiting : Declined {
  Waiting() {
    session.remove_track("a");
    session.add_declined_track(make_track(room, "again", MediaKind::kAudio, 700), "s0");
  }
};

TEST_CASE("what waits on a declined m-line asks for no negotiation, and is offered along with every offer") {
  Waiting call;
  CHECK_FALSE(call.session.negotiation_needed());
  const auto offer = parsed(good(call.session.create_offer()));
  REQUIRE(offer.media.size() == 2);
  CHECK(offer.media[1].direction == sdp::Direction::kSendOnly);
  CHECK(offer.media[1].ssrcs[0].ssrc == 700);
  const Effects effects = call.server_offers(
      [](const sdp::MediaDescription& m) { return m.mid == "s0" ? Choice::kInactive : Choice::kAccept; });
  CHECK(effects.refused.empty());  // told already
  CHECK(effects.consumed.empty());
  CHECK_FALSE(call.session.negotiation_needed());
}

TEST_CASE("it is consumed at once when the client's offer wants to receive there again") {
  Waiting call;
  call.client.sections[1].direction = sdp::Direction::kRecvOnly;
  const Effects effects = call.client_offers();
  REQUIRE(effects.consumed.size() == 1);
  CHECK(effects.consumed[0].id == "again");
  CHECK(effects.consumed[0].mid == "s0");
  CHECK(call.local().media[1].direction == sdp::Direction::kSendOnly);
  CHECK_FALSE(call.session.negotiation_needed());
}

TEST_CASE("and when its answer does") {
  Waiting call;
  const Effects effects = call.server_offers();
  REQUIRE(effects.consumed.size() == 1);
  CHECK(effects.consumed[0].id == "again");
}

TEST_CASE("when it goes, the m-line is inactive and still not for others") {
  Waiting call;
  call.session.remove_track("again");
  CHECK_FALSE(call.session.negotiation_needed());
  CHECK(parsed(good(call.session.create_offer())).media[1].direction == sdp::Direction::kInactive);
  call.add("b", MediaKind::kAudio);
  CHECK(call.server_offers().consumed.at(0).mid == "s1");
}

TEST_CASE("an m-line where nothing waits is free again once the client wants to receive there") {
  Declined call;
  call.session.remove_track("a");
  call.client.sections[1].direction = sdp::Direction::kRecvOnly;
  call.client_offers();
  call.add("b", MediaKind::kAudio);
  CHECK(call.server_offers().consumed.at(0).mid == "s0");
}

TEST_CASE("who declines by an answer is believed, too") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client_offers();
  call.add("a", MediaKind::kAudio);
  const Effects effects = call.server_offers(
      [](const sdp::MediaDescription& m) { return m.mid == "s0" ? Choice::kInactive : Choice::kAccept; });
  REQUIRE(effects.refused.size() == 1);
  CHECK(effects.refused[0].declined_mid == "s0");
  call.session.remove_track("a");
  call.add("b", MediaKind::kAudio);
  CHECK(call.server_offers().consumed.at(0).mid == "s1");
}

TEST_CASE("an m-line that the server has made inactive is reused, whatever the answer to that said") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client_offers();
  call.add("a", MediaKind::kAudio);
  call.server_offers();
  call.session.remove_track("a");
  call.server_offers();
  call.add("b", MediaKind::kAudio);
  CHECK(call.server_offers().consumed.at(0).mid == "s0");
}

}  // namespace
}  // namespace sluice::negotiate
