// BUNDLE and the one transport (RFC 9143, RFC 8829 "max-bundle"), from both sides.
#include "jsep_fixture.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using Choice = Client::Choice;

std::string edited(const std::string& text, const std::function<void(sdp::SessionDescription&)>& edit) {
  auto description = parsed(text);
  edit(description);
  return sdp::write(description);
}

/// As WHIP clients send: one m-line, no group, no mid.
std::string lone_offer(Client& client) {
  if (client.sections.empty()) client.add("video", sdp::Direction::kSendOnly);
  return edited(client.offer(), [](sdp::SessionDescription& d) {
    d.groups.clear();
    d.media.resize(1);
    d.media[0].mid.reset();
  });
}

sdp::SessionDescription answer_of(Call& call, const std::string& offer) {
  good(call.session.set_remote_description(SdpType::kOffer, offer));
  const std::string answer = good(call.session.create_answer());
  good(call.session.set_local_description(SdpType::kAnswer));
  return parsed(answer);
}

TEST_CASE("one m-line without BUNDLE and without a mid is answered the same way") {
  Call call;
  const auto answer = answer_of(call, lone_offer(call.client));
  CHECK(answer.groups.empty());
  REQUIRE(answer.media.size() == 1);
  CHECK_FALSE(answer.media[0].mid.has_value());
  CHECK(answer.media[0].port == 40000);
  CHECK(answer.media[0].candidates.size() == 1);
  const Effects effects = call.session.take_effects();
  REQUIRE(effects.produced.size() == 1);
  CHECK(effects.produced[0].mid == "s0");  // made up
  CHECK(effects.produced[0].rtp_parameters.mid == "s0");
  CHECK(effects.transport.has_value());
  // Again, as for a restart of ICE: still the same track.
  call.client.ufrag = "restarted";
  const auto again = answer_of(call, lone_offer(call.client));
  CHECK_FALSE(again.media[0].mid.has_value());
  const Effects restarted = call.session.take_effects();
  CHECK(restarted.produced.empty());
  CHECK(restarted.local_ice.has_value());
}

TEST_CASE("what is offered next to a client without BUNDLE is for the bundle only, so it may say no") {
  Call call;
  (void)answer_of(call, lone_offer(call.client));
  (void)call.session.take_effects();
  call.add("v", MediaKind::kVideo);
  const std::string text = good(call.session.create_offer());
  const auto offer = parsed(text);
  REQUIRE(offer.media.size() == 2);
  CHECK(offer.media[0].port == 40000);
  CHECK(offer.media[1].port == 0);
  CHECK(offer.media[1].bundle_only);
  CHECK(offer.groups[0].mids == std::vector<std::string>{"s0", "s1"});
  good(call.session.set_local_description(SdpType::kOffer));
  call.client.sections[0].mid = "s0";
  const std::string no =
      edited(call.client.answer(
                 text, [](const auto& m) { return m.bundle_only ? Choice::kReject : Choice::kAccept; }),
             [](sdp::SessionDescription& d) {
               d.groups.clear();
               for (auto& m : d.media) m.mid.reset();
             });
  good(call.session.set_remote_description(SdpType::kAnswer, no));
  const Effects effects = call.session.take_effects();
  CHECK(effects.refused.at(0).id == "v");
  CHECK(effects.unproduced.empty());
  CHECK_FALSE(call.session.negotiation_needed());
}

TEST_CASE("m-lines in no group with the first are rejected, and the rest goes on") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client.add("video", sdp::Direction::kSendOnly);
  call.client.add("video", sdp::Direction::kSendOnly);
  const auto with_groups = [&](std::vector<sdp::Group> groups) {
    Call fresh;
    return answer_of(fresh, edited(call.client.offer(), [&](auto& d) { d.groups = groups; }));
  };
  const auto ports = [](const sdp::SessionDescription& d) {
    std::vector<bool> out;
    for (const auto& m : d.media) out.push_back(m.port != 0);
    return out;
  };
  CHECK(ports(with_groups({})) == std::vector<bool>{true, false, false});
  CHECK(ports(with_groups({{"BUNDLE", {"0", "2"}}})) == std::vector<bool>{true, false, true});
  CHECK(ports(with_groups({{"BUNDLE", {"0"}}, {"BUNDLE", {"1", "2"}}})) ==
        std::vector<bool>{true, false, false});
  good(call.session.set_remote_description(SdpType::kOffer,
                                           edited(call.client.offer(), [](auto& d) { d.groups.clear(); })));
  good(call.session.set_local_description(SdpType::kAnswer));
  const Effects effects = call.session.take_effects();
  REQUIRE(effects.declined.size() == 2);
  CHECK(effects.declined[0].mid == "1");
  CHECK(effects.declined[0].reason.find("BUNDLE") != std::string::npos);
  const auto two = with_groups({{"BUNDLE", {"0", "2"}}});
  CHECK(two.groups[0].mids == std::vector<std::string>{"0", "2"});
}

TEST_CASE("the first of the group describes the transport, whatever the order of the m-lines") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client.add("video", sdp::Direction::kSendOnly);
  const auto answer = answer_of(call, edited(call.client.offer(), [](auto& d) {
                                  d.groups[0].mids = {"1", "0"};
                                  d.media[1].ice_ufrag = "ofthesecond";
                                }));
  CHECK(answer.groups[0].mids == std::vector<std::string>{"1", "0"});
  CHECK(answer.media[0].candidates.empty());
  CHECK(answer.media[1].candidates.size() == 1);
  CHECK(call.session.take_effects().transport->ice.username_fragment == "ofthesecond");
  call.add("v", MediaKind::kVideo);
  CHECK(parsed(good(call.session.create_offer())).groups[0].mids == std::vector<std::string>{"1", "0", "s0"});
}

TEST_CASE("when the first of the group has no codec, the next one describes the transport") {
  Call call;
  const std::size_t audio = call.client.add("audio", sdp::Direction::kSendOnly);
  call.client.add("video", sdp::Direction::kSendOnly);
  call.client.sections[audio].formats = {"63"};
  const auto answer = answer_of(call, call.client.offer());
  CHECK(answer.media[0].port == 0);
  CHECK(answer.media[1].candidates.size() == 1);
  CHECK(answer.groups[0].mids == std::vector<std::string>{"1"});
}

TEST_CASE("a first offer of ours is bundle-only but for its first m-line, a later one is not") {
  Call call;
  call.add("a", MediaKind::kAudio);
  call.add("v", MediaKind::kVideo);
  const auto first = parsed(good(call.session.create_offer()));
  CHECK_FALSE(first.media[0].bundle_only);
  CHECK(first.media[0].rtcp_mux_only);
  CHECK(first.media[1].bundle_only);
  CHECK(first.media[1].port == 0);
  CHECK(call.server_offers().consumed.size() == 2);
  call.add("w", MediaKind::kVideo);
  const auto next = parsed(good(call.session.create_offer()));
  for (const auto& m : next.media) {
    CHECK_FALSE(m.bundle_only);
    CHECK(m.port == 40000);
  }
  CHECK_FALSE(next.media[1].rtcp_mux_only);
  CHECK(next.media[2].rtcp_mux_only);
}

TEST_CASE("an answer that accepts what it does not bundle is refused") {
  Call call;
  call.add("a", MediaKind::kAudio);
  call.add("v", MediaKind::kVideo);
  const std::string offer = good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  const std::string answer = call.client.answer(offer);
  const auto without_group = call.session.set_remote_description(
      SdpType::kAnswer, edited(answer, [](auto& d) { d.groups.clear(); }));
  CHECK(without_group.error().field == "a=group:BUNDLE");
  CHECK(without_group.error().message.find("expected it in the group, or port 0") != std::string::npos);
  good(call.session.set_remote_description(SdpType::kAnswer, edited(answer, [](auto& d) {
                                             d.groups.clear();
                                             d.media[1].port = 0;
                                           })));
  const Effects effects = call.session.take_effects();
  CHECK(effects.consumed.size() == 1);
  CHECK(effects.refused.size() == 1);
}

TEST_CASE("an answer that rejects everything leaves no transport, and the next offer begins anew") {
  Call call;
  call.add("a", MediaKind::kAudio);
  call.add("v", MediaKind::kVideo);
  const Effects effects = call.server_offers([](const auto&) { return Choice::kReject; });
  CHECK_FALSE(effects.transport.has_value());
  CHECK(effects.refused.size() == 2);
  call.add("b", MediaKind::kAudio);
  const auto next = parsed(good(call.session.create_offer()));
  REQUIRE(next.media.size() == 2);
  CHECK(next.media[0].mid != "s0");
  CHECK(next.media[0].candidates.size() == 1);
  CHECK(next.media[1].port == 0);
  CHECK(call.server_offers().consumed.at(0).id == "b");
}

TEST_CASE("an offer that rejects everything is answered so") {
  Call call;
  const std::size_t audio = call.client.add("audio", sdp::Direction::kSendOnly);
  CHECK(call.client_offers().produced.size() == 1);
  call.client.sections[audio].port = 0;
  const Effects effects = call.client_offers();
  CHECK(effects.unproduced.size() == 1);
  CHECK(call.local().groups.empty());
  CHECK(call.local().media[0].port == 0);
}

TEST_CASE("bundle-only outside of a group is a rejection; in an answer port 0 always is") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client.add("video", sdp::Direction::kSendOnly);
  const auto answer = answer_of(call, edited(call.client.offer(), [](auto& d) {
                                  d.groups[0].mids = {"0"};
                                  d.media[1].port = 0;
                                  d.media[1].bundle_only = true;
                                }));
  CHECK(answer.media[1].port == 0);
  CHECK(call.session.take_effects().produced.size() == 1);
  Call other;
  other.add("a", MediaKind::kAudio);
  const std::string offer = good(other.session.create_offer());
  good(other.session.set_local_description(SdpType::kOffer));
  good(other.session.set_remote_description(SdpType::kAnswer, edited(other.client.answer(offer), [](auto& d) {
                                              d.media[0].port = 0;
                                              d.media[0].bundle_only = true;
                                            })));
  CHECK(other.session.take_effects().refused.size() == 1);
}

TEST_CASE("a DTLS association is known by its tls-id, where the client has one") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  const auto with = [&](const char* id) {
    return edited(call.client.offer(), [&](auto& d) { d.media[0].tls_id = id; });
  };
  const auto answer = answer_of(call, with("abcdefghijklmnopqrst"));
  REQUIRE(answer.media[0].tls_id.has_value());
  CHECK(answer.media[0].tls_id->size() >= 20);
  call.add("v", MediaKind::kVideo);
  CHECK(parsed(good(call.session.create_offer())).media[1].tls_id == answer.media[0].tls_id);
  const auto changed = call.session.set_remote_description(SdpType::kOffer, with("ABCDEFGHIJKLMNOPQRST"));
  CHECK(changed.error().field == "a=tls-id");
  CHECK(changed.error().message.find("line ") != std::string::npos);
  good(call.session.set_remote_description(SdpType::kOffer, with("abcdefghijklmnopqrst")));
  Call old;
  old.client.add("audio", sdp::Direction::kSendOnly);
  CHECK_FALSE(answer_of(old, old.client.offer()).media[0].tls_id.has_value());
}

TEST_CASE("another DTLS association comes with new ICE credentials only (RFC 8829 §5.8.3, §5.11)") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  const auto before = answer_of(
      call, edited(call.client.offer(), [](auto& d) { d.media[0].tls_id = "abcdefghijklmnopqrst"; }));
  call.client.fingerprint = "A" + std::string(kFingerprint).substr(1);
  const auto offer = [&] {
    return edited(call.client.offer(), [](auto& d) { d.media[0].tls_id = "ABCDEFGHIJKLMNOPQRST"; });
  };
  const auto refused = call.session.set_remote_description(SdpType::kOffer, offer());
  CHECK(refused.error().field == "a=fingerprint");
  CHECK(refused.error().message.find("expected new ones") != std::string::npos);
  call.client.ufrag = "restarted";
  (void)call.session.take_effects();
  const auto after = answer_of(call, offer());
  const Effects effects = call.session.take_effects();
  REQUIRE(effects.transport.has_value());
  CHECK(effects.transport->new_association);
  CHECK(effects.transport->dtls.fingerprints.front().value == call.client.fingerprint);
  // RFC 8829 §5.3.2: the client's tls-id changed, and so does ours.
  CHECK(after.media[0].tls_id != before.media[0].tls_id);
  CHECK(after.media[0].ice_ufrag != before.media[0].ice_ufrag);
}

TEST_CASE("with new ICE credentials alone the DTLS association goes on") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  CHECK(call.client_offers().transport->new_association);
  call.client.ufrag = "restarted";
  const Effects effects = call.client_offers();
  CHECK(effects.transport->ice_restarted);
  CHECK_FALSE(effects.transport->new_association);
}

/// RFC 8829 §5.11: with its last m-line the transport is gone. libwebrtc makes another, with credentials of
/// its own, for whatever comes next, also in an answer to an offer that restarts nothing.
TEST_CASE("after the last m-line was rejected another transport begins") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client_offers();
  call.client.sections[0].port = 0;
  call.client_offers();
  CHECK(call.local().groups.empty());
  call.client.ufrag = "another";
  call.client.answer_setup = sdp::Setup::kPassive;
  call.add("v", MediaKind::kVideo);
  const Effects effects = call.server_offers();
  REQUIRE(effects.transport.has_value());
  CHECK(effects.transport->new_association);
  CHECK(effects.transport->ice.username_fragment == "another");
  CHECK(effects.transport->dtls.role == DtlsRole::kServer);
}

TEST_CASE("the place of a rejected m-line before the one that describes the transport is left alone") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client.add("video", sdp::Direction::kSendOnly);
  call.client_offers();
  call.client.sections[0].port = 0;
  call.client_offers();
  CHECK(call.local().groups[0].mids == std::vector<std::string>{"1"});
  call.add("a", MediaKind::kAudio);
  call.server_offers();
  const auto offer = call.local();
  REQUIRE(offer.media.size() == 3);
  CHECK(offer.media[0].rejected());
  CHECK(offer.media[2].media == "audio");
  CHECK(offer.groups[0].mids.front() == "1");
  // Behind it, it is used again, and once nothing is left on the transport anywhere.
  call.client.sections[2].port = 0;
  call.client_offers();
  call.add("b", MediaKind::kAudio);
  call.server_offers();
  CHECK(call.local().media.size() == 3);
  CHECK_FALSE(call.local().media[2].rejected());
  call.client.sections[1].port = call.client.sections[2].port = 0;
  call.client_offers();
  call.add("c", MediaKind::kAudio);
  call.server_offers();
  CHECK(call.local().media.size() == 3);
  CHECK_FALSE(call.local().media[0].rejected());
}

TEST_CASE("an answer restarts ICE exactly when the offer does") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client_offers();
  call.add("v", MediaKind::kVideo);
  std::string offer = good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  call.client.ufrag = "unasked";
  const auto unasked = call.session.set_remote_description(SdpType::kAnswer, call.client.answer(offer));
  CHECK(unasked.error().field == "a=ice-ufrag");
  good(call.session.set_local_description(SdpType::kRollback));
  call.client.ufrag = "clientufrag";
  call.session.set_local_ice({"fresh", "freshpasswordfreshpassword", true}, make_transport().candidates);
  offer = good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  const auto kept = call.session.set_remote_description(SdpType::kAnswer, call.client.answer(offer));
  CHECK(kept.error().field == "a=ice-ufrag");
  call.client.ufrag = "asked";
  good(call.session.set_remote_description(SdpType::kAnswer, call.client.answer(offer)));
  CHECK(call.session.take_effects().transport->ice_restarted);
}

TEST_CASE("streams of several m-lines are played in sync: a=group:LS of ours, and the client's answered") {
  Call call;
  for (const char* id : {"a", "v"}) {
    OutgoingTrack track =
        make_track(call.room, id, id[0] == 'a' ? MediaKind::kAudio : MediaKind::kVideo, 100 + id[0]);
    track.stream_ids = {"one"};
    call.session.add_track(std::move(track));
  }
  call.add("w", MediaKind::kVideo);
  const auto offer = parsed(good(call.session.create_offer()));
  REQUIRE(offer.groups.size() == 2);
  CHECK(offer.groups[1] == sdp::Group{"LS", {"s0", "s1"}});
  Call answering;
  answering.client.add("audio", sdp::Direction::kSendOnly);
  answering.client.add("video", sdp::Direction::kSendOnly);
  const auto answer = answer_of(answering, edited(answering.client.offer(), [](auto& d) {
                                  d.groups.push_back({"LS", {"0", "1"}});
                                }));
  REQUIRE(answer.groups.size() == 2);
  CHECK(answer.groups[1] == sdp::Group{"LS", {"0", "1"}});
}

}  // namespace
}  // namespace sluice::negotiate
