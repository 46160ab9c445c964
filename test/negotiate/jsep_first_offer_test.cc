// The server speaks first: what a client may send is offered to it, and what it can decode it has said
// before.
#include <algorithm>

#include "jsep_fixture.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

std::vector<std::string> directions(const sdp::SessionDescription& description) {
  std::vector<std::string> out;
  for (const auto& m : description.media) out.emplace_back(sdp::to_string(*m.direction));
  return out;
}

RtpCapabilities room_with_two_video_codecs() {
  std::vector<RtpCodecCapability> codecs(3);
  codecs[0].mime_type = "audio/opus";
  codecs[0].clock_rate = 48000;
  codecs[0].channels = 2;
  for (std::size_t i : {1, 2}) {
    codecs[i].kind = MediaKind::kVideo;
    codecs[i].mime_type = i == 1 ? "video/VP9" : "video/VP8";
    codecs[i].clock_rate = 90000;
  }
  return good(room_capabilities(codecs));
}

TEST_CASE("an offer asks for as many tracks of the client as it is told to") {
  Call call;
  call.add("v", MediaKind::kVideo);
  const auto offer = parsed(good(call.session.create_offer({1, 2})));
  CHECK(directions(offer) == std::vector<std::string>{"sendonly", "recvonly", "recvonly", "recvonly"});
  CHECK(offer.media[1].media == "audio");
  CHECK(offer.media[2].media == "video");
  REQUIRE(offer.media[2].rtpmaps.size() == 2);  // VP8 and its RTX
  CHECK(offer.media[2].fmtp(offer.media[2].rtpmaps[1].payload_type)->config ==
        "apt=" + std::to_string(offer.media[2].rtpmaps[0].payload_type));
  CHECK(std::any_of(offer.media[2].extmaps.begin(), offer.media[2].extmaps.end(),
                    [](const auto& e) { return e.uri == extension_uri::kMid; }));
  CHECK(offer.media[2].msids.empty());
  CHECK(offer.groups[0].mids.size() == 4);
}

TEST_CASE("what the client then sends on such an m-line is produced, and the m-line stays its own") {
  Call call;
  const std::string offer = good(call.session.create_offer({1, 1}));
  good(call.session.set_local_description(SdpType::kOffer, offer));
  std::string answer = call.client.answer(offer);
  const std::size_t video = answer.find("m=video");
  answer.replace(answer.find("a=inactive", video), 10, "a=sendonly\r\na=ssrc:77 cname:client");
  good(call.session.set_remote_description(SdpType::kAnswer, answer));
  const Effects effects = call.session.take_effects();
  REQUIRE(effects.produced.size() == 1);
  CHECK(effects.produced[0].kind == MediaKind::kVideo);
  CHECK(effects.produced[0].rtp_parameters.encodings[0].ssrc == 77);
  REQUIRE(effects.transport.has_value());
  // A track of ours goes to an m-line of its own, and what may be sent already counts.
  call.add("v", MediaKind::kVideo);
  const auto next = parsed(good(call.session.create_offer({1, 1})));
  CHECK(directions(next) == std::vector<std::string>{"recvonly", "recvonly", "sendonly"});
  CHECK(next.media[0].mid == parsed(offer).media[0].mid);
}

TEST_CASE("more m-lines than a description may have are refused, and nothing has changed") {
  Call call;
  for (const char* id : {"a", "b", "c"}) call.add(id, MediaKind::kVideo);
  const auto refused = call.session.create_offer({255, 255});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().field == "offerToReceiveVideo");
  CHECK(parsed(good(call.session.create_offer())).media.size() == 3);
}

TEST_CASE("a client without the room's codecs is not asked to send them") {
  Call call;
  Client client;
  client.add("audio", sdp::Direction::kRecvOnly);
  good(call.session.set_capabilities(client.offer()));  // audio only
  const auto refused = call.session.create_offer({0, 1});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kUnsupported);
  CHECK(refused.error().field == "offerToReceiveVideo");
}

TEST_CASE("capabilities give a first offer the client's codecs and numbers, and negotiate nothing") {
  Call call;
  call.room = room_with_two_video_codecs();
  call.session = JsepSession(call.room, make_transport(), call.random);
  call.add("v", MediaKind::kVideo);
  Client client;
  client.add("audio", sdp::Direction::kRecvOnly);
  client.add("video", sdp::Direction::kRecvOnly);
  good(call.session.set_capabilities(client.offer()));
  CHECK(call.session.signaling_state() == SignalingState::kStable);
  CHECK(call.session.current_remote_description().empty());
  CHECK_FALSE(call.session.take_effects().transport.has_value());
  const auto offer = parsed(good(call.session.create_offer({0, 1})));
  REQUIRE(offer.media.size() == 2);
  for (const auto& m : offer.media) {
    CHECK(m.formats == std::vector<std::string>{"96", "97"});  // VP8 and its RTX, no VP9
    for (const auto& e : m.extmaps) CHECK((e.id == 4 || e.id == 3 || e.id == 10));
  }
  CHECK(call.server_offers().consumed.size() == 1);
}

TEST_CASE("a track that the client cannot decode is refused when capabilities said so") {
  Call call;
  call.add("v", MediaKind::kVideo);
  Client client;
  client.add("audio", sdp::Direction::kRecvOnly);
  good(call.session.set_capabilities(client.offer()));
  call.client.add("audio", sdp::Direction::kRecvOnly);
  call.client_offers();
  const Effects effects = call.server_offers();
  REQUIRE(effects.refused.size() == 1);
  CHECK(effects.refused[0].reason == "the client has none of the track's codecs");
  CHECK_FALSE(call.session.negotiation_needed());
}

TEST_CASE("capabilities are taken while stable, from a description that could be an offer") {
  Call call;
  CHECK(call.session.set_capabilities("v=1").error().code == ErrorCode::kInvalidArgument);
  call.add("a", MediaKind::kAudio);
  good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  Client client;
  client.add("audio", sdp::Direction::kRecvOnly);
  CHECK(call.session.set_capabilities(client.offer()).error().code == ErrorCode::kInvalidState);
}

TEST_CASE("RTX for audio is offered to a client that has named it, and to no other") {
  for (const bool named : {false, true}) {
    Call call;
    const std::size_t audio = call.client.add("audio", sdp::Direction::kSendOnly);
    if (named) {
      call.client.sections[audio].formats.push_back("112");
      call.client.sections[audio].rtpmaps.push_back({112, "rtx", 48000, 2});
      call.client.sections[audio].fmtps.push_back({112, "apt=111"});
    }
    call.client_offers();
    OutgoingTrack track = make_track(call.room, "a", MediaKind::kAudio, 100);
    track.consumable.encodings[0].rtx_ssrc = 101;
    call.session.add_track(std::move(track));
    const auto offer = parsed(good(call.session.create_offer()));
    CHECK(offer.media[1].rtpmaps.size() == (named ? 2 : 1));
    CHECK(offer.media[1].ssrc_groups.size() == (named ? 1 : 0));
  }
}

}  // namespace
}  // namespace sluice::negotiate
