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

TEST_CASE(
    "an m-line is welcome again once the client wants to receive on it, and the next track may have it") {
  Declined call;
  call.session.remove_track("a");
  call.client.sections[1].direction = sdp::Direction::kRecvOnly;
  CHECK(call.client_offers().welcomed == std::vector<std::string>{"s0"});
  call.add("b", MediaKind::kAudio);
  const Effects effects = call.server_offers();
  REQUIRE(effects.consumed.size() == 1);
  CHECK(effects.consumed[0].mid == "s0");
  CHECK(effects.welcomed.empty());
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
