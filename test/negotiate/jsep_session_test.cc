#include <set>

#include "jsep_fixture.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using Choice = Client::Choice;

TEST_CASE("the server offers what it delivers on m-lines of its own") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendRecv);
  call.client.add("video", sdp::Direction::kSendRecv);
  CHECK(call.client_offers().produced.size() == 2);
  CHECK_FALSE(call.session.negotiation_needed());
  call.add("a", MediaKind::kAudio);
  call.add("v", MediaKind::kVideo);
  CHECK(call.session.negotiation_needed());
  const Effects effects = call.server_offers();
  CHECK_FALSE(call.session.negotiation_needed());
  CHECK(effects.produced.empty());
  CHECK(effects.unproduced.empty());
  CHECK_FALSE(effects.transport.has_value());
  REQUIRE(effects.consumed.size() == 2);
  const auto offer = call.local();
  REQUIRE(offer.media.size() == 4);
  CHECK(offer.media[0].direction == sdp::Direction::kRecvOnly);
  CHECK(offer.media[2].direction == sdp::Direction::kSendOnly);
  CHECK(offer.media[2].setup == sdp::Setup::kActpass);
  CHECK(offer.groups[0].mids == std::vector<std::string>{"0", "1", "s0", "s1"});
  const auto sections = call.session.sections();
  REQUIRE(sections.size() == 4);
  CHECK(sections[0].receiving);
  CHECK_FALSE(sections[0].sending);
  CHECK(sections[3].mid == "s1");
  CHECK(sections[3].track_id == "v");
}

TEST_CASE("offers of ours use the client's numbers as soon as it has named them") {
  Call call;
  call.add("v", MediaKind::kVideo);
  auto before = parsed(good(call.session.create_offer()));
  CHECK(before.media[0].formats[0] == std::to_string(*call.room.codecs[1].preferred_payload_type));
  call.client.add("video", sdp::Direction::kSendOnly);
  call.client_offers();
  const Effects effects = call.server_offers();
  REQUIRE(effects.consumed.size() == 1);
  const RtpParameters& sent = effects.consumed[0].rtp_parameters;
  REQUIRE(sent.codecs.size() == 2);
  CHECK(sent.codecs[0].payload_type == 96);
  CHECK(sent.codecs[1].payload_type == 97);
  CHECK(integer_parameter(sent.codecs[1].parameters, "apt") == 96);
  CHECK(sent.mid == "s0");
  for (const auto& e : sent.header_extensions)
    if (e.uri == extension_uri::kMid) CHECK(e.id == 4);
  CHECK(sent.encodings[0].ssrc == 100);
  CHECK(sent.encodings[0].rtx_ssrc == 101);
}

TEST_CASE("a payload type that the client uses for another codec is not taken for ours") {
  Call call;
  const std::uint8_t preferred = *call.room.codecs[1].preferred_payload_type;
  const std::size_t audio = call.client.add("audio", sdp::Direction::kSendOnly);
  call.client.sections[audio].formats.push_back(std::to_string(preferred));
  call.client.sections[audio].rtpmaps.push_back({preferred, "L16", 48000, std::nullopt});
  call.client_offers();
  call.add("v", MediaKind::kVideo);
  const auto offer = parsed(good(call.session.create_offer()));
  CHECK(offer.media[1].formats[0] != std::to_string(preferred));
}

TEST_CASE("the server may offer first, and take either DTLS role from the answer") {
  for (const bool active : {true, false}) {
    Call call;
    call.client.answer_setup = active ? sdp::Setup::kActive : sdp::Setup::kPassive;
    call.add("a", MediaKind::kAudio);
    const Effects effects = call.server_offers();
    REQUIRE(effects.transport.has_value());
    CHECK(effects.transport->dtls.role == (active ? DtlsRole::kClient : DtlsRole::kServer));
    CHECK(effects.transport->ice.username_fragment == "clientufrag");
    CHECK(effects.consumed.size() == 1);
    // The role stays, whoever offers next.
    call.client.add("video", sdp::Direction::kSendOnly);
    CHECK_FALSE(call.client_offers().transport.has_value());
    CHECK(call.local().media[1].setup == (active ? sdp::Setup::kPassive : sdp::Setup::kActive));
  }
}

TEST_CASE("a removed track's m-line goes inactive and is used again by the next of the kind") {
  Call call;
  call.add("v1", MediaKind::kVideo);
  call.server_offers();
  call.session.remove_track("v1");
  call.add("v2", MediaKind::kVideo);
  CHECK(call.session.negotiation_needed());
  CHECK(call.server_offers().consumed.at(0).mid == "s1");  // s0 is inactive from here on
  CHECK(call.local().media[0].direction == sdp::Direction::kInactive);
  CHECK(call.local().media[0].port != 0);
  call.add("a", MediaKind::kAudio);
  call.add("v3", MediaKind::kVideo);
  const Effects effects = call.server_offers();
  REQUIRE(effects.consumed.size() == 2);
  CHECK(effects.consumed[0].mid == "s0");
  CHECK(effects.consumed[0].id == "v3");
  CHECK(effects.consumed[1].mid == "s2");
  CHECK(call.local().media.size() == 3);
}

TEST_CASE("joining and leaving a hundred times keeps the description bounded and mids in their places") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  INFO("seed " << seed);
  Random random(seed);
  Call call;
  call.client.add("audio", sdp::Direction::kSendRecv);
  call.client.add("video", sdp::Direction::kSendRecv);
  call.client_offers();
  std::vector<std::string> live;
  std::vector<std::string> mids;
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    while (live.size() >= 4 || (!live.empty() && random.chance(0.3))) {
      const std::size_t at = random.below(static_cast<std::uint32_t>(live.size()));
      call.session.remove_track(live[at] + "a");
      call.session.remove_track(live[at] + "v");
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
    }
    live.push_back("p" + std::to_string(i));
    call.add(live.back() + "a", MediaKind::kAudio);
    call.add(live.back() + "v", MediaKind::kVideo);
    const Effects effects = random.chance(0.3) ? call.client_offers() : call.server_offers();
    CHECK(effects.refused.empty());
    CHECK(effects.produced.empty());
    if (call.session.negotiation_needed()) call.server_offers();
    CHECK_FALSE(call.session.negotiation_needed());
    std::set<std::string> sending;
    const auto sections = call.session.sections();
    for (std::size_t k = 0; k < sections.size(); ++k) {
      if (k < mids.size()) CHECK(sections[k].mid == mids[k]);
      if (k >= mids.size()) mids.push_back(sections[k].mid);
      if (sections[k].sending) CHECK(sending.insert(sections[k].track_id).second);
    }
    CHECK(sending.size() == live.size() * 2);
    most = std::max(most, sections.size());
  }
  CHECK(most <= 2 + 2 * 2 * 4);
}

TEST_CASE("a track that the client rejects is told and not offered again") {
  Call call;
  call.add("a", MediaKind::kAudio);
  CHECK(call.server_offers().consumed.size() == 1);
  call.add("v", MediaKind::kVideo);
  const Effects effects = call.server_offers(
      [](const sdp::MediaDescription& m) { return m.media == "video" ? Choice::kReject : Choice::kAccept; });
  REQUIRE(effects.refused.size() == 1);
  CHECK(effects.refused[0].id == "v");
  CHECK(effects.refused[0].reason.find("rejected") != std::string::npos);
  CHECK_FALSE(call.session.negotiation_needed());
  CHECK(call.session.sections()[1].rejected);
  // The place of the rejected m-line is used again, under a new mid.
  call.add("w", MediaKind::kVideo);
  CHECK(call.server_offers().consumed.at(0).id == "w");
  const auto offer = call.local();
  REQUIRE(offer.media.size() == 2);
  CHECK(offer.media[1].mid != "s1");
  CHECK(offer.media[1].port != 0);
}

TEST_CASE("an m-line that the client answers inactive refuses the track, and is not for another") {
  Call call;
  call.add("v", MediaKind::kVideo);
  const Effects effects = call.server_offers([](const auto&) { return Choice::kInactive; });
  CHECK(effects.consumed.empty());
  CHECK(effects.refused.at(0).id == "v");
  call.session.remove_track("v");
  CHECK_FALSE(call.session.negotiation_needed());
  call.add("w", MediaKind::kVideo);
  CHECK(call.server_offers().consumed.at(0).mid == "s1");
}

TEST_CASE("a client whose answer has no codec of the track refuses it") {
  Call call;
  call.add("v", MediaKind::kVideo);
  const std::string offer = good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  std::string answer = call.client.answer(offer);
  answer.replace(answer.find("VP8/90000"), 9, "XYZ/90000");
  good(call.session.set_remote_description(SdpType::kAnswer, answer));
  const Effects effects = call.session.take_effects();
  CHECK(effects.consumed.empty());
  CHECK(effects.refused.at(0).reason.find("codec") != std::string::npos);
}

TEST_CASE("a client that stops or resumes sending is told by mid") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  const std::size_t video = call.client.add("video", sdp::Direction::kSendOnly);
  call.client_offers();
  call.client.sections[video].direction = sdp::Direction::kInactive;
  CHECK(call.client_offers().unproduced == std::vector<std::string>{"1"});
  CHECK(call.client_offers().unproduced.empty());
  // Its m-line stays the client's.
  call.add("v", MediaKind::kVideo);
  CHECK(call.server_offers().consumed.at(0).mid == "s0");
  call.client.sections[video].direction = sdp::Direction::kSendOnly;
  CHECK(call.client_offers().produced.at(0).mid == "1");
  call.client.sections[video].port = 0;
  CHECK(call.client_offers().unproduced == std::vector<std::string>{"1"});
  CHECK(call.session.sections()[video].rejected);
}

TEST_CASE("a changed sender on the same mid is produced again, an unchanged one is not") {
  Call call;
  const std::size_t video = call.client.add("video", sdp::Direction::kSendOnly);
  call.client_offers();
  CHECK(call.client_offers().produced.empty());
  call.client.sections[video].rtcp_fbs = {{96, "nack", "pli"}, {96, "nack", ""}};
  CHECK(call.client_offers().produced.empty());
  call.client.sections[video].ssrcs[0].ssrc = 9;
  call.client.sections[video].ssrc_groups.clear();
  const Effects effects = call.client_offers();
  REQUIRE(effects.produced.size() == 1);
  CHECK(effects.produced[0].rtp_parameters.encodings[0].ssrc == 9);
  CHECK(effects.unproduced.empty());
}

TEST_CASE("a client may send on an m-line of ours, and both directions live apart") {
  Call call;
  call.add("v", MediaKind::kVideo);
  call.server_offers();
  auto& section = call.client.sections[0];
  section.direction = sdp::Direction::kSendRecv;
  section.ssrcs = {{77, "cname", "client"}};
  Effects effects = call.client_offers();
  CHECK(effects.produced.at(0).mid == "s0");
  CHECK(effects.refused.empty());
  CHECK(effects.consumed.empty());
  CHECK(call.local().media[0].direction == sdp::Direction::kSendRecv);
  call.session.remove_track("v");
  effects = call.server_offers();
  CHECK(effects.unproduced.empty());
  CHECK(call.local().media[0].direction == sdp::Direction::kRecvOnly);
  call.add("w", MediaKind::kVideo);
  CHECK(call.server_offers().consumed.at(0).mid == "s1");
}

TEST_CASE("a client that stops receiving one of our tracks refuses it") {
  Call call;
  call.add("v", MediaKind::kVideo);
  call.server_offers();
  call.client.sections[0].direction = sdp::Direction::kInactive;
  CHECK(call.client_offers().refused.at(0).id == "v");
  CHECK_FALSE(call.session.negotiation_needed());
}

TEST_CASE("an m-line that a viewer keeps open is filled by our next offer") {
  Call call;
  call.client.add("video", sdp::Direction::kRecvOnly);
  CHECK(call.client_offers().consumed.empty());
  CHECK(call.local().media[0].direction == sdp::Direction::kInactive);
  call.add("v", MediaKind::kVideo);
  CHECK(call.server_offers().consumed.at(0).mid == "0");
  CHECK(call.local().media.size() == 1);
}

TEST_CASE("an offer that meets ours rolls ours back, and ours comes again after") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client_offers();
  call.add("v", MediaKind::kVideo);
  const std::string lost = good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  call.client.add("video", sdp::Direction::kSendOnly);
  const Effects effects = call.client_offers();
  CHECK(effects.produced.size() == 1);
  CHECK(effects.consumed.empty());
  CHECK(call.session.pending_local_description().empty());
  CHECK(call.session.negotiation_needed());
  CHECK(call.session.sections().size() == 2);
  CHECK(call.server_offers().consumed.at(0).id == "v");
  CHECK(call.session.set_remote_description(SdpType::kAnswer, lost).error().code == ErrorCode::kInvalidState);
}

TEST_CASE("a refused offer does not roll ours back") {
  Call call;
  call.add("v", MediaKind::kVideo);
  const std::string offer = good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  CHECK_FALSE(call.session.set_remote_description(SdpType::kOffer, "nonsense").ok());
  CHECK(call.session.signaling_state() == SignalingState::kHaveLocalOffer);
  good(call.session.set_remote_description(SdpType::kAnswer, call.client.answer(offer)));
}

TEST_CASE("either side's offer can be rolled back") {
  Call call;
  call.add("v", MediaKind::kVideo);
  good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  good(call.session.set_local_description(SdpType::kRollback));
  CHECK(call.session.signaling_state() == SignalingState::kStable);
  CHECK(call.session.sections().empty());
  CHECK(call.session.negotiation_needed());
  call.client.add("audio", sdp::Direction::kSendOnly);
  good(call.session.set_remote_description(SdpType::kOffer, call.client.offer()));
  CHECK(call.session.pending_remote_description() == call.client.offer());
  good(call.session.set_remote_description(SdpType::kRollback, ""));
  CHECK(call.session.signaling_state() == SignalingState::kStable);
  CHECK(call.session.pending_remote_description().empty());
  CHECK(call.session.take_effects().produced.empty());
}

TEST_CASE("a client that restarts ICE gets new credentials in the answer") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client_offers();
  CHECK_FALSE(call.client_offers().local_ice.has_value());
  call.client.ufrag = "restarted";
  const Effects effects = call.client_offers();
  REQUIRE(effects.transport.has_value());
  CHECK(effects.transport->ice_restarted);
  CHECK(effects.transport->ice.username_fragment == "restarted");
  REQUIRE(effects.local_ice.has_value());
  CHECK(effects.local_ice->username_fragment != "serverufrag");
  CHECK(effects.local_ice->ice_lite);
  CHECK(call.local().media[0].ice_ufrag == effects.local_ice->username_fragment);
  CHECK(call.local().media[0].ice_pwd == effects.local_ice->password);
  call.add("v", MediaKind::kVideo);
  call.server_offers();
  CHECK(call.local().media[1].ice_ufrag == effects.local_ice->username_fragment);
}

TEST_CASE("a restart by the server waits for an offer of ours") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client_offers();
  const LocalTransport local = make_transport();
  call.session.set_local_ice({"fresh", "freshpasswordfreshpassword", true}, local.candidates);
  CHECK(call.session.negotiation_needed());
  call.client_offers();  // an offer that does not restart is answered with what is in use
  CHECK(call.local().media[0].ice_ufrag == "serverufrag");
  CHECK(call.session.negotiation_needed());
  call.client.ufrag = "alsofresh";
  const Effects effects = call.server_offers();
  CHECK(call.local().media[0].ice_ufrag == "fresh");
  CHECK(effects.transport->ice_restarted);
  CHECK_FALSE(effects.local_ice.has_value());
  CHECK_FALSE(call.session.negotiation_needed());
}

TEST_CASE("a track removed while its offer is out is taken away by the next") {
  Call call;
  call.add("v", MediaKind::kVideo);
  const std::string offer = good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  call.session.remove_track("v");
  good(call.session.set_remote_description(SdpType::kAnswer, call.client.answer(offer)));
  const Effects effects = call.session.take_effects();
  CHECK(effects.consumed.empty());
  CHECK(effects.refused.empty());
  CHECK(call.session.negotiation_needed());
  call.server_offers();
  CHECK(call.local().media[0].direction == sdp::Direction::kInactive);
  CHECK_FALSE(call.session.negotiation_needed());
}

TEST_CASE("a description made before the tracks changed is made anew when none is named") {
  Call call;
  call.add("a", MediaKind::kAudio);
  good(call.session.create_offer());
  call.add("b", MediaKind::kAudio);
  good(call.session.set_local_description(SdpType::kOffer));
  CHECK(parsed(call.session.pending_local_description()).media.size() == 2);
}

TEST_CASE("versions rise and the session id stays") {
  Call call;
  call.add("a", MediaKind::kAudio);
  call.server_offers();
  const auto first = call.local().origin;
  call.add("b", MediaKind::kAudio);
  call.server_offers();
  CHECK(call.local().origin.session_id == first.session_id);
  CHECK(call.local().origin.session_version > first.session_version);
}

}  // namespace
}  // namespace sluice::negotiate
