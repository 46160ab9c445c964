#include "rtcp/compound.h"

#include "base/random.h"
#include "rtcp/bye.h"
#include "rtcp/extended_report.h"
#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/remb.h"
#include "rtcp/sdes.h"
#include "rtcp/sender_report.h"
#include "rtcp/transport_feedback.h"
#include "rtcp_test_util.h"

namespace sluice::rtcp {
namespace {

TEST_CASE("a compound packet is walked packet by packet") {
  std::array<std::uint8_t, 256> out{};
  ByteWriter writer(out);
  ReceiverReport{Ssrc{1}, {}}.serialize_to(writer);
  Sdes sdes;
  sdes.chunks.push_back({Ssrc{1}, "cname"});
  sdes.serialize_to(writer);
  Pli{Ssrc{1}, Ssrc{2}}.serialize_to(writer);

  CompoundReader reader(writer.written());
  CHECK(ReceiverReport::parse(*reader.next())->ssrc == Ssrc{1});
  CHECK(Sdes::parse(*reader.next())->chunks[0].cname == "cname");
  CHECK(Pli::parse(*reader.next())->media == Ssrc{2});
  CHECK_FALSE(reader.next());
  CHECK(reader.ok());
}

TEST_CASE("a reduced-size packet is read alone (RFC 5506)") {
  CHECK(from_bytes<Pli>(to_bytes(Pli{Ssrc{1}, Ssrc{2}})) == Pli{Ssrc{1}, Ssrc{2}});
}

TEST_CASE("an unknown packet type is handed out and can be passed over") {
  const Datagram datagram = {0x80, 222, 0, 1, 1, 2, 3, 4, 0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};
  CompoundReader reader(datagram);
  CHECK(reader.next()->type == static_cast<PacketType>(222));
  CHECK(Pli::parse(*reader.next()));
  CHECK(reader.ok());
}

TEST_CASE("what follows a malformed header is not read") {
  Datagram datagram = to_bytes(Pli{Ssrc{1}, Ssrc{2}});
  const Datagram good = datagram;
  SECTION("a length beyond the datagram") {
    datagram.insert(datagram.end(), {0x81, 206, 0, 30, 0, 0, 0, 1, 0, 0, 0, 2});
  }
  SECTION("another version") {
    datagram.insert(datagram.end(), {0x41, 206, 0, 0});
  }
  SECTION("less than a header") {
    datagram.insert(datagram.end(), {0x81, 206, 0});
  }
  SECTION("padding without bytes") {
    datagram.insert(datagram.end(), {0xA1, 206, 0, 0});
  }
  SECTION("padding of zero") {
    datagram.insert(datagram.end(), {0xA1, 206, 0, 1, 0, 0, 0, 0});
  }
  SECTION("padding into the header") {
    datagram.insert(datagram.end(), {0xA1, 206, 0, 1, 0, 0, 0, 5});
  }
  datagram.insert(datagram.end(), good.begin(), good.end());
  CompoundReader reader(datagram);
  CHECK(reader.next());
  CHECK(reader.ok());
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.ok());
  CHECK_FALSE(reader.next());
}

TEST_CASE("padding is taken off") {
  const Datagram datagram = {0xA1, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4};
  CompoundReader reader(datagram);
  const auto packet = reader.next();
  REQUIRE(packet);
  CHECK(packet->body.size() == 8);
  CHECK(Pli::parse(*packet));
}

TEST_CASE("an empty datagram is no RTCP") {
  CompoundReader reader({});
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("a writer without room fails without a write past its end") {
  for (std::size_t n = 0; n < 12; ++n) {
    std::vector<std::uint8_t> out(n);
    ByteWriter writer(out);
    Pli{Ssrc{1}, Ssrc{2}}.serialize_to(writer);
    CHECK_FALSE(writer.ok());
  }
}

TEST_CASE("random bytes are read without harm by every parser") {
  const std::uint64_t seed = GENERATE(range(0, 8));
  INFO("seed " << seed);
  Random random(seed);
  std::size_t sum = 0;
  for (int i = 0; i < 5000; ++i) {
    Datagram datagram(4 * random.below(40));
    random.fill(datagram);
    if (datagram.size() >= 4) {
      datagram[0] = static_cast<std::uint8_t>(0x80 | (random.chance(0.9) ? datagram[0] & 0x1F : datagram[0]));
      datagram[1] = static_cast<std::uint8_t>(200 + random.below(8));
      store16(datagram.data() + 2, static_cast<std::uint16_t>(datagram.size() / 4 - 1));
    }
    CompoundReader reader(datagram);
    while (const auto packet = reader.next()) {
      if (const auto m = SenderReport::parse(*packet)) sum += m->reports.size();
      if (const auto m = ReceiverReport::parse(*packet)) sum += m->reports.size();
      if (const auto m = Sdes::parse(*packet)) sum += m->chunks.size();
      if (const auto m = Bye::parse(*packet)) sum += m->reason.size();
      if (const auto m = Nack::parse(*packet)) m->for_each([&](SequenceNumber n) { sum += n.value; });
      if (const auto m = Pli::parse(*packet)) sum += m->media.value;
      if (const auto m = Fir::parse(*packet)) sum += m->requests.size();
      if (const auto m = Remb::parse(*packet)) sum += m->ssrcs.size();
      if (const auto m = ExtendedReport::parse(*packet)) sum += m->dlrr.size();
      if (const auto m = TransportFeedback::parse(*packet)) {
        m->for_each([&](SequenceNumber n, std::optional<Duration>) { sum += n.value; });
      }
    }
  }
  CHECK(sum > 0);
}

}  // namespace
}  // namespace sluice::rtcp
