// Whose packet is whose, and the RTCP that a session sends of itself.
#include "sfu/media_session.h"

#include "rtcp/nack.h"
#include "rtcp/receiver_report.h"
#include "rtcp/transport_feedback.h"
#include "sfu/rig.h"

namespace sluice::sfu::testing {
namespace {

using transport::DropReason;

class Demux {
 public:
  Demux() : side(rig.add_side()) {}
  Producer& add(MediaKind kind, RtpParameters parameters) {
    Producer::Options options;
    options.id = "producer" + std::to_string(side.session.producers().size());
    options.kind = kind;
    options.parameters = std::move(parameters);
    return side.session.add_producer(std::move(options));
  }
  static std::uint64_t packets(Producer& producer, std::size_t stream = 0) {
    return producer.streams().at(stream)->media.packets();
  }
  rtp::ExtensionToWrite mid(std::string_view value) {
    return {rtp::Extension::kMid, kMidId, as_bytes(value)};
  }

  Rig rig;
  Side& side;
};

TEST_CASE("a packet belongs to the producer that named its SSRC") {
  Demux demux;
  Producer& one = demux.add(MediaKind::kVideo, video(100, true, "1"));
  Producer& two = demux.add(MediaKind::kVideo, video(200, true, "2"));
  demux.rig.feed(demux.side, {kVp8, 1, 200, vp8(true, true)});
  CHECK(Demux::packets(one) == 0);
  CHECK(Demux::packets(two) == 1);
}

TEST_CASE("a packet of an unknown SSRC belongs where its mid says, and is known from then on") {
  Demux demux;
  Producer& one = demux.add(MediaKind::kVideo, video(0, true, "1"));
  Producer& two = demux.add(MediaKind::kVideo, video(0, true, "2"));
  demux.rig.feed(demux.side, {kVp8, 1, 555, vp8(true, true), 0, false, {demux.mid("2")}});
  demux.rig.feed(demux.side, {kVp8, 2, 555, vp8(false, false)});  // browsers leave the mid out after a while
  CHECK(Demux::packets(one) == 0);
  CHECK(Demux::packets(two) == 2);
  CHECK(two.streams()[0]->ssrc == Ssrc{555});
  // Its RTX says the same mid; a third SSRC would be nobody's.
  demux.rig.feed(demux.side, {kVp8Rtx, 1, 556, {0, 1, 0x10, 0x10}, 0, false, {demux.mid("2")}});
  CHECK(two.streams()[0]->rtx_ssrc == Ssrc{556});
  demux.rig.feed(demux.side, {kVp8, 1, 557, vp8(true, true), 0, false, {demux.mid("2")}});
  CHECK(demux.side.drops[DropReason::kRtpUnknownStream] == 1);
}

TEST_CASE("without a mid the payload type decides when only one producer has it") {
  Demux demux;
  Producer& sound = demux.add(MediaKind::kAudio, audio(0));
  Producer& picture = demux.add(MediaKind::kVideo, video(0));
  demux.rig.feed(demux.side, {kOpus, 1, 11, {0xF8, 1}});
  demux.rig.feed(demux.side, {kVp8, 1, 22, vp8(true, true)});
  CHECK(Demux::packets(sound) == 1);
  CHECK(Demux::packets(picture) == 1);
  demux.add(MediaKind::kAudio, audio(0, "b"));
  demux.rig.feed(demux.side,
                 {kOpus, 1, 33, {0xF8, 1}});  // of the second one now, or of the first anew: nobody knows
  CHECK(demux.side.drops[DropReason::kRtpUnknownStream] == 1);
}

TEST_CASE("a rid tells the streams of one producer apart") {
  Demux demux;
  RtpParameters parameters = video(0, true, "1");
  parameters.encodings.resize(2);
  parameters.encodings[0].rid = "lo";
  parameters.encodings[1].rid = "hi";
  parameters.header_extensions.push_back(extension(rtp::Extension::kRid, kRidId));
  Producer& producer = demux.add(MediaKind::kVideo, parameters);
  demux.rig.feed(demux.side, {kVp8,
                              1,
                              70,
                              vp8(true, true),
                              0,
                              false,
                              {demux.mid("1"), {rtp::Extension::kRid, kRidId, as_bytes("hi")}}});
  CHECK(producer.streams()[1]->ssrc == Ssrc{70});
  CHECK_FALSE(producer.streams()[0]->ssrc.has_value());
}

TEST_CASE(
    "a payload type that the producer did not name, a duplicate and a wrong RTX are dropped by reason") {
  Demux demux;
  Producer& producer = demux.add(MediaKind::kVideo, video(100));
  demux.rig.feed(demux.side, {35, 1, 100, vp8(true, true)});
  CHECK(demux.side.drops[DropReason::kRtpUnknownPayloadType] == 1);
  demux.rig.feed(demux.side, {kVp8, 1, 100, vp8(true, true)});
  demux.rig.feed(demux.side, {kVp8, 1, 100, vp8(true, true)});
  CHECK(demux.side.drops[DropReason::kRtpDuplicate] == 1);
  demux.rig.feed(demux.side, {kVp8Rtx, 1, 101, {7}});
  CHECK(demux.side.drops[DropReason::kRtxMalformed] == 1);
  producer.set_paused(true);
  demux.rig.feed(demux.side, {kVp8, 2, 100, vp8(true, true)});
  CHECK(demux.side.drops[DropReason::kProducerPaused] == 1);
  PacketRef packet = demux.rig.make({kVp8, 3, 100, {}});
  packet->size = 11;
  demux.side.session.on_rtp(packet, demux.rig.now);
  CHECK(demux.side.drops[DropReason::kRtpMalformed] == 1);
}

TEST_CASE("streams learned by mid do not use up anything when they come and go") {
  Demux demux;
  for (std::uint32_t i = 0; i < 500; ++i) {
    Producer& producer = demux.add(MediaKind::kVideo, video(0, true, "1"));
    demux.rig.feed(demux.side, {kVp8, 1, 1000 + i, vp8(true, true), 0, false, {demux.mid("1")}});
    REQUIRE(Demux::packets(producer) == 1);
    demux.side.session.remove_producer(producer);
  }
}

TEST_CASE("a gap is asked for, and what comes back as RTX fills it") {
  Demux demux;
  Producer& producer = demux.add(MediaKind::kVideo, video(100));
  demux.rig.feed(demux.side, {kVp8, 10, 100, vp8(true, true)});
  demux.rig.feed(demux.side, {kVp8, 12, 100, vp8(false, false)});
  demux.rig.drain();
  demux.rig.advance(15ms);
  std::vector<std::uint16_t> asked;
  for (const Sent& sent : demux.rig.drain()) {
    rtcp::CompoundReader reader(sent.bytes);
    while (const auto packet = reader.next()) {
      if (packet->type != rtcp::PacketType::kRtpFeedback) continue;
      const auto nack = rtcp::Nack::parse(*packet);
      REQUIRE(nack.has_value());
      CHECK(nack->media() == Ssrc{100});
      nack->for_each([&](SequenceNumber number) { asked.push_back(number.value); });
    }
  }
  CHECK(asked == std::vector<std::uint16_t>{11});
  demux.rig.feed(demux.side, {kVp8Rtx, 500, 101, {0, 11, 0x00, 1, 2, 3}});
  CHECK(producer.stats(demux.rig.now).front().packets_repaired == 1);
  CHECK(producer.streams()[0]->history.size() == 3);
  demux.rig.feed(demux.side, {kVp8Rtx, 501, 101, {0, 11, 0x00, 1, 2, 3}});
  CHECK(demux.side.drops[DropReason::kRtpDuplicate] == 1);
}

TEST_CASE(
    "reception is reported about once a second, transport-wide numbers of a voice four times as often") {
  Demux demux;
  RtpParameters parameters = audio(100);
  parameters.header_extensions.push_back(extension(rtp::Extension::kTransportCc, kTransportCcId));
  demux.add(MediaKind::kAudio, parameters);
  demux.side.session.on_ready_changed(demux.rig.now);
  std::size_t reports = 0;
  std::size_t feedback = 0;
  std::uint64_t told = 0;
  for (std::uint16_t i = 0; i < 500; ++i) {
    std::array<std::uint8_t, 2> number{};
    store16(number.data(), i);
    demux.rig.feed(demux.side, {kOpus,
                                i,
                                100,
                                {0xF8, 1},
                                i * 960U,
                                false,
                                {{rtp::Extension::kTransportCc, kTransportCcId, number}}});
    demux.rig.advance(20ms);
    for (const Sent& sent : demux.rig.drain()) {
      rtcp::CompoundReader reader(sent.bytes);
      while (const auto packet = reader.next()) {
        if (const auto report = packet->type == rtcp::PacketType::kReceiverReport
                                    ? rtcp::ReceiverReport::parse(*packet)
                                    : std::nullopt) {
          ++reports;
          REQUIRE(report->reports.size() == 1);
          CHECK(report->reports[0].ssrc == Ssrc{100});
          CHECK(report->reports[0].cumulative_lost == 0);
        }
        if (packet->type != rtcp::PacketType::kRtpFeedback) continue;
        ++feedback;
        rtcp::TransportFeedback::parse(*packet)->for_each(
            [&](SequenceNumber, std::optional<Duration> at) { told += at ? 1 : 0; });
      }
      CHECK(reader.ok());
    }
  }
  CHECK(reports >= 7);
  CHECK(reports <= 15);
  CHECK(feedback >= 36);
  CHECK(feedback <= 50);
  CHECK(told >= 490);
}

TEST_CASE("RTCP that is not RTCP is counted and changes nothing") {
  Demux demux;
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::uint8_t> bytes(random.below(100));
    random.fill(bytes);
    if (bytes.size() > 1) {
      bytes[0] = static_cast<std::uint8_t>(0x80 | (bytes[0] & 0x3F));
      bytes[1] = static_cast<std::uint8_t>(200 + random.below(8));
    }
    demux.side.session.on_rtcp(bytes, demux.rig.now);
  }
  CHECK(demux.side.drops[DropReason::kRtcpMalformed] > 1000);
  CHECK(demux.rig.drain().empty());
}

}  // namespace
}  // namespace sluice::sfu::testing
