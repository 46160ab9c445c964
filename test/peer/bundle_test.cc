// BUNDLE as a "max-bundle" end does it (RFC 8829 §5.3.1, RFC 9143): one transport; what does not fit on it is
// rejected by port 0, and the rest of the description stands.
#include "peer/peers_rig.h"

using namespace sluice;
using sluice::test::Peers;
using sluice::test::vp8_frame;

namespace {

void good(const Result<void>& result) {
  INFO((result.ok() ? std::string() : result.error().field + ": " + result.error().message));
  REQUIRE(result.ok());
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Each "what" that is there, by "with".
std::string edited(std::string text, const std::vector<std::pair<std::string, std::string>>& edits) {
  for (const auto& [what, with] : edits) {
    REQUIRE(contains(text, what));
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
      text.replace(at, what.size(), with);
  }
  return text;
}

/// a's offer as it would be of an end without BUNDLE, answered by b.
struct Call : Peers {
  Call() : Peers(Options{}) {}
  std::string offer(const std::vector<std::pair<std::string, std::string>>& edits) {
    good(a.pc->set_local_description(now()));
    settle();
    return edited(a.pc->local_description()->sdp, edits);
  }
  std::string answer(const std::string& sdp) {
    good(b.pc->set_remote_description({SdpType::kOffer, sdp}, now()));
    good(b.pc->set_local_description(now()));
    settle();
    return b.pc->local_description()->sdp;
  }
  void take(const std::string& sdp) {
    good(a.pc->set_remote_description({SdpType::kAnswer, sdp}, now()));
    settle();
  }
  bool video_arrives(RtpSender from) {
    FrameMetadata metadata;
    metadata.key_frame = true;
    b.frames.clear();
    if (!from.send_frame({vp8_frame(true, 2000, 1), metadata}, now())) return false;
    run_for(300ms);
    return b.frames.size() == 1;
  }
};

const std::pair<std::string, std::string> kNoGroup{"a=group:BUNDLE 0\r\n", ""};

}  // namespace

TEST_CASE("one m-line needs no BUNDLE group, and no mid") {
  const bool mid = GENERATE(true, false);
  Call call;
  const auto video = call.a.pc->add_track(MediaKind::kVideo);
  const std::string answer =
      mid ? call.answer(call.offer({kNoGroup}))
          : call.answer(
                call.offer({kNoGroup, {"a=mid:0\r\n", ""}, {"urn:ietf:params:rtp-hdrext:sdes:mid", "x:y"}}));
  CHECK(!contains(answer, "a=group:BUNDLE"));
  CHECK(!contains(answer, "m=video 0 "));
  CHECK(contains(answer, "a=mid:0") == mid);
  call.take(answer);
  REQUIRE(call.run_until_connected());
  CHECK(call.video_arrives(*video));
  // Whoever offers next: by the rules of one that knows BUNDLE.
  REQUIRE(call.b.pc->add_track(MediaKind::kVideo).ok());
  call.negotiate(call.b, call.a);
  CHECK(contains(call.b.pc->local_description()->sdp, "a=group:BUNDLE 0\r\n"));
  REQUIRE(call.a.pc->add_track(MediaKind::kAudio).ok());
  call.negotiate();
  CHECK(call.a.pc->connection_state() == PeerConnectionState::kConnected);
  CHECK(call.video_arrives(*video));
}

TEST_CASE("of m-lines without a group the first is taken, the others are answered with port 0") {
  Call call;
  const auto video = call.a.pc->add_track(MediaKind::kVideo);
  REQUIRE(call.a.pc->add_track(MediaKind::kAudio).ok());
  REQUIRE(call.a.pc->create_data_channel("x").ok());
  const std::string answer = call.answer(call.offer({{"a=group:BUNDLE 0 1 2\r\n", ""},
                                                     {"a=bundle-only\r\n", ""},
                                                     {"m=audio 0 ", "m=audio 9 "},
                                                     {"m=application 0 ", "m=application 9 "}}));
  CHECK(!contains(answer, "m=video 0 "));
  CHECK(contains(answer, "m=audio 0 "));
  CHECK(contains(answer, "m=application 0 "));
  CHECK(!contains(answer, "a=group:BUNDLE"));
  call.take(answer);
  REQUIRE(call.run_until_connected());
  CHECK(call.video_arrives(*video));
  CHECK(call.b.pc->get_transceivers().size() == 1);
  CHECK(call.a.pc->get_transceivers().size() == 1);
}

TEST_CASE("of several groups the one with the first usable m-line is taken (balanced offers)") {
  Call call;
  const auto video = call.a.pc->add_track(MediaKind::kVideo);
  REQUIRE(call.a.pc->add_track(MediaKind::kVideo).ok());
  REQUIRE(call.a.pc->add_track(MediaKind::kAudio).ok());
  const std::string answer =
      call.answer(call.offer({{"a=group:BUNDLE 0 1 2\r\n", "a=group:BUNDLE 0 1\r\na=group:BUNDLE 2\r\n"},
                              {"m=audio 0 ", "m=audio 9 "}}));
  CHECK(contains(answer, "a=group:BUNDLE 0 1\r\n"));
  CHECK(contains(answer, "m=audio 0 "));
  call.take(answer);
  REQUIRE(call.run_until_connected());
  CHECK(call.video_arrives(*video));
}

TEST_CASE("when nothing can be had of the first m-line, the next one describes the transport") {
  Call call;
  REQUIRE(call.a.pc->add_track(MediaKind::kVideo).ok());
  REQUIRE(call.a.pc->create_data_channel("x").ok());
  const std::string answer = call.answer(call.offer({{"VP8/90000", "V98/90000"},
                                                     {"VP9/90000", "V99/90000"},
                                                     {"H264/90000", "V97/90000"},
                                                     {"AV1/90000", "V96/90000"}}));
  CHECK(contains(answer, "m=video 0 "));
  CHECK(contains(answer, "a=group:BUNDLE 1\r\n"));
  call.take(answer);
  REQUIRE(call.run_until_connected());
  REQUIRE(call.run_until([&] { return call.b.channels.size() == 1; }, 5s));
}

TEST_CASE("an answer from an end without BUNDLE leaves the first m-line; one that asks for more is refused") {
  Call call;
  const auto video = call.a.pc->add_track(MediaKind::kVideo);
  REQUIRE(call.a.pc->add_track(MediaKind::kAudio).ok());
  const std::string full = call.answer(call.offer({}));
  const std::string outside = edited(full, {{"a=group:BUNDLE 0 1\r\n", ""}});
  const auto refused = call.a.pc->set_remote_description({SdpType::kAnswer, outside}, call.now());
  REQUIRE(!refused.ok());
  CHECK(refused.error().field == "a=group:BUNDLE");
  CHECK(contains(refused.error().message, "expected it in the group, or port 0"));
  CHECK(call.a.pc->signaling_state() == SignalingState::kHaveLocalOffer);
  call.take(edited(outside, {{"m=audio 9 ", "m=audio 0 "}}));
  REQUIRE(call.run_until_connected());
  CHECK(call.video_arrives(*video));
  CHECK(call.a.pc->get_transceivers().size() == 1);
}
