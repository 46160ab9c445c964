// A consumer: what it takes, how it numbers it, what it sends again.
#include "sfu/consumer.h"

#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "sfu/rig.h"

namespace sluice::sfu::testing {
namespace {

class OneToOne {
 public:
  explicit OneToOne(MediaKind kind = MediaKind::kVideo, bool rtx = true,
                    srtp::Suite suite = srtp::Suite::kAeadAes128Gcm)
      : publisher(rig.add_side()), viewer(rig.add_side(true, suite)), producer(add_producer(kind)) {
    options = consumer_of(producer, rtx);
  }
  Consumer& consume() { return viewer.session.add_consumer(options, producer, rig.now); }
  void feed(std::uint16_t number, std::vector<std::uint8_t> payload, std::uint32_t timestamp = 1000) {
    rig.feed(publisher, {producer.kind() == MediaKind::kVideo ? kVp8 : kOpus, number, 1234,
                         std::move(payload), timestamp});
  }
  /// The RTP that the viewer was sent since the last time.
  std::vector<Sent> at_viewer() {
    auto sent = rig.drain();
    std::erase_if(sent, [&](const Sent& one) { return one.rtcp || one.side != viewer.id; });
    return sent;
  }
  void nack(std::vector<SequenceNumber> numbers) {
    std::array<std::uint8_t, 200> buffer{};
    ByteWriter writer(buffer);
    rtcp::Nack::serialize_to(writer, {1}, {7000}, numbers);
    viewer.session.on_rtcp(writer.written(), rig.now);
  }

  Rig rig;
  Side& publisher;
  Side& viewer;
  Producer& producer;
  Consumer::Options options;

 private:
  Producer& add_producer(MediaKind kind) {
    Producer::Options out;
    out.id = "producer";
    out.kind = kind;
    out.parameters = kind == MediaKind::kVideo ? video(1234) : audio(1234);
    return publisher.session.add_producer(std::move(out));
  }
};

TEST_CASE("a viewer of video gets nothing before a key frame starts") {
  OneToOne pair;
  pair.consume();
  pair.feed(10, vp8(true, false));
  pair.feed(11, vp8(false, false));
  CHECK(pair.at_viewer().empty());
  pair.feed(12, vp8(true, true));
  pair.feed(13, vp8(false, false));
  const auto sent = pair.at_viewer();
  REQUIRE(sent.size() == 2);
  CHECK(sent[1].view().sequence_number() == sent[0].view().sequence_number().plus(1));
  pair.feed(11, vp8(false, false));  // late, from before the key frame
  CHECK(pair.at_viewer().empty());
}

TEST_CASE("a viewer of audio begins behind the padding that a publisher may send first") {
  OneToOne pair(MediaKind::kAudio);
  pair.consume();
  pair.feed(10, {});  // libwebrtc probes the link with whatever track there is
  pair.feed(11, {});
  CHECK(pair.at_viewer().empty());
  pair.feed(12, opus());
  pair.feed(13, opus());
  CHECK(pair.at_viewer().size() == 2);
}

TEST_CASE("a packet leaves with the consumer's identity and the publisher's time, marker and payload") {
  OneToOne pair;
  pair.options.parameters.header_extensions.push_back(
      extension(rtp::Extension::kAbsSendTime, kAbsSendTimeId));
  pair.options.parameters.header_extensions.push_back(
      extension(rtp::Extension::kTransportCc, kTransportCcId));
  pair.consume();
  RtpToMake in{kVp8, 10, 1234, vp8(true, true, 42), 777'777, true, {}};
  pair.rig.feed(pair.publisher, in);
  in.number = 11;
  pair.rig.feed(pair.publisher, in);
  const auto sent = pair.at_viewer();
  REQUIRE(sent.size() == 2);
  const auto view = sent[0].view();
  CHECK(view.ssrc() == Ssrc{7000});
  CHECK(view.payload_type() == PayloadType{101});
  CHECK(view.timestamp() == RtpTimestamp{777'777});
  CHECK(view.marker());
  const Bytes payload = view.payload();
  CHECK(std::vector<std::uint8_t>(payload.begin(), payload.end()) == in.payload);
  REQUIRE(view.extension(kMidId).has_value());
  CHECK(as_text(*view.extension(kMidId)) == "9");
  CHECK(rtp::read_abs_send_time(*view.extension(kAbsSendTimeId)) == rtp::to_abs_send_time(pair.rig.now));
  const auto first = rtp::read_transport_cc(*view.extension(kTransportCcId));
  const auto second = rtp::read_transport_cc(*sent[1].view().extension(kTransportCcId));
  REQUIRE((first && second));
  CHECK(second->minus(*first) == 1);
}

TEST_CASE("a payload type that was not negotiated is not forwarded") {
  OneToOne pair(MediaKind::kAudio);
  pair.options.payload_types.fill(Consumer::kNoPayloadType);
  pair.consume();
  pair.feed(1, {0xF8, 1});
  CHECK(pair.at_viewer().empty());
}

TEST_CASE("a pause leaves no gap in the numbers of audio") {
  OneToOne pair(MediaKind::kAudio);
  Consumer& consumer = pair.consume();
  pair.feed(1, {0xF8, 1});
  const auto before = pair.at_viewer();
  consumer.set_paused(true, pair.rig.now);
  pair.feed(2, {0xF8, 1});
  pair.feed(3, {0xF8, 1});
  CHECK(pair.at_viewer().empty());
  consumer.set_paused(false, pair.rig.now);
  pair.feed(4, {0xF8, 1});
  const auto after = pair.at_viewer();
  REQUIRE((before.size() == 1 && after.size() == 1));
  CHECK(after[0].view().sequence_number() == before[0].view().sequence_number().plus(1));
}

TEST_CASE("nothing is forwarded to a transport that is not ready, and all of it once it is") {
  OneToOne pair(MediaKind::kAudio);
  pair.viewer.sender.set_path(std::nullopt);
  pair.consume();
  pair.feed(1, {0xF8, 1});
  CHECK(pair.at_viewer().empty());
  pair.viewer.become_ready();
  pair.viewer.session.on_ready_changed(pair.rig.now);
  pair.feed(2, {0xF8, 1});
  CHECK(pair.at_viewer().size() == 1);
}

TEST_CASE("what a NACK names is sent again as RTX with its rewritten number in front") {
  OneToOne pair;
  pair.consume();
  pair.feed(10, vp8(true, true, 1));
  pair.feed(11, vp8(false, false, 2));
  pair.feed(12, vp8(false, false, 3));
  const auto sent = pair.at_viewer();
  REQUIRE(sent.size() == 3);
  const SequenceNumber wanted = sent[1].view().sequence_number();
  pair.nack({wanted});
  const auto again = pair.at_viewer();
  REQUIRE(again.size() == 1);
  const auto view = again[0].view();
  CHECK(view.ssrc() == Ssrc{7001});
  CHECK(view.payload_type() == PayloadType{102});
  const Bytes payload = view.payload();
  REQUIRE(payload.size() == 2 + 4);
  CHECK(load16(payload.data()) == wanted.value);
  CHECK(payload[3] == 2);
}

TEST_CASE("a packet asked for again within a round trip is not sent a second time; later it is") {
  OneToOne pair;
  pair.consume();
  pair.feed(10, vp8(true, true));
  const SequenceNumber number = pair.at_viewer().at(0).view().sequence_number();
  pair.nack({number});
  pair.nack({number});
  CHECK(pair.at_viewer().size() == 1);
  pair.rig.now += 100ms;
  pair.nack({number});
  const auto again = pair.at_viewer();
  REQUIRE(again.size() == 1);
}

TEST_CASE("a NACK for what was never sent, or is too old, is left alone") {
  OneToOne pair;
  pair.consume();
  pair.feed(10, vp8(true, true));
  const SequenceNumber number = pair.at_viewer().at(0).view().sequence_number();
  pair.nack({number.plus(1), number.plus(-1), number.plus(20'000)});
  CHECK(pair.at_viewer().empty());
  pair.rig.now += 10s;
  pair.nack({number});
  CHECK(pair.at_viewer().empty());
}

TEST_CASE("a packet is found by its rewritten number also after pauses") {
  OneToOne pair;
  Consumer& consumer = pair.consume();
  pair.feed(10, vp8(true, true, 1));
  pair.feed(11, vp8(false, false, 2));
  consumer.set_paused(true, pair.rig.now);
  pair.feed(12, vp8(false, false, 3));
  consumer.set_paused(false, pair.rig.now);
  pair.feed(13, vp8(true, true, 4));
  const auto sent = pair.at_viewer();
  REQUIRE(sent.size() == 3);
  pair.nack({sent[1].view().sequence_number(), sent[2].view().sequence_number()});
  const auto again = pair.at_viewer();
  REQUIRE(again.size() == 2);
  CHECK(again[0].view().payload()[3] == 2);
  CHECK(again[1].view().payload().back() == 4);
}

TEST_CASE("without RTX a packet is repeated under its own number where that is safe") {
  OneToOne pair(MediaKind::kVideo, false, srtp::Suite::kAesCm128HmacSha1_80);
  pair.options.parameters.header_extensions.push_back(
      extension(rtp::Extension::kAbsSendTime, kAbsSendTimeId));
  pair.consume();
  pair.feed(10, vp8(true, true));
  const auto sent = pair.at_viewer();
  REQUIRE(sent.size() == 1);
  pair.rig.sides[1]->inbound.remove_ssrc({7000});  // as one that has not seen it
  pair.nack({sent[0].view().sequence_number()});
  const auto again = pair.at_viewer();
  REQUIRE(again.size() == 1);
  CHECK(again[0].view().sequence_number() == sent[0].view().sequence_number());
}

TEST_CASE("a viewer's PLI asks the publisher, a NACK does not") {
  OneToOne pair;
  pair.consume();
  pair.rig.advance(0ms);
  pair.feed(10, vp8(true, true));
  pair.rig.advance(1s);
  pair.rig.drain();
  pair.nack({{1}});
  pair.rig.advance(1ms);
  const auto plis = [&] {
    std::size_t count = 0;
    for (const Sent& sent : pair.rig.drain()) {
      if (!sent.rtcp || sent.side != pair.publisher.id) continue;
      rtcp::CompoundReader reader(sent.bytes);
      while (const auto packet = reader.next()) {
        const auto pli =
            packet->type == rtcp::PacketType::kPayloadFeedback ? rtcp::Pli::parse(*packet) : std::nullopt;
        if (pli && pli->media == Ssrc{1234}) ++count;
      }
    }
    return count;
  };
  CHECK(plis() == 0);
  std::array<std::uint8_t, 20> buffer{};
  ByteWriter writer(buffer);
  rtcp::Pli{{1}, {7000}}.serialize_to(writer);
  pair.viewer.session.on_rtcp(writer.written(), pair.rig.now);
  pair.rig.advance(1ms);
  CHECK(plis() == 1);
}

TEST_CASE("a viewer that loses packets is asked to wait for their repairs, and let go again") {
  constexpr std::uint8_t kId = 12;
  OneToOne pair;
  pair.options.parameters.header_extensions.push_back(extension(rtp::Extension::kPlayoutDelay, kId));
  Consumer& consumer = pair.consume();
  std::uint16_t number = 10;
  const auto asked = [&]() -> std::optional<rtp::PlayoutDelay> {
    pair.feed(number, vp8(true, number == 10));
    ++number;
    const auto sent = pair.at_viewer();
    REQUIRE(sent.size() == 1);
    const auto value = sent[0].view().extension(kId);
    return value ? rtp::read_playout_delay(*value) : std::nullopt;
  };
  const auto report = [&](std::uint8_t fraction_lost) {
    constexpr std::uint64_t kNow = std::uint64_t{100} << 32;
    rtcp::ReportBlock block;
    block.fraction_lost = fraction_lost;
    block.last_sr = static_cast<std::uint32_t>(kNow >> 16) - 65536 / 10;  // 100 ms ago
    consumer.on_report_block(block, kNow);
  };
  CHECK_FALSE(asked());
  report(2);
  CHECK_FALSE(asked());
  report(13);
  CHECK(asked() == rtp::PlayoutDelay{190ms, 10s});  // a round trip and a quarter, and 65 ms to notice
  for (int i = 0; i < 29; ++i) report(0);
  CHECK(asked() == rtp::PlayoutDelay{190ms, 10s});
  report(0);
  CHECK(asked() == rtp::PlayoutDelay{0ms, 10s});
}

TEST_CASE("what is lost on the publisher's leg is waited for as well") {
  PlayoutHold hold;
  const auto least = [&] { return hold.over({}).value_or(rtp::PlayoutDelay{}).min; };
  CHECK_FALSE(hold.on_report({0, 10ms}, {2, 100ms}));
  CHECK_FALSE(hold.is_used());
  CHECK_FALSE(hold.on_report({0, 10ms}, {13, std::nullopt}));  // how long a repair takes is not known yet
  CHECK(hold.on_report({0, 10ms}, {13, 100ms}));
  CHECK(least() == 190ms);
  CHECK_FALSE(hold.on_report({13, 10ms}, {13, 100ms}));  // the longer of the two
  CHECK(hold.on_report({13, 140ms}, {13, 100ms}));
  CHECK(least() == 240ms);
  CHECK(hold.on_report({13, 4ms}, {0, 100ms}));  // far less now
  CHECK(least() == 70ms);
}

TEST_CASE("new payload types by renegotiation keep the numbers going") {
  OneToOne pair(MediaKind::kAudio);
  Consumer& consumer = pair.consume();
  pair.feed(1, {0xF8, 1});
  auto options = pair.options;
  options.payload_types[kOpus] = 63;
  consumer.renegotiate(options);
  pair.feed(2, {0xF8, 1});
  const auto sent = pair.at_viewer();
  REQUIRE(sent.size() == 2);
  CHECK(sent[1].view().payload_type() == PayloadType{63});
  CHECK(sent[1].view().sequence_number() == sent[0].view().sequence_number().plus(1));
}

}  // namespace
}  // namespace sluice::sfu::testing
