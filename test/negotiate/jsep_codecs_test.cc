// Every codec by offer and answer, with what browsers really offered.
#include <map>

#include "jsep_fixture.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

RtpCodecCapability media_codec(std::string mime_type, std::uint32_t clock_rate, std::uint8_t channels = 1,
                               std::vector<CodecParameter> parameters = {}) {
  RtpCodecCapability codec;
  codec.mime_type = std::move(mime_type);
  codec.clock_rate = clock_rate;
  codec.channels = channels;
  codec.parameters = std::move(parameters);
  return codec;
}

RtpCapabilities room_of(const std::vector<RtpCodecCapability>& codecs) {
  return good(room_capabilities(codecs));
}

/// A room, and a session in it that has answered an offer.
struct Answer {
  Answer(RtpCapabilities in_room, const std::string& offer)
      : room(std::move(in_room)), session(room, make_transport(), random) {
    good(session.set_remote_description(SdpType::kOffer, offer));
    const std::string text = good(session.create_answer());
    good(session.set_local_description(SdpType::kAnswer));
    description = parsed(text);
    effects = session.take_effects();
  }
  [[nodiscard]] const RtpParameters& produced(std::size_t index) const {
    return effects.produced.at(index).rtp_parameters;
  }

  RtpCapabilities room;
  Random random{7};
  JsepSession session;
  sdp::SessionDescription description;
  Effects effects;
};

const auto kOpus = media_codec("audio/opus", 48000, 2);

bool has(const std::vector<RtcpFeedback>& list, const RtcpFeedback& feedback) {
  return std::find(list.begin(), list.end(), feedback) != list.end();
}

TEST_CASE("each video codec of a browser's offer is answered when it is the room's, with RTX and feedback") {
  struct Case {
    std::string offer;
    RtpCodecCapability codec;
    std::string fmtp;
  };
  const auto h264 = [](std::string profile, std::int64_t mode) {
    return media_codec("video/H264", 90000, 1,
                       {{"profile-level-id", std::move(profile)}, {"packetization-mode", mode}});
  };
  const std::vector<Case> cases = {
      {"chromium-simulcast", media_codec("video/VP9", 90000), "profile-id=0"},
      {"chromium-simulcast", media_codec("video/VP9", 90000, 1, {{"profile-id", std::int64_t{2}}}),
       "profile-id=2"},
      {"chromium-simulcast", media_codec("video/AV1", 90000), "level-idx=5;profile=0;tier=0"},
      {"chromium-simulcast", h264("42e01f", 1),
       "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
      {"chromium-simulcast", h264("42e01f", 0),
       "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"},
      {"chromium-simulcast", h264("4d0032", 1),
       "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d0032"},
      {"firefox-simulcast", media_codec("video/VP9", 90000), ""},
      {"firefox-simulcast", media_codec("video/AV1", 90000), ""},
  };
  for (const Case& one : cases) {
    INFO(one.offer << " " << one.codec.mime_type << " " << one.fmtp);
    const Answer answer(room_of({kOpus, one.codec}), recorded_offer(one.offer));
    const sdp::MediaDescription& video = answer.description.media[1];
    REQUIRE(video.formats.size() == 2);
    REQUIRE(answer.effects.produced.size() == 2);
    const RtpParameters& produced = answer.produced(1);
    REQUIRE(produced.codecs.size() == 2);
    CHECK(produced.codecs[0].mime_type == one.codec.mime_type);
    CHECK(integer_parameter(produced.codecs[1].parameters, "apt") == produced.codecs[0].payload_type);
    for (const RtcpFeedback& feedback :
         {RtcpFeedback{"nack", ""}, {"nack", "pli"}, {"ccm", "fir"}, {"goog-remb", ""}, {"transport-cc", ""}})
      CHECK(has(produced.codecs[0].rtcp_feedback, feedback));
    const auto* fmtp = video.fmtp(produced.codecs[0].payload_type);
    CHECK((fmtp == nullptr ? "" : fmtp->config) == one.fmtp);
    CHECK(produced.encodings.size() == 3);
    CHECK(video.simulcast->recv.size() == 3);
    CHECK(producer_type(MediaKind::kVideo, produced) == "simulcast");
  }
}

TEST_CASE("H265 is answered with its profile, the lower level, and no other transmission mode") {
  Client client;
  const std::size_t video = client.add("video", sdp::Direction::kSendOnly);
  client.sections[video].formats = {"49", "50", "96"};
  client.sections[video].rtpmaps.push_back({49, "H265", 90000, std::nullopt});
  client.sections[video].rtpmaps.push_back({50, "rtx", 90000, std::nullopt});
  client.sections[video].fmtps = {{49, "level-id=180;profile-id=1;tier-flag=0;tx-mode=SRST"}, {50, "apt=49"}};
  const auto h265 = [](std::vector<CodecParameter> parameters) {
    return room_of({media_codec("video/H265", 90000, 1, std::move(parameters))});
  };
  const Answer same(h265({}), client.offer());
  CHECK(same.description.media[0].formats == std::vector<std::string>{"49", "50"});
  CHECK(same.description.media[0].fmtp(49)->config == "level-id=180;profile-id=1;tier-flag=0;tx-mode=SRST");
  const Answer lower(h265({{"level-id", std::int64_t{120}}}), client.offer());
  CHECK(lower.description.media[0].fmtp(49)->config == "level-id=120;profile-id=1;tier-flag=0;tx-mode=SRST");
  for (const auto& other :
       {CodecParameter{"profile-id", std::int64_t{2}}, CodecParameter{"tier-flag", std::int64_t{1}},
        CodecParameter{"tx-mode", std::string("MRST")}})
    CHECK(Answer(h265({other}), client.offer()).description.media[0].rejected());
}

TEST_CASE("what an AV1 receiver can take does not make another codec of it") {
  const Answer answer(room_of({media_codec("video/AV1", 90000, 1,
                                           {{"level-idx", std::int64_t{8}}, {"tier", std::int64_t{1}}})}),
                      recorded_offer("chromium-audio-video"));
  CHECK(answer.effects.produced.size() == 1);
  const Answer other(room_of({media_codec("video/AV1", 90000, 1, {{"profile", std::int64_t{1}}})}),
                     recorded_offer("chromium-audio-video"));
  CHECK(other.effects.produced.empty());
}

TEST_CASE("Opus is answered with NACK though browsers offer none; RTX only to who offers it") {
  const Answer answer(make_room(), recorded_offer("chromium-audio-video"));
  REQUIRE(answer.produced(0).codecs.size() == 1);
  CHECK(has(answer.produced(0).codecs[0].rtcp_feedback, {"nack", ""}));
  const auto& feedback = answer.description.media[0].rtcp_fbs;
  CHECK(std::any_of(feedback.begin(), feedback.end(), [](const auto& fb) { return fb.type == "nack"; }));

  Client client;
  const std::size_t audio = client.add("audio", sdp::Direction::kSendOnly);
  client.sections[audio].formats.emplace_back("112");
  client.sections[audio].rtpmaps.push_back({112, "rtx", 48000, std::nullopt});
  client.sections[audio].fmtps.push_back({112, "apt=111"});
  client.sections[audio].ssrcs = {{7, "cname", "c"}, {8, "cname", "c"}};
  client.sections[audio].ssrc_groups = {{"FID", {7, 8}}};
  const Answer with(make_room(), client.offer());
  REQUIRE(with.produced(0).codecs.size() == 2);
  CHECK(with.produced(0).codecs[1].payload_type == 112);
  CHECK(with.produced(0).encodings[0].rtx_ssrc == 8);
}

TEST_CASE(
    "a track of Opus is offered with NACK, without RTX to a client that has not named it, and is had by one "
    "without NACK") {
  Call call;
  call.add("a", MediaKind::kAudio);
  const auto offer = parsed(good(call.session.create_offer()));
  const sdp::MediaDescription& audio = offer.media.at(0);
  CHECK(audio.formats.size() == 1);
  CHECK(audio.ssrc_groups.empty());
  CHECK(std::any_of(audio.rtcp_fbs.begin(), audio.rtcp_fbs.end(),
                    [](const auto& fb) { return fb.type == "nack"; }));
  good(call.session.set_local_description(SdpType::kOffer));
  auto answer = parsed(call.client.answer(call.session.pending_local_description()));
  answer.media[0].rtcp_fbs.clear();
  good(call.session.set_remote_description(SdpType::kAnswer, sdp::write(answer)));
  const Effects effects = call.session.take_effects();
  REQUIRE(effects.consumed.size() == 1);
  CHECK(effects.consumed[0].rtp_parameters.codecs.size() == 1);
  CHECK_FALSE(effects.consumed[0].rtp_parameters.encodings[0].rtx_ssrc.has_value());
}

TEST_CASE("RED is taken from a client that prefers it, together with the Opus inside") {
  const auto room = room_of({kOpus, media_codec("audio/red", 48000, 2)});
  Client client;
  const std::size_t audio = client.add("audio", sdp::Direction::kSendOnly);
  CHECK(Answer(room, client.offer()).produced(0).codecs[0].mime_type == "audio/opus");
  client.sections[audio].formats = {"63", "111"};
  const Answer answer(room, client.offer());
  REQUIRE(answer.produced(0).codecs.size() == 2);
  CHECK(answer.produced(0).codecs[0].mime_type == "audio/red");
  CHECK(answer.produced(0).codecs[1].mime_type == "audio/opus");
  CHECK(answer.description.media[0].formats == std::vector<std::string>{"63", "111"});
  CHECK(answer.description.media[0].fmtp(63)->config == "111/111");
  CHECK(Answer(make_room(), client.offer()).produced(0).codecs[0].mime_type == "audio/opus");
}

TEST_CASE("RED is offered in the numbers of the session") {
  const auto room = room_of({media_codec("audio/red", 48000, 2), kOpus});
  Random random(1);
  JsepSession session(room, make_transport(), random);
  Client client;
  client.add("audio", sdp::Direction::kSendOnly);  // opus is 111 from here on
  good(session.set_remote_description(SdpType::kOffer, client.offer()));
  (void)good(session.create_answer());
  good(session.set_local_description(SdpType::kAnswer));
  session.add_track(make_track(room, "a", MediaKind::kAudio, 100));
  const auto offer = parsed(good(session.create_offer()));
  const sdp::MediaDescription& audio = offer.media.at(1);
  CHECK(audio.formats.at(0) == "63");
  CHECK(audio.fmtp(63)->config == "111/111");
}

TEST_CASE("telephone events and comfort noise come beside the codec of their clock") {
  const auto events = [](std::uint32_t rate) { return media_codec("audio/telephone-event", rate); };
  const Answer opus(room_of({kOpus, events(8000), events(48000), media_codec("audio/CN", 8000)}),
                    recorded_offer("chromium-audio-video"));
  REQUIRE(opus.produced(0).codecs.size() == 2);
  CHECK(opus.produced(0).codecs[1].clock_rate == 48000);
  const Answer g711(room_of({media_codec("audio/PCMU", 8000), media_codec("audio/CN", 8000), events(8000)}),
                    recorded_offer("chromium-audio-video"));
  CHECK(g711.produced(0).codecs.size() == 3);
}

TEST_CASE("an m-line with nothing but telephone events in common is rejected") {
  const Answer answer(room_of({media_codec("audio/ISAC", 16000), media_codec("audio/telephone-event", 8000)}),
                      recorded_offer("chromium-audio-video"));
  CHECK(answer.description.media[0].rejected());
  CHECK(answer.effects.produced.empty());
}

TEST_CASE("every header extension that browser and room have is answered, with the browser's id") {
  const Answer answer(make_room(), recorded_offer("chromium-simulcast"));
  const auto& video = answer.description.media[1];
  for (const auto uri :
       {extension_uri::kMid, extension_uri::kRid, extension_uri::kRrid, extension_uri::kAbsSendTime,
        extension_uri::kTransportWideCc, extension_uri::kVideoOrientation, extension_uri::kTimeOffset,
        extension_uri::kPlayoutDelay, extension_uri::kDependencyDescriptor,
        extension_uri::kVideoLayersAllocation}) {
    INFO(uri);
    CHECK(
        std::any_of(video.extmaps.begin(), video.extmaps.end(), [&](const auto& e) { return e.uri == uri; }));
  }
  CHECK(video.extmaps.size() == 10);
}

TEST_CASE("an offer of ours has every extension once, in one-byte ids") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client_offers();
  call.add("a", MediaKind::kAudio);
  call.add("v", MediaKind::kVideo);
  const auto offer = parsed(good(call.session.create_offer()));
  std::map<std::uint16_t, std::string> meaning;
  for (const auto& media : offer.media) {
    for (const sdp::Extmap& e : media.extmaps) {
      CHECK(e.id >= 1);
      CHECK(e.id <= 14);
      CHECK(meaning.emplace(e.id, e.uri).first->second == e.uri);
    }
  }
  CHECK(offer.media[2].extmaps.size() >= 8);
}

TEST_CASE("three layers of a SIM group are simulcast") {
  Client client;
  const std::size_t video = client.add("video", sdp::Direction::kSendOnly);
  client.sections[video].ssrc_groups = {
      {"SIM", {1, 2, 3}}, {"FID", {1, 11}}, {"FID", {2, 12}}, {"FID", {3, 13}}};
  const Answer answer(make_room(), client.offer());
  const RtpParameters& produced = answer.produced(0);
  REQUIRE(produced.encodings.size() == 3);
  CHECK(produced.encodings[2].ssrc == 3);
  CHECK(produced.encodings[2].rtx_ssrc == 13);
  CHECK(producer_type(MediaKind::kVideo, produced) == "simulcast");
  CHECK_FALSE(answer.description.media[0].simulcast.has_value());
}

}  // namespace
}  // namespace sluice::negotiate
