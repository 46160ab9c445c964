#include <map>

#include "jsep_fixture.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

struct Answered {
  sdp::SessionDescription offer;
  sdp::SessionDescription answer;
  Effects effects;
};

Answered answer_to(const std::string& offer, const std::vector<MediaKind>& waiting = {}) {
  Call call;
  for (std::size_t i = 0; i < waiting.size(); ++i) call.add("t" + std::to_string(i), waiting[i]);
  good(call.session.set_remote_description(SdpType::kOffer, offer));
  const std::string answer = good(call.session.create_answer());
  good(call.session.set_local_description(SdpType::kAnswer, answer));
  CHECK(call.session.current_local_description() == answer);
  CHECK(call.session.current_remote_description() == offer);
  return {parsed(offer), parsed(answer), call.session.take_effects()};
}

const std::vector<std::string> kRecorded = {
    "chromium-audio-video", "chromium-sendonly-gathered", "chromium-simulcast", "chromium-recvonly",
    "chromium-data-first",  "firefox-audio-video",        "firefox-simulcast",  "firefox-sendonly-gathered",
    "firefox-recvonly",     "firefox-data-first"};

TEST_CASE("the answer to a browser's offer keeps the rules of offer and answer") {
  const std::string name = GENERATE(from_range(kRecorded));
  INFO(name);
  const Answered a = answer_to(recorded_offer(name), {MediaKind::kAudio, MediaKind::kVideo});
  CHECK(a.answer.ice_lite);
  REQUIRE(a.answer.media.size() == a.offer.media.size());
  REQUIRE(a.answer.groups.size() == 1);
  std::size_t bundled = 0;
  for (std::size_t i = 0; i < a.offer.media.size(); ++i) {
    const sdp::MediaDescription& theirs = a.offer.media[i];
    const sdp::MediaDescription& ours = a.answer.media[i];
    CHECK(ours.media == theirs.media);
    CHECK(ours.protocol == theirs.protocol);
    CHECK(ours.mid == theirs.mid);
    CHECK(a.answer.groups[0].mids.at(bundled++) == *ours.mid);
    CHECK(ours.port == 40000);
    CHECK(ours.rtcp_mux == (theirs.media != "application"));
    CHECK(ours.rtcp_rsize == theirs.rtcp_rsize);  // Firefox has none
    CHECK(ours.setup == sdp::Setup::kPassive);
    CHECK(ours.ice_ufrag == "serverufrag");
    CHECK(ours.fingerprints.size() == 1);
    CHECK(ours.candidates.size() == (bundled == 1 ? 1 : 0));
    CHECK(ours.end_of_candidates == (bundled == 1));
    if (theirs.media == "application") continue;
    const auto direction = theirs.direction.value_or(sdp::Direction::kSendRecv);
    CHECK((!sdp::sends(*ours.direction) || sdp::receives(direction)));
    CHECK((!sdp::receives(*ours.direction) || sdp::sends(direction)));
    for (const std::string& format : ours.formats)
      CHECK(std::find(theirs.formats.begin(), theirs.formats.end(), format) != theirs.formats.end());
    for (const sdp::Extmap& e : ours.extmaps)
      CHECK(std::any_of(theirs.extmaps.begin(), theirs.extmaps.end(),
                        [&](const sdp::Extmap& t) { return t.id == e.id && t.uri == e.uri; }));
  }
  CHECK(a.answer.groups[0].mids.size() == bundled);
}

TEST_CASE("what a browser sends becomes parameters to produce") {
  const std::string name = GENERATE(as<std::string>(), "chromium-audio-video", "firefox-audio-video");
  INFO(name);
  const Answered a = answer_to(recorded_offer(name));
  REQUIRE(a.effects.produced.size() == 2);
  const RtpParameters& audio = a.effects.produced[0].rtp_parameters;
  const RtpParameters& video = a.effects.produced[1].rtp_parameters;
  CHECK(a.effects.produced[0].kind == MediaKind::kAudio);
  CHECK(a.effects.produced[1].mid == "1");
  CHECK(video.mid == "1");
  REQUIRE(audio.codecs.size() == 1);
  CHECK(audio.codecs[0].mime_type == "audio/opus");
  CHECK(integer_parameter(audio.codecs[0].parameters, "useinbandfec") == 1);
  CHECK_FALSE(integer_parameter(audio.codecs[0].parameters, "stereo").has_value());
  REQUIRE(video.codecs.size() == 2);
  CHECK(video.codecs[0].mime_type == "video/VP8");
  CHECK(integer_parameter(video.codecs[1].parameters, "apt") == video.codecs[0].payload_type);
  CHECK(video.codecs[0].rtcp_feedback.size() == 5);
  REQUIRE(video.encodings.size() == 1);
  CHECK(video.encodings[0].ssrc.has_value());
  CHECK(video.encodings[0].rtx_ssrc.has_value());
  CHECK_FALSE(video.rtcp.cname.empty());
  CHECK(video.rtcp.cname == audio.rtcp.cname);
  CHECK(video.msid.find(' ') != std::string::npos);
  REQUIRE(a.effects.transport.has_value());
  CHECK(a.effects.transport->dtls.role == DtlsRole::kClient);
  CHECK_FALSE(a.effects.transport->ice_restarted);
  CHECK(a.effects.consumed.empty());
}

TEST_CASE("simulcast is answered with its rids, each an encoding") {
  const std::string name = GENERATE(as<std::string>(), "chromium-simulcast", "firefox-simulcast");
  INFO(name);
  const Answered a = answer_to(recorded_offer(name));
  const sdp::MediaDescription& video = a.answer.media[1];
  REQUIRE(video.rids.size() == 3);
  CHECK_FALSE(video.rids[0].send);
  REQUIRE(video.simulcast.has_value());
  CHECK(video.simulcast->recv.size() == 3);
  CHECK(video.simulcast->send.empty());
  REQUIRE(a.effects.produced.size() == 2);
  const auto& encodings = a.effects.produced[1].rtp_parameters.encodings;
  REQUIRE(encodings.size() == 3);
  CHECK(encodings[0].rid == "q");
  CHECK(encodings[2].rid == "f");
}

TEST_CASE("Firefox's one-way extensions are answered the other way round") {
  const Answered a = answer_to(recorded_offer("firefox-simulcast"));
  for (const sdp::Extmap& e : a.answer.media[1].extmaps)
    if (e.uri == extension_uri::kRid) CHECK(e.direction == sdp::Direction::kRecvOnly);
}

TEST_CASE("a client that only receives gets the waiting tracks in the answer") {
  const std::string name = GENERATE(as<std::string>(), "chromium-recvonly", "firefox-recvonly");
  INFO(name);
  const Answered a = answer_to(recorded_offer(name), {MediaKind::kVideo, MediaKind::kAudio});
  REQUIRE(a.answer.media.size() == 3);
  CHECK(a.answer.media[0].direction == sdp::Direction::kSendOnly);
  CHECK(a.answer.media[1].direction == sdp::Direction::kSendOnly);
  CHECK(a.answer.media[2].direction == sdp::Direction::kInactive);  // no second video waits
  CHECK(a.effects.produced.empty());
  REQUIRE(a.effects.consumed.size() == 2);
  CHECK(a.effects.consumed[0].id == "t1");
  const RtpParameters& video = a.effects.consumed[1].rtp_parameters;
  CHECK(video.mid == "1");
  CHECK(std::to_string(video.codecs[0].payload_type) == a.answer.media[1].formats[0]);
  const sdp::MediaDescription& m = a.answer.media[1];
  CHECK(m.msids == std::vector<sdp::Msid>{{"stream-t0", "track-t0"}});
  CHECK(m.ssrc_groups == std::vector<sdp::SsrcGroup>{{"FID", {100, 101}}});
  REQUIRE(m.ssrcs.size() == 4);
  CHECK(m.ssrcs[0] == sdp::SsrcAttribute{100, "cname", "cname-t0"});
  CHECK(m.ssrcs[1] == sdp::SsrcAttribute{100, "msid", "stream-t0 track-t0"});
}

TEST_CASE("an m-line that the client uses itself is not given to a track of ours") {
  const Answered a =
      answer_to(recorded_offer("chromium-audio-video"), {MediaKind::kAudio, MediaKind::kVideo});
  CHECK(a.offer.media[0].direction == sdp::Direction::kSendRecv);
  CHECK(a.answer.media[0].direction == sdp::Direction::kRecvOnly);
  CHECK(a.effects.consumed.empty());
}

TEST_CASE("an m-line without a common codec is rejected and the rest goes on") {
  Client client;
  client.add("audio", sdp::Direction::kSendOnly);
  const std::size_t video = client.add("video", sdp::Direction::kSendOnly);
  client.sections[video].formats = {"102"};
  const Answered a = answer_to(client.offer());
  CHECK(a.answer.media[0].port == 40000);
  CHECK(a.answer.media[1].port == 0);
  CHECK(a.answer.media[1].formats == std::vector<std::string>{"102"});
  CHECK(a.answer.groups[0].mids == std::vector<std::string>{"0"});
  CHECK(a.effects.produced.size() == 1);
}

TEST_CASE("an m-line that is in the bundle only is not a rejected one") {
  Client client;
  client.add("audio", sdp::Direction::kSendOnly);
  const std::size_t video = client.add("video", sdp::Direction::kSendOnly);
  client.sections[video].port = 0;
  client.sections[video].bundle_only = true;
  CHECK(answer_to(client.offer()).effects.produced.size() == 2);
}

TEST_CASE("a client that names no SSRC is produced by its mid") {
  Client client;
  const std::size_t video = client.add("video", sdp::Direction::kSendOnly);
  client.sections[video].ssrcs.clear();
  client.sections[video].ssrc_groups.clear();
  const Answered a = answer_to(client.offer());
  REQUIRE(a.effects.produced.size() == 1);
  REQUIRE(a.effects.produced[0].rtp_parameters.encodings.size() == 1);
  CHECK_FALSE(a.effects.produced[0].rtp_parameters.encodings[0].ssrc.has_value());
}

TEST_CASE("layers of a SIM group are encodings, each with its RTX") {
  Client client;
  const std::size_t video = client.add("video", sdp::Direction::kSendOnly);
  client.sections[video].ssrc_groups = {{"SIM", {1, 2}}, {"FID", {1, 11}}, {"FID", {2, 12}}};
  const Answered a = answer_to(client.offer());
  const auto& encodings = a.effects.produced.at(0).rtp_parameters.encodings;
  REQUIRE(encodings.size() == 2);
  CHECK(encodings[1].ssrc == 2);
  CHECK(encodings[1].rtx_ssrc == 12);
}

TEST_CASE("stereo is answered to a client that sends it") {
  Client client;
  const std::size_t audio = client.add("audio", sdp::Direction::kSendOnly);
  client.sections[audio].fmtps = {{111, "minptime=20;sprop-stereo=1"}};
  const Answered a = answer_to(client.offer());
  const std::string fmtp = a.answer.media[0].fmtp(111)->config;
  CHECK(fmtp.find("minptime=20;useinbandfec=1;stereo=1") == 0);
}

TEST_CASE("an offer that is active is answered passive, and one that is passive active") {
  for (const bool active : {true, false}) {
    Client client;
    client.add("audio", sdp::Direction::kSendOnly);
    std::string offer = client.offer();
    offer.replace(offer.find("actpass"), 7, active ? "active" : "passive");
    const Answered a = answer_to(offer);
    CHECK(a.answer.media[0].setup == (active ? sdp::Setup::kPassive : sdp::Setup::kActive));
    CHECK(a.effects.transport->dtls.role == (active ? DtlsRole::kClient : DtlsRole::kServer));
  }
}

TEST_CASE("extmap-allow-mixed is answered only to a client that offers it") {
  Client client;
  client.add("audio", sdp::Direction::kSendOnly);
  CHECK_FALSE(answer_to(client.offer()).answer.extmap_allow_mixed);
  CHECK(answer_to(recorded_offer("chromium-audio-video")).answer.extmap_allow_mixed);
}

TEST_CASE("transport-cc is not promised without its header extension") {
  Client client;
  const std::size_t video = client.add("video", sdp::Direction::kSendOnly);
  client.sections[video].extmaps = {{4, std::nullopt, std::string(extension_uri::kMid), {}}};
  const Answered a = answer_to(client.offer());
  for (const sdp::RtcpFb& fb : a.answer.media[0].rtcp_fbs) CHECK(fb.type != "transport-cc");
}

TEST_CASE("one extension id with two meanings in two m-lines is answered in the first alone") {
  // aiortc 1.4 offers this, and cannot read a packet in which id 2 has its first meaning once it has agreed
  // to the second.
  Call call;
  const std::size_t audio = call.client.add("audio", sdp::Direction::kSendOnly);
  const std::size_t video = call.client.add("video", sdp::Direction::kSendOnly);
  call.client.sections[audio].extmaps = {{1, std::nullopt, std::string(extension_uri::kMid), {}},
                                         {2, std::nullopt, std::string(extension_uri::kSsrcAudioLevel), {}}};
  call.client.sections[video].extmaps = {{1, std::nullopt, std::string(extension_uri::kMid), {}},
                                         {2, std::nullopt, std::string(extension_uri::kAbsSendTime), {}}};
  const Effects effects = call.client_offers();
  REQUIRE(effects.produced.size() == 2);
  CHECK(effects.produced[0].rtp_parameters.header_extensions.back().uri == extension_uri::kSsrcAudioLevel);
  REQUIRE(effects.produced[1].rtp_parameters.header_extensions.size() == 1);
  CHECK(effects.produced[1].rtp_parameters.header_extensions[0].uri == extension_uri::kMid);

  call.add("a", MediaKind::kAudio);
  call.add("v", MediaKind::kVideo);
  const auto offer = parsed(good(call.session.create_offer()));
  std::map<std::uint16_t, std::string> meaning;
  for (std::size_t i = 2; i < offer.media.size(); ++i)
    for (const sdp::Extmap& e : offer.media[i].extmaps)
      CHECK(meaning.emplace(e.id, e.uri).first->second == e.uri);
}

TEST_CASE("every profile of RFC 8829 §5.1.2 is answered as it was offered") {
  const auto profile =
      GENERATE(as<std::string>(), "RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "TCP/DTLS/RTP/SAVP",
               "TCP/DTLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF");
  INFO(profile);
  Call call;
  const std::size_t audio = call.client.add("audio", sdp::Direction::kSendOnly);
  call.client.sections[audio].protocol = profile;
  CHECK(call.client_offers().produced.size() == 1);
  CHECK(call.local().media.at(0).protocol == profile);
  call.add("t", MediaKind::kVideo);
  for (const sdp::MediaDescription& media : parsed(good(call.session.create_offer())).media)
    CHECK(media.protocol == "UDP/TLS/RTP/SAVPF");
}

TEST_CASE("feedback that was not offered is ignored in an answer") {
  Call call;
  call.add("t", MediaKind::kVideo);
  const std::string offer = good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  const std::string format = parsed(offer).media.at(0).formats.at(0);
  std::string answer = call.client.answer(offer);
  REQUIRE(offer.find("tmmbr") == std::string::npos);
  answer += "a=rtcp-fb:" + format + " ccm tmmbr\r\na=rtcp-fb:* ack rpsi\r\n";
  good(call.session.set_remote_description(SdpType::kAnswer, answer));
  const Effects effects = call.session.take_effects();
  REQUIRE(effects.consumed.size() == 1);
  const auto& feedback = effects.consumed[0].rtp_parameters.codecs.at(0).rtcp_feedback;
  CHECK_FALSE(feedback.empty());
  for (const RtcpFeedback& fb : feedback) CHECK((fb.parameter != "tmmbr" && fb.type != "ack"));
}

}  // namespace
}  // namespace sluice::negotiate
