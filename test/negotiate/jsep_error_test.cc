#include "jsep_fixture.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

/// Lines that begin with `prefix` taken out.
std::string without(std::string text, std::string_view prefix) {
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
    text.erase(at, text.find('\n', at) + 1 - at);
  return text;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

Error refusal(const std::string& offer) {
  Call call;
  const auto result = call.session.set_remote_description(SdpType::kOffer, offer);
  INFO(offer);
  REQUIRE_FALSE(result.ok());
  CHECK(call.session.signaling_state() == SignalingState::kStable);
  CHECK_FALSE(call.session.take_effects().transport.has_value());
  return result.error();
}

std::string plain_offer() {
  Client client;
  client.add("audio", sdp::Direction::kSendOnly);
  client.add("video", sdp::Direction::kSendOnly);
  return client.offer();
}

TEST_CASE("an offer that lacks what one encrypted transport needs is refused by the attribute's name") {
  const std::string attribute =
      GENERATE(as<std::string>(), "a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup", "a=rtcp-mux");
  const std::string offer = without(plain_offer(), attribute);
  const Error error = refusal(offer);
  INFO(error.message);
  CHECK(error.field == attribute);
  CHECK(error.message.find("m=audio section (number 1") != std::string::npos);
  CHECK(error.message.find("line 6 of the SDP is \"m=audio 9 UDP/TLS/RTP/SAVPF") != std::string::npos);
  CHECK(error.message.find(attribute) != std::string::npos);
}

TEST_CASE("plain RTP is refused with all that is missing") {
  const Error error = refusal(
      "v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n");
  for (const char* name : {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup", "a=rtcp-mux", "RTP/AVP"})
    CHECK(error.message.find(name) != std::string::npos);
}

TEST_CASE("transport attributes of the session and of the bundle's first m-line are enough") {
  std::string offer = plain_offer();
  const std::size_t second = offer.find("m=video");
  std::string head = offer.substr(0, second);
  std::string tail = offer.substr(second);
  for (const char* name : {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"})
    tail = without(tail, name);
  Call call;
  good(call.session.set_remote_description(SdpType::kOffer, head + tail));
}

TEST_CASE("Plan B is refused with a sentence") {
  Client client;
  const std::size_t video = client.add("video", sdp::Direction::kSendOnly);
  client.sections[video].ssrcs = {{1, "msid", "s a"}, {2, "msid", "s b"}};
  const Error error = refusal(client.offer());
  CHECK(error.code == ErrorCode::kUnsupported);
  CHECK(error.message.find("Plan B") != std::string::npos);
}

TEST_CASE("an ICE-lite client is refused") {
  CHECK(refusal(replaced(plain_offer(), "t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n")).field == "a=ice-lite");
}

TEST_CASE("a bundle must name m-lines, and mids be unique") {
  CHECK(refusal(replaced(plain_offer(), "BUNDLE 0 1", "BUNDLE 0 1 x")).field == "a=group:BUNDLE");
  CHECK(refusal(replaced(plain_offer(), "BUNDLE 0 1", "BUNDLE 0 1 1")).field == "a=group:BUNDLE");
  CHECK(refusal(replaced(plain_offer(), "a=mid:1", "a=mid:0")).field == "a=mid");
}

TEST_CASE("malformed SDP is refused by its line") {
  const Error error = refusal(replaced(plain_offer(), "a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8"));
  CHECK(error.field == "a=rtpmap:96 VP8");
  CHECK(error.message.find("line ") != std::string::npos);
}

TEST_CASE("calls out of turn are refused and change nothing") {
  Call call;
  CHECK(call.session.create_answer().error().code == ErrorCode::kInvalidState);
  CHECK(call.session.set_local_description(SdpType::kAnswer).error().code == ErrorCode::kInvalidState);
  CHECK(call.session.set_remote_description(SdpType::kAnswer, plain_offer()).error().code ==
        ErrorCode::kInvalidState);
  CHECK(call.session.set_local_description(SdpType::kRollback).error().code == ErrorCode::kInvalidState);
  CHECK(call.session.set_remote_description(SdpType::kRollback, "").error().code == ErrorCode::kInvalidState);
  CHECK(call.session.set_remote_description(SdpType::kPranswer, plain_offer()).error().code ==
        ErrorCode::kInvalidState);
  CHECK(call.session.set_local_description(SdpType::kPranswer).error().code == ErrorCode::kInvalidState);
  good(call.session.set_remote_description(SdpType::kOffer, plain_offer()));
  CHECK(call.session.create_offer().error().code == ErrorCode::kInvalidState);
  CHECK(call.session.set_local_description(SdpType::kOffer).error().code == ErrorCode::kInvalidState);
  CHECK(call.session.signaling_state() == SignalingState::kHaveRemoteOffer);
}

TEST_CASE("a local description that was not created is refused") {
  Call call;
  call.add("a", MediaKind::kAudio);
  const std::string offer = good(call.session.create_offer());
  CHECK(call.session.set_local_description(SdpType::kOffer, offer + "a=x\r\n").error().field == "sdp");
  good(call.session.set_local_description(SdpType::kOffer, offer));
  CHECK(call.session.pending_local_description() == offer);
}

TEST_CASE("an answer that does not fit the offer is refused, and another may follow") {
  Call call;
  call.add("a", MediaKind::kAudio);
  call.add("v", MediaKind::kVideo);
  const std::string offer = good(call.session.create_offer());
  good(call.session.set_local_description(SdpType::kOffer));
  const std::string answer = call.client.answer(offer);
  const auto refused = [&](const std::string& bad) {
    const auto result = call.session.set_remote_description(SdpType::kAnswer, bad);
    INFO(bad);
    REQUIRE_FALSE(result.ok());
    CHECK(call.session.signaling_state() == SignalingState::kHaveLocalOffer);
    return result.error();
  };
  CHECK(refused(answer.substr(0, answer.find("m=video"))).field == "a=group:BUNDLE");
  CHECK(refused(replaced(answer.substr(0, answer.find("m=video")), "BUNDLE s0 s1", "BUNDLE s0")).field ==
        "m=");
  CHECK(refused(replaced(replaced(answer, "a=mid:s1", "a=mid:x"), "BUNDLE s0 s1", "BUNDLE s0 x")).field ==
        "a=mid");
  CHECK(refused(replaced(answer, "m=video", "m=audio")).field == "m=audio");
  CHECK(refused(replaced(answer, "a=setup:active", "a=setup:actpass")).field == "a=setup");
  CHECK(refused(replaced(answer, "a=setup:active", "a=setup:holdconn")).field == "a=setup");
  good(call.session.set_remote_description(SdpType::kAnswer, answer));
}

TEST_CASE("a later offer must keep its m-lines, its certificate and its role") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  call.client.add("video", sdp::Direction::kSendOnly);
  call.client_offers();
  const std::string offer = call.client.offer();
  const auto refused = [&](const std::string& bad) {
    const auto result = call.session.set_remote_description(SdpType::kOffer, bad);
    REQUIRE_FALSE(result.ok());
    return result.error();
  };
  CHECK(refused(replaced(offer.substr(0, offer.find("m=video")), "BUNDLE 0 1", "BUNDLE 0")).field == "m=");
  CHECK(refused(replaced(replaced(offer, "a=mid:1", "a=mid:7"), "BUNDLE 0 1", "BUNDLE 0 7")).field ==
        "a=mid");
  CHECK(refused(replaced(offer, "m=video", "m=audio")).field == "m=audio");
  CHECK(refused(replaced(offer, "19:B0", "19:B1")).field == "a=fingerprint");
  CHECK(refused(replaced(offer, "a=setup:actpass", "a=setup:passive")).field == "a=setup");
  good(call.session.set_remote_description(SdpType::kOffer, offer));
}

TEST_CASE("candidates are checked, given or queued") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  constexpr std::string_view kLine =
      "candidate:1 1 udp 2122194687 192.0.2.1 45454 typ host generation 0 ufrag clientufrag";
  auto& session = call.session;
  CHECK_FALSE(good(session.add_ice_candidate(kLine, "0", 0, "")).has_value());  // early: queued
  CHECK_FALSE(good(session.add_ice_candidate(kLine, "0", 0, "another")).has_value());
  const Effects effects = call.client_offers();
  REQUIRE(effects.transport.has_value());
  CHECK(effects.transport->candidates.size() == 1);
  CHECK(good(session.add_ice_candidate(kLine, "0", 0, "clientufrag"))->address == "192.0.2.1");
  CHECK(good(session.add_ice_candidate("a=" + std::string(kLine), std::nullopt, 0, ""))->port == 45454);
  CHECK_FALSE(good(session.add_ice_candidate(kLine, "0", 0, "another")).has_value());
  CHECK_FALSE(good(session.add_ice_candidate("", std::nullopt, std::nullopt, "")).has_value());
  CHECK_FALSE(
      good(session.add_ice_candidate("candidate:1 2 udp 1 192.0.2.1 5 typ host", "0", 0, "")).has_value());
  CHECK_FALSE(
      good(session.add_ice_candidate("candidate:1 1 ssltcp 1 192.0.2.1 5 typ host", "0", 0, "")).has_value());
  CHECK(session.add_ice_candidate(kLine, std::nullopt, std::nullopt, "").error().field == "sdpMid");
  CHECK(session.add_ice_candidate(kLine, "nope", 0, "").error().field == "sdpMid");
  CHECK(session.add_ice_candidate(kLine, std::nullopt, 1, "").error().field == "sdpMLineIndex");
  CHECK(session.add_ice_candidate("candidate:x", "0", 0, "").error().field == "candidate");
  CHECK(session.add_ice_candidate("hello", "0", 0, "").error().field == "candidate");
}

TEST_CASE("candidates that wait have a limit") {
  Call call;
  const auto one = [&] {
    return call.session.add_ice_candidate("candidate:1 1 udp 1 192.0.2.1 5 typ host", "0", 0, "");
  };
  for (int i = 0; i < 256; ++i) REQUIRE(one().ok());
  CHECK(one().error().code == ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace sluice::negotiate
