// Peers by offer and answer through the engine's commands, with offers recorded from real browsers.
#include <fstream>
#include <sstream>

#include "catch.h"
#include "sluice/engine.h"

namespace sluice {
namespace {

std::string recorded_offer(const std::string& name) {
  std::ifstream file(std::string(SLUICE_TEST_DATA) + "/negotiate/offers/" + name + ".sdp");
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class Rig {
 public:
  Rig() {
    EngineOptions options;
    options.sockets = {{0, *SocketAddress::parse("192.0.2.1", 40000), ""}};
    auto made = Engine::create(std::move(options));
    REQUIRE(made.ok());
    engine_ = std::move(*made);
    RtpCodecCapability opus;
    opus.kind = MediaKind::kAudio;
    opus.mime_type = "audio/opus";
    opus.clock_rate = 48000;
    opus.channels = 2;
    RtpCodecCapability vp8;
    vp8.kind = MediaKind::kVideo;
    vp8.mime_type = "video/VP8";
    vp8.clock_rate = 90000;
    (void)ask<RoomReply>(CreateRoom{"room", {opus, vp8}});
  }

  template <typename T>
  T ask(const Command& command) {
    auto reply = engine_->execute(command, now_);
    INFO((reply ? std::string("ok") : reply.error().field + ": " + reply.error().message));
    REQUIRE(reply.ok());
    REQUIRE(std::holds_alternative<T>(*reply));
    return std::get<T>(*reply);
  }
  Error refuse(const Command& command) {
    auto reply = engine_->execute(command, now_);
    REQUIRE_FALSE(reply.ok());
    return reply.error();
  }
  template <typename T>
  std::vector<T> events() {
    std::vector<T> out;
    for (auto& event : engine_->take_events()) {
      if (auto* one = std::get_if<T>(&event)) out.push_back(*one);
    }
    return out;
  }
  DescriptionReply join(const std::string& peer, const std::string& offer) {
    (void)ask<PeerReply>(CreatePeer{"room", peer, peer, Subscription::kAll});
    (void)ask<DescriptionReply>(SetRemoteDescription{peer, SdpType::kOffer, recorded_offer(offer)});
    (void)ask<DescriptionReply>(CreateAnswer{peer});
    return ask<DescriptionReply>(SetLocalDescription{peer, SdpType::kAnswer, ""});
  }

 private:
  std::unique_ptr<Engine> engine_;
  Instant now_{1s};
};

/// The answer of a client that has nothing of its own.
std::string answered(std::string text, std::string_view direction) {
  const auto replace = [&](std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  };
  replace("a=setup:actpass", "a=setup:active");
  replace("a=ice-lite\r\n", "");
  replace("a=sendonly", direction);
  return text;
}

TEST_CASE("a browser's offer becomes producers, and its answer is receive-only") {
  const std::string name = GENERATE("chromium-audio-video", "firefox-audio-video",
                                    "chromium-sendonly-gathered", "firefox-sendonly-gathered");
  INFO(name);
  Rig rig;
  const auto answer = rig.join("ada", name);
  CHECK(answer.signaling_state == "stable");
  CHECK(answer.sdp.find("a=ice-lite") != std::string::npos);
  CHECK(answer.sdp.find("192.0.2.1 40000 typ host") != std::string::npos);
  CHECK(answer.sdp.find("a=recvonly") != std::string::npos);
  const auto produced = rig.events<ProducerCreated>();
  REQUIRE(produced.size() == 2);
  CHECK(produced[0].kind != produced[1].kind);
}

TEST_CASE("a newcomer's tracks are offered to everyone subscribed to all, once for a batch of changes") {
  Rig rig;
  rig.join("ada", "chromium-audio-video");
  CHECK(rig.events<NegotiationNeeded>().empty());
  rig.join("bob", "firefox-audio-video");
  const auto needed = rig.events<NegotiationNeeded>();
  REQUIRE(needed.size() == 2);  // ada for bob's tracks, bob for ada's
  CHECK(rig.events<NegotiationNeeded>().empty());
  const auto offer = rig.ask<DescriptionReply>(CreateOffer{"ada"});
  (void)rig.ask<DescriptionReply>(SetLocalDescription{"ada", SdpType::kOffer, ""});
  std::size_t from_bob = 0;
  for (const auto& section : offer.sections)
    from_bob += section.sending && section.source_peer_id == "bob" ? 1 : 0;
  CHECK(from_bob == 2);
}

TEST_CASE("who only watches is offered what is there without having offered anything") {
  Rig rig;
  rig.join("ada", "chromium-audio-video");
  (void)rig.events<NegotiationNeeded>();
  (void)rig.ask<PeerReply>(CreatePeer{"room", "watcher", "", Subscription::kAll});
  const auto needed = rig.events<NegotiationNeeded>();
  REQUIRE(needed.size() == 1);
  CHECK(needed[0].peer_id == "watcher");
  const auto offer = rig.ask<DescriptionReply>(CreateOffer{"watcher"});
  CHECK(offer.sections.size() == 2);
}

TEST_CASE("a peer subscribed to nothing is offered what is named, and no more once that is taken back") {
  Rig rig;
  rig.join("ada", "chromium-audio-video");
  const auto produced = rig.events<ProducerCreated>();
  REQUIRE(produced.size() == 2);
  (void)rig.ask<PeerReply>(CreatePeer{"room", "bob", "", Subscription::kManual});
  CHECK(rig.ask<DescriptionReply>(CreateOffer{"bob"}).sections.empty());
  CHECK(rig.refuse(Subscribe{"bob", "nothing"}).field == "producerId");
  CHECK(rig.refuse(Unsubscribe{"bob", produced[0].producer_id}).code == ErrorCode::kNotFound);
  (void)rig.ask<Done>(Subscribe{"bob", produced[0].producer_id});
  CHECK(rig.refuse(Subscribe{"bob", produced[0].producer_id}).code == ErrorCode::kAlreadyExists);
  const auto needed = rig.events<NegotiationNeeded>();
  REQUIRE(needed.size() == 1);
  CHECK(needed[0].peer_id == "bob");
  const auto offer = rig.ask<DescriptionReply>(CreateOffer{"bob"});
  REQUIRE(offer.sections.size() == 1);
  CHECK(offer.sections[0].producer_id == produced[0].producer_id);
  (void)rig.ask<Done>(Unsubscribe{"bob", produced[0].producer_id});
  CHECK(rig.ask<DescriptionReply>(CreateOffer{"bob"}).sections.empty());
}

/// The client's answer, or its offer anew, with another direction on one m-line.
std::string turned(std::string sdp, const std::string& mid, const std::string& direction) {
  const std::size_t start = sdp.find("a=mid:" + mid + "\r\n");
  REQUIRE(start != std::string::npos);
  const std::size_t section = sdp.rfind("m=", start);
  for (const char* old : {"a=sendonly", "a=recvonly", "a=inactive", "a=sendrecv"}) {
    const std::size_t at = sdp.find(old, section);
    if (at != std::string::npos && at < sdp.find("\r\nm=", section))
      return sdp.replace(at, 10, "a=" + direction);
  }
  FAIL("no direction");
  return sdp;
}

/// As a client that takes everything would answer.
std::string answer_to(std::string offer) {
  const auto replace_all = [&](const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = offer.find(from, at)) != std::string::npos; at += to.size())
      offer.replace(at, from.size(), to);
  };
  replace_all("a=ice-lite\r\n", "");
  replace_all("a=setup:actpass", "a=setup:active");
  replace_all("a=sendonly", "a=recvonly");
  return offer;
}

TEST_CASE("a declined track comes back as another consumer when the client turns the m-line back") {
  Rig rig;
  rig.join("ada", "chromium-audio-video");
  const auto produced = rig.events<ProducerCreated>();
  (void)rig.ask<PeerReply>(CreatePeer{"room", "bob", "", Subscription::kManual});
  (void)rig.ask<Done>(Subscribe{"bob", produced[0].producer_id});
  const auto negotiate = [&](const std::string& direction) {
    (void)rig.ask<DescriptionReply>(CreateOffer{"bob"});
    const auto offer = rig.ask<DescriptionReply>(SetLocalDescription{"bob", SdpType::kOffer, ""});
    (void)rig.ask<DescriptionReply>(
        SetRemoteDescription{"bob", SdpType::kAnswer, turned(answer_to(offer.sdp), "s0", direction)});
  };
  negotiate("recvonly");
  const auto first = rig.events<ConsumerCreated>();
  REQUIRE(first.size() == 1);
  negotiate("inactive");
  const auto closed = rig.events<ObjectClosed>();
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].id == first[0].consumer_id);
  CHECK(closed[0].reason == "refused");
  negotiate("recvonly");
  const auto second = rig.events<ConsumerCreated>();
  REQUIRE(second.size() == 1);
  CHECK(second[0].producer_id == produced[0].producer_id);
  CHECK(second[0].consumer_id != first[0].consumer_id);
  CHECK(second[0].rtp_parameters.encodings[0].ssrc != first[0].rtp_parameters.encodings[0].ssrc);
}

TEST_CASE("a provisional answer holds what it does without, and the final one lets it go on") {
  Rig rig;
  (void)rig.join("ada", "chromium-publisher");
  (void)rig.ask<PeerReply>(CreatePeer{"room", "bob", "bob", Subscription::kAll});
  const auto offer = rig.ask<DescriptionReply>(SetLocalDescription{"bob", SdpType::kOffer, ""});
  const std::string taken = answered(offer.sdp, "a=recvonly");
  const std::string declined = answered(offer.sdp, "a=inactive");
  CHECK(rig.ask<DescriptionReply>(SetRemoteDescription{"bob", SdpType::kPranswer, taken}).signaling_state ==
        "have-remote-pranswer");
  const auto made = rig.events<ConsumerCreated>();
  REQUIRE(made.size() == 1);
  const auto is_held = [&] {
    return rig.ask<DumpReply>(Explain{made[0].consumer_id}).json.find("\"negotiation\":true") !=
           std::string::npos;
  };
  CHECK_FALSE(is_held());
  (void)rig.ask<DescriptionReply>(SetRemoteDescription{"bob", SdpType::kPranswer, declined});
  CHECK(is_held());
  CHECK(rig.ask<DescriptionReply>(SetRemoteDescription{"bob", SdpType::kAnswer, taken}).signaling_state ==
        "stable");
  CHECK_FALSE(is_held());
  CHECK(rig.events<ObjectClosed>().empty());
}

TEST_CASE("what is needed no more and then again is told again") {
  Rig rig;
  rig.join("ada", "chromium-audio-video");
  const auto produced = rig.events<ProducerCreated>();
  (void)rig.ask<PeerReply>(CreatePeer{"room", "bob", "", Subscription::kManual});
  (void)rig.ask<Done>(Subscribe{"bob", produced[0].producer_id});
  CHECK(rig.events<NegotiationNeeded>().size() == 1);
  (void)rig.ask<Done>(Subscribe{"bob", produced[1].producer_id});
  CHECK(rig.events<NegotiationNeeded>().empty());  // told already
  for (const auto& each : produced) (void)rig.ask<Done>(Unsubscribe{"bob", each.producer_id});
  CHECK(rig.events<NegotiationNeeded>().empty());
  (void)rig.ask<Done>(Subscribe{"bob", produced[0].producer_id});
  CHECK(rig.events<NegotiationNeeded>().size() == 1);
}

TEST_CASE("a peer whose options leave no candidate is refused") {
  Rig rig;
  CandidateOptions tcp_only;
  tcp_only.enable_udp = false;
  CHECK(rig.refuse(CreatePeer{"room", "ada", "", Subscription::kAll, tcp_only}).field == "enableUdp");
  tcp_only.enable_udp = true;
  tcp_only.enable_tcp = true;
  CHECK(rig.refuse(CreatePeer{"room", "ada", "", Subscription::kAll, tcp_only}).field == "enableTcp");
  CandidateOptions udp_only;
  udp_only.enable_tcp = false;
  (void)rig.ask<PeerReply>(CreatePeer{"room", "ada", "", Subscription::kAll, udp_only});
}

TEST_CASE("a leaving peer's tracks are taken back from the others") {
  Rig rig;
  rig.join("ada", "chromium-audio-video");
  rig.join("bob", "firefox-audio-video");
  (void)rig.events<NegotiationNeeded>();
  (void)rig.ask<Done>(Close{ObjectKind::kPeer, "bob"});
  // Never offered to ada's client: nothing is left to negotiate.
  const auto offer = rig.ask<DescriptionReply>(CreateOffer{"ada"});
  for (const auto& section : offer.sections) CHECK_FALSE(section.sending);
}

TEST_CASE("refused descriptions name the field and change nothing") {
  Rig rig;
  CHECK(rig.refuse(SetRemoteDescription{"nobody", SdpType::kOffer, ""}).field == "peerId");
  (void)rig.ask<PeerReply>(CreatePeer{"room", "ada", "Ada", Subscription::kManual});
  CHECK(rig.refuse(CreatePeer{"room", "other", "Ada", Subscription::kManual}).code ==
        ErrorCode::kAlreadyExists);
  const Error error = rig.refuse(SetRemoteDescription{"ada", SdpType::kOffer, "v=0\r\nnonsense\r\n"});
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK_FALSE(error.message.empty());
  CHECK(rig.refuse(CreateAnswer{"ada"}).code == ErrorCode::kInvalidState);
  (void)rig.ask<Done>(Close{ObjectKind::kPeer, "ada"});
  const auto dump = rig.ask<DumpReply>(Dump{ObjectKind::kWorker, ""});
  CHECK(dump.json.find("\"peers\":0") != std::string::npos);
  CHECK(dump.json.find("\"transports\":0") != std::string::npos);
}

}  // namespace
}  // namespace sluice
