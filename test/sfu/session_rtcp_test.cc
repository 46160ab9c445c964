// What a session tells publishers and viewers by RTCP, packet by packet.
#include <vector>

#include "rtcp/bye.h"
#include "rtcp/extended_report.h"
#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/remb.h"
#include "rtcp/report_block.h"
#include "rtcp/sdes.h"
#include "sfu/media_session.h"
#include "sfu/rig.h"

namespace sluice::sfu::testing {
namespace {

using rtcp::PacketType;

class Reports {
 public:
  Reports() : side(rig.add_side()) {}

  Producer& publish(RtpParameters parameters) {
    Producer::Options options;
    options.id = "producer";
    options.kind = parameters.codecs.front().clock_rate == 90'000 ? MediaKind::kVideo : MediaKind::kAudio;
    options.parameters = std::move(parameters);
    return side.session.add_producer(std::move(options));
  }
  /// The types in each datagram of RTCP that was sent since the last time.
  std::vector<std::vector<PacketType>> take() {
    std::vector<std::vector<PacketType>> out;
    datagrams.clear();
    for (Sent& sent : rig.drain()) {
      if (!sent.rtcp) continue;
      datagrams.push_back(std::move(sent.bytes));
      auto& types = out.emplace_back();
      rtcp::CompoundReader reader(datagrams.back());
      while (const auto packet = reader.next()) types.push_back(packet->type);
      CHECK(reader.ok());
    }
    return out;
  }
  /// All packets of one kind among what take() has seen.
  template <typename Message>
  std::vector<Message> all() {
    std::vector<Message> out;
    for (const auto& bytes : datagrams) {
      rtcp::CompoundReader reader(bytes);
      while (const auto packet = reader.next()) {
        if (const auto message = Message::parse(*packet)) out.push_back(*message);
      }
    }
    return out;
  }
  template <typename Message>
  void tell(const Message& message) {
    std::array<std::uint8_t, 1200> room{};
    ByteWriter writer(room);
    message.serialize_to(writer);
    side.session.on_rtcp(Bytes(room).first(writer.size()), rig.now);
  }

  Rig rig;
  Side& side;
  std::vector<std::vector<std::uint8_t>> datagrams;
};

void lose_one(Reports& reports) {
  reports.rig.feed(reports.side, {kVp8, 10, 100, vp8(true, true)});
  reports.rig.feed(reports.side, {kVp8, 12, 100, vp8(false, false)});
  reports.rig.advance(10ms);
}

TEST_CASE("feedback leaves alone where reduced size was agreed on, else behind a report and a name") {
  const bool reduced = GENERATE(true, false);
  Reports reports;
  RtpParameters parameters = video(100);
  parameters.rtcp.reduced_size = reduced;
  reports.publish(parameters);
  lose_one(reports);
  const auto sent = reports.take();
  REQUIRE(sent.size() == 1);
  if (reduced) {
    CHECK(sent[0] == std::vector{PacketType::kRtpFeedback});
  } else {
    CHECK(sent[0] == std::vector{PacketType::kReceiverReport, PacketType::kSdes, PacketType::kRtpFeedback});
    CHECK_FALSE(reports.all<rtcp::Sdes>().front().chunks[0].cname.empty());
  }
}

TEST_CASE("reports are compound: a report first, then a name, then what else there is") {
  Reports reports;
  reports.publish(video(100));
  reports.side.session.on_ready_changed(reports.rig.now);
  reports.rig.feed(reports.side, {kVp8, 10, 100, vp8(true, true)});
  for (int i = 0; i < 100; ++i) {
    reports.rig.advance(20ms);
    for (const auto& types : reports.take()) {
      REQUIRE(types.size() >= 2);
      CHECK(types[0] == PacketType::kReceiverReport);
      CHECK(types[1] == PacketType::kSdes);
    }
  }
}

TEST_CASE(
    "key frames are asked for by PLI where it was agreed on, else by FIR, whose repeats keep their number") {
  Reports reports;
  RtpParameters parameters = video(100);
  const bool pli = GENERATE(true, false);
  parameters.codecs[0].rtcp_feedback = {{"nack", ""}, {"ccm", "fir"}};
  if (pli) parameters.codecs[0].rtcp_feedback.push_back({"nack", "pli"});
  Producer& producer = reports.publish(parameters);
  reports.rig.feed(reports.side, {kVp8, 10, 100, vp8(false, false)});
  producer.request_key_frame(reports.rig.now);
  std::vector<std::uint8_t> numbers;
  std::size_t plis = 0;
  for (int i = 0; i < 120; ++i) {
    reports.rig.advance(10ms);
    reports.take();
    plis += reports.all<rtcp::Pli>().size();
    for (const auto& fir : reports.all<rtcp::Fir>()) {
      REQUIRE(fir.requests.size() == 1);
      CHECK(fir.requests[0].ssrc == Ssrc{100});
      numbers.push_back(fir.requests[0].sequence_number);
    }
    if (i != 80) continue;  // answered, and asked for anew
    reports.rig.feed(reports.side, {kVp8, 11, 100, vp8(true, true)});
    producer.request_key_frame(reports.rig.now);
  }
  if (pli) {
    CHECK(plis == 3);
    CHECK(numbers.empty());
    CHECK(producer.streams()[0]->pli_count == 3);
  } else {
    CHECK(plis == 0);
    REQUIRE(numbers.size() == 3);
    CHECK(numbers[0] == numbers[1]);
    CHECK(numbers[2] == static_cast<std::uint8_t>(numbers[1] + 1));
    CHECK(producer.streams()[0]->fir_count == 3);
  }
}

TEST_CASE("who only receives asks for the round-trip time, and learns it from the echo") {
  Reports reports;
  reports.publish(video(100));
  reports.side.session.on_ready_changed(reports.rig.now);
  reports.rig.feed(reports.side, {kVp8, 10, 100, vp8(true, true)});
  CHECK_FALSE(reports.side.session.round_trip_time());
  std::vector<rtcp::ExtendedReport> asked;
  while (asked.empty()) {
    reports.rig.advance(20ms);
    reports.take();
    asked = reports.all<rtcp::ExtendedReport>();
  }
  REQUIRE(asked[0].receiver_reference_time);
  reports.rig.now += 90ms;
  rtcp::ExtendedReport echo;
  echo.sender = {100};
  echo.dlrr.push_back({{asked[0].sender.value + 1},
                       rtcp::compact_ntp(*asked[0].receiver_reference_time),
                       0});  // of somebody else
  reports.tell(echo);
  CHECK_FALSE(reports.side.session.round_trip_time());
  echo.dlrr.clear();
  echo.dlrr.push_back({asked[0].sender, rtcp::compact_ntp(*asked[0].receiver_reference_time), 65536 / 20});
  reports.tell(echo);
  REQUIRE(reports.side.session.round_trip_time());
  CHECK(*reports.side.session.round_trip_time() > 39ms);
  CHECK(*reports.side.session.round_trip_time() < 41ms);
}

TEST_CASE("who asks for the round-trip time gets its echo with the next report, once") {
  Reports reports;
  reports.publish(video(100));
  reports.side.session.on_ready_changed(reports.rig.now);
  rtcp::ExtendedReport ask;
  ask.sender = {55};
  ask.receiver_reference_time = 0x11223344'55667788;
  reports.tell(ask);
  std::size_t echoes = 0;
  for (int i = 0; i < 200; ++i) {
    reports.rig.advance(20ms);
    reports.take();
    for (const auto& report : reports.all<rtcp::ExtendedReport>()) {
      for (const auto& echo : report.dlrr) {
        ++echoes;
        CHECK(echo.ssrc == Ssrc{55});
        CHECK(echo.last_rr == 0x33445566);
        CHECK(echo.delay_since_last_rr < 65536 * 8 / 5);
      }
    }
  }
  CHECK(echoes == 1);
}

TEST_CASE("a publisher's goodbye ends its stream until it sends again") {
  Reports reports;
  Producer& producer = reports.publish(video(100));
  lose_one(reports);
  producer.request_key_frame(reports.rig.now);
  rtcp::Bye bye;
  bye.ssrcs.push_back({100});
  reports.tell(bye);
  auto& stream = *producer.streams()[0];
  CHECK(stream.ended);
  CHECK(stream.next_deadline() == stream.history.next_deadline());
  reports.rig.feed(reports.side, {kVp8, 500, 100, vp8(true, true)});
  CHECK_FALSE(stream.ended);
  CHECK(stream.nack.missing() == 0);
}

TEST_CASE("a goodbye of somebody else's, or of the repairs, ends nothing") {
  Reports reports;
  Producer& producer = reports.publish(video(100));
  rtcp::Bye bye;
  bye.ssrcs.push_back({101});
  bye.ssrcs.push_back({102});
  reports.tell(bye);
  CHECK_FALSE(producer.streams()[0]->ended);
}

TEST_CASE("viewers are told goodbye when a consumer that was heard of closes, all in one packet") {
  Reports reports;
  Producer& producer = reports.publish(video(100));
  Side& viewer = reports.rig.add_side();
  Consumer& first = viewer.session.add_consumer(consumer_of(producer, true, 7000), producer, reports.rig.now);
  Consumer& second =
      viewer.session.add_consumer(consumer_of(producer, true, 8000), producer, reports.rig.now);
  reports.rig.feed(reports.side, {kVp8, 10, 100, vp8(true, true)});
  reports.rig.drain();
  Consumer& unheard =
      viewer.session.add_consumer(consumer_of(producer, true, 9000), producer, reports.rig.now);
  viewer.session.remove_consumer(first);
  viewer.session.remove_consumer(second);
  viewer.session.remove_consumer(unheard);
  CHECK(viewer.session.next_deadline() <= reports.rig.now);
  viewer.session.advance(reports.rig.now);
  const auto sent = reports.take();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0] == std::vector{PacketType::kReceiverReport, PacketType::kSdes, PacketType::kBye});
  const auto byes = reports.all<rtcp::Bye>();
  REQUIRE(byes[0].ssrcs.size() == 4);
  CHECK(byes[0].ssrcs[0] == Ssrc{7000});
  CHECK(byes[0].ssrcs[3] == Ssrc{8001});
  CHECK(viewer.session.next_deadline() > reports.rig.now);
}

TEST_CASE("a limit on a publisher's bitrate is told at once, with each report, and taken back") {
  Reports reports;
  reports.publish(video(100));
  reports.side.session.on_ready_changed(reports.rig.now);
  reports.rig.feed(reports.side, {kVp8, 10, 100, vp8(true, true)});
  const auto rembs_in = [&](Duration time) {
    std::vector<rtcp::Remb> out;
    for (Duration t{}; t < time; t += 20ms) {
      reports.rig.advance(20ms);
      reports.take();
      for (const auto& remb : reports.all<rtcp::Remb>()) out.push_back(remb);
    }
    return out;
  };
  CHECK(rembs_in(3s).empty());
  reports.side.session.set_max_incoming_bitrate(500'000);
  CHECK(reports.side.session.next_deadline() <= reports.rig.now);
  auto rembs = rembs_in(20ms);
  REQUIRE(rembs.size() == 1);
  CHECK(rembs[0].bitrate == 500'000);
  REQUIRE(rembs[0].ssrcs.size() == 1);
  CHECK(rembs[0].ssrcs[0] == Ssrc{100});
  CHECK(rembs_in(5s).size() >= 3);
  reports.side.session.set_max_incoming_bitrate(0);
  rembs = rembs_in(10s);
  CHECK(rembs.size() == 3);
  for (const auto& remb : rembs) CHECK(remb.bitrate > 1'000'000'000);
}

TEST_CASE("a publisher that speaks REMB and not transport-wide feedback is told of room to grow") {
  Reports reports;
  RtpParameters parameters = video(100);
  parameters.codecs[0].rtcp_feedback.push_back({"goog-remb", ""});
  const bool transport_cc = GENERATE(false, true);
  if (transport_cc) parameters.codecs[0].rtcp_feedback.push_back({"transport-cc", ""});
  reports.publish(parameters);
  reports.side.session.on_ready_changed(reports.rig.now);
  std::uint64_t told = 0;
  for (std::uint16_t i = 0; i < 2000; ++i) {
    reports.rig.feed(reports.side, {kVp8, i, 100, std::vector<std::uint8_t>(1100, 0x10)});
    reports.rig.advance(5ms);
    reports.take();
    for (const auto& remb : reports.all<rtcp::Remb>()) told = remb.bitrate;
  }
  CHECK((told > 3'000'000) == !transport_cc);
  CHECK((told == 0) == transport_cc);
}

}  // namespace
}  // namespace sluice::sfu::testing
