// Byte-exact vectors, built by hand from the diagrams of the RFCs, and round trips of random messages.
#include <string>

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
#include "rtcp_test_util.h"

namespace sluice::rtcp {
namespace {

TEST_CASE("a sender report is written as RFC 3550 §6.4.1 draws it") {
  SenderReport report;
  report.ssrc = {0x01020304};
  report.ntp = 0x1112131421222324;
  report.rtp_timestamp = {0x31323334};
  report.packet_count = 5;
  report.octet_count = 0x41424344;
  report.reports.push_back({Ssrc{0x51525354}, 0x80, -2, 0x00010007, 9, 0x61626364, 0x71727374});
  const Datagram expected = {
      0x81, 200,  0x00, 0x0C,                          // V=2 RC=1, 13 words
      0x01, 0x02, 0x03, 0x04,                          // SSRC of sender
      0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24,  // NTP timestamp
      0x31, 0x32, 0x33, 0x34,                          // RTP timestamp
      0x00, 0x00, 0x00, 0x05, 0x41, 0x42, 0x43, 0x44,  // packets, octets
      0x51, 0x52, 0x53, 0x54, 0x80, 0xFF, 0xFF, 0xFE,  // SSRC, fraction, cumulative lost -2
      0x00, 0x01, 0x00, 0x07, 0x00, 0x00, 0x00, 0x09,  // highest, jitter
      0x61, 0x62, 0x63, 0x64, 0x71, 0x72, 0x73, 0x74,  // LSR, DLSR
  };
  CHECK(to_bytes(report) == expected);
  CHECK(from_bytes<SenderReport>(expected) == report);
  check_refuses_every_cut<SenderReport>(expected);
}

TEST_CASE("a report count beyond the packet is refused") {
  Datagram datagram = to_bytes(SenderReport{});
  datagram[0] = 0x81;
  CHECK_FALSE(from_bytes<SenderReport>(datagram));
  datagram = to_bytes(ReceiverReport{});
  datagram[0] = 0x9F;
  CHECK_FALSE(from_bytes<ReceiverReport>(datagram));
}

TEST_CASE("profile-specific extensions behind the report blocks are read over") {
  Datagram datagram = to_bytes(ReceiverReport{Ssrc{7}, {}});
  datagram.insert(datagram.end(), {1, 2, 3, 4});
  datagram[3] = 2;
  CHECK(from_bytes<ReceiverReport>(datagram)->ssrc == Ssrc{7});
}

TEST_CASE("cumulative loss is clamped to its 24 bits") {
  ReceiverReport report;
  ReportBlock block;
  block.cumulative_lost = 0x1000000;
  report.reports.push_back(block);
  block.cumulative_lost = -0x1000000;
  report.reports.push_back(block);
  const auto read = from_bytes<ReceiverReport>(to_bytes(report));
  CHECK(read->reports[0].cumulative_lost == 0x7FFFFF);
  CHECK(read->reports[1].cumulative_lost == -0x800000);
}

TEST_CASE("reports of random values come back as they were written") {
  const std::uint64_t seed = GENERATE(range(0, 5));
  INFO("seed " << seed);
  Random random(seed);
  for (int i = 0; i < 100; ++i) {
    SenderReport sent{Ssrc{random.u32()}, random.u64(), {random.u32()}, random.u32(), random.u32(), {}};
    ReceiverReport received{Ssrc{random.u32()}, {}};
    for (std::uint32_t n = random.below(32); n > 0; --n) {
      const ReportBlock block{Ssrc{random.u32()},
                              static_cast<std::uint8_t>(random.u32()),
                              static_cast<std::int32_t>(random.below(0x1000000)) - 0x800000,
                              random.u32(),
                              random.u32(),
                              random.u32(),
                              random.u32()};
      sent.reports.push_back(block);
      received.reports.push_back(block);
    }
    CHECK(from_bytes<SenderReport>(to_bytes(sent)) == sent);
    CHECK(from_bytes<ReceiverReport>(to_bytes(received)) == received);
  }
}

TEST_CASE("the round-trip time is what is left of the echo (RFC 3550 §6.4.1, figure 2)") {
  // The RFC's own example: A = 0xb710:8000, DLSR 0x0005:4000 (5.25 s), LSR 0xb705:2000 (46853.125 s): 6.125
  // s.
  const std::uint64_t now = 0x0000B71080000000ULL;
  CHECK(round_trip_time(now, 0xB7052000, 0x00054000) == 6'125'000us);
  CHECK_FALSE(round_trip_time(now, 0, 0));
  CHECK(round_trip_time(now, 0xB7108000, 10) == 1ms);         // rounding
  CHECK_FALSE(round_trip_time(now, 0xB7108000, 0x00054000));  // an echo from the future
}

TEST_CASE("a source description holds canonical names, each chunk ended and aligned") {
  Sdes sdes;
  sdes.chunks.push_back({Ssrc{0x01020304}, "ab"});
  sdes.chunks.push_back({Ssrc{0x05060708}, "c"});
  const Datagram expected = {0x82, 202, 0, 6, 1, 2, 3, 4, 1,   2, 'a', 'b', 0, 0,
                             0,    0,   5, 6, 7, 8, 1, 1, 'c', 0, 0,   0,   0, 0};
  // Two bytes of head and one of name leave one null in the first word: that is enough.
  const Datagram tight = {0x82, 202, 0, 5, 1, 2, 3, 4, 1, 2, 'a', 'b', 0, 0, 0, 0, 5, 6, 7, 8, 1, 1, 'c', 0};
  CHECK(to_bytes(sdes) == tight);
  CHECK(from_bytes<Sdes>(tight) == sdes);
  CHECK(from_bytes<Sdes>(expected) == sdes);
  check_refuses_every_cut<Sdes>(tight);
}

TEST_CASE("other items of a source description are read over, and lying lengths refused") {
  const Datagram datagram = {0x81, 202, 0, 4, 1, 2, 3, 4, 6, 2, 'x', 'y', 1, 2, 'a', 'b', 0, 0, 0, 0};
  CHECK(from_bytes<Sdes>(datagram)->chunks[0].cname == "ab");
  for (std::size_t at : {9U, 13U}) {
    Datagram lying = datagram;
    lying[at] = 200;
    CHECK_FALSE(from_bytes<Sdes>(lying));
  }
  Datagram endless = datagram;
  for (std::size_t at = 8; at < endless.size(); at += 2) endless[at] = 6, endless[at + 1] = 0;
  CHECK_FALSE(from_bytes<Sdes>(endless));
  CHECK(from_bytes<Sdes>({0x80, 202, 0, 0})->chunks.empty());
}

TEST_CASE("names of every length keep their alignment") {
  for (std::size_t n = 0; n < 260; ++n) {
    const std::string name(n, 'n');
    Sdes sdes;
    sdes.chunks.push_back({Ssrc{1}, name});
    sdes.chunks.push_back({Ssrc{2}, "next"});
    const Datagram datagram = to_bytes(sdes);
    const auto read = from_bytes<Sdes>(datagram);
    REQUIRE(read);
    CHECK(read->chunks[0].cname == name.substr(0, 255));
    CHECK(read->chunks[1].cname == "next");
  }
}

TEST_CASE("a goodbye names its sources and may say why") {
  Bye bye;
  bye.ssrcs.push_back({0x01020304});
  CHECK(to_bytes(bye) == Datagram{0x81, 203, 0, 1, 1, 2, 3, 4});
  bye.reason = "bored";
  const Datagram expected = {0x81, 203, 0, 3, 1, 2, 3, 4, 5, 'b', 'o', 'r', 'e', 'd', 0, 0};
  CHECK(to_bytes(bye) == expected);
  CHECK(from_bytes<Bye>(expected) == bye);
  Datagram lying = expected;
  lying[8] = 8;
  CHECK_FALSE(from_bytes<Bye>(lying));
  lying = expected;
  lying[0] = 0x84;
  CHECK_FALSE(from_bytes<Bye>(lying));
}

std::vector<int> numbers_of(const Nack& nack) {
  std::vector<int> numbers;
  nack.for_each([&](SequenceNumber n) { numbers.push_back(n.value); });
  return numbers;
}

TEST_CASE("a NACK packs numbers into pairs (RFC 4585 §6.2.1)") {
  const std::vector<SequenceNumber> numbers = {{100}, {101}, {116}, {117}, {65535}, {0}, {15}};
  std::array<std::uint8_t, 64> out{};
  ByteWriter writer(out);
  CHECK(Nack::serialize_to(writer, Ssrc{1}, Ssrc{2}, numbers) == numbers.size());
  const Datagram written(writer.written().begin(), writer.written().end());
  CHECK(written == Datagram{0x81, 205, 0,    5,    0, 0,   0, 1, 0,    0,    0,    2,
                            0,    100, 0x80, 0x01, 0, 117, 0, 0, 0xFF, 0xFF, 0x80, 0x01});
  const auto nack = from_bytes<Nack>(written);
  REQUIRE(nack);
  CHECK(nack->sender() == Ssrc{1});
  CHECK(nack->media() == Ssrc{2});
  CHECK(numbers_of(*nack) == std::vector<int>{100, 101, 116, 117, 65535, 0, 15});
}

TEST_CASE("a NACK without room says how far it came") {
  std::vector<SequenceNumber> numbers;
  for (int n = 0; n < 100; ++n) numbers.push_back({static_cast<std::uint16_t>(20 * n)});
  std::vector<int> read;
  for (std::span<const SequenceNumber> rest(numbers); !rest.empty();) {
    std::array<std::uint8_t, 50> out{};
    ByteWriter writer(out);
    const std::size_t n = Nack::serialize_to(writer, Ssrc{1}, Ssrc{2}, rest);
    REQUIRE(n > 0);
    REQUIRE(writer.ok());
    const Datagram written(writer.written().begin(), writer.written().end());
    for (const int number : numbers_of(*from_bytes<Nack>(written))) read.push_back(number);
    rest = rest.subspan(n);
  }
  REQUIRE(read.size() == 100);
  CHECK(read.back() == 1980);
  std::array<std::uint8_t, 15> small{};
  ByteWriter writer(small);
  CHECK(Nack::serialize_to(writer, Ssrc{1}, Ssrc{2}, numbers) == 0);
  CHECK(writer.size() == 0);
}

TEST_CASE("random numbers come back from a NACK in order") {
  const std::uint64_t seed = GENERATE(range(0, 5));
  INFO("seed " << seed);
  Random random(seed);
  for (int round = 0; round < 100; ++round) {
    std::vector<SequenceNumber> numbers;
    SequenceNumber n{static_cast<std::uint16_t>(random.u32())};
    for (std::uint32_t i = 1 + random.below(200); i > 0; --i) {
      n = n.plus(1 + static_cast<int>(random.below(random.chance(0.9) ? 5 : 100)));
      numbers.push_back(n);
    }
    std::array<std::uint8_t, 1200> out{};
    ByteWriter writer(out);
    REQUIRE(Nack::serialize_to(writer, Ssrc{1}, Ssrc{2}, numbers) == numbers.size());
    const Datagram written(writer.written().begin(), writer.written().end());
    std::vector<SequenceNumber> read;
    from_bytes<Nack>(written)->for_each([&](SequenceNumber number) { read.push_back(number); });
    CHECK(read == numbers);
  }
}

TEST_CASE("a NACK without whole items is refused") {
  CHECK_FALSE(from_bytes<Nack>({0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2}));
  CHECK_FALSE(from_bytes<Nack>({0x81, 205, 0, 1, 0, 0, 0, 1}));
  CHECK_FALSE(from_bytes<Nack>({0xA1, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 1}));
  CHECK_FALSE(from_bytes<Nack>({0x82, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 0}));
}

TEST_CASE("a PLI is two SSRCs (RFC 4585 §6.3.1)") {
  const Datagram expected = {0x81, 206, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(to_bytes(Pli{Ssrc{0x01020304}, Ssrc{0x05060708}}) == expected);
  CHECK(from_bytes<Pli>(expected) == Pli{Ssrc{0x01020304}, Ssrc{0x05060708}});
  check_refuses_every_cut<Pli>(expected);
}

TEST_CASE("a FIR names each source with a number (RFC 5104 §4.3.1)") {
  Fir fir{Ssrc{0x01020304}, {}};
  fir.requests.push_back({Ssrc{0x05060708}, 9});
  const Datagram expected = {0x84, 206, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8, 9, 0, 0, 0};
  CHECK(to_bytes(fir) == expected);
  CHECK(from_bytes<Fir>(expected) == fir);
  check_refuses_every_cut<Fir>(expected);
}

TEST_CASE("a REMB keeps 18 bits of its rate") {
  Remb remb{Ssrc{1}, 1'000'000, {}};
  remb.ssrcs.push_back({0x01020304});
  // 1,000,000 needs 20 bits: mantissa 250,000 = 0x3D090, exponent 2.
  const Datagram expected = {0x8F, 206, 0,   5,   0, 0,    0,    1,    0, 0, 0, 0,
                             'R',  'E', 'M', 'B', 1, 0x0B, 0xD0, 0x90, 1, 2, 3, 4};
  CHECK(to_bytes(remb) == expected);
  CHECK(from_bytes<Remb>(expected) == remb);
  check_refuses_every_cut<Remb>(expected);

  for (const std::uint64_t rate :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{262143}, std::uint64_t{262144},
        std::uint64_t{123'456'789'012}, ~std::uint64_t{0}}) {
    remb.bitrate = rate;
    const auto read = from_bytes<Remb>(to_bytes(remb));
    REQUIRE(read);
    CHECK(read->bitrate <= rate);
    CHECK(static_cast<double>(rate - read->bitrate) <= static_cast<double>(rate) / 131072);
  }
}

TEST_CASE("a REMB that lies is refused") {
  Remb remb{Ssrc{1}, 1'000'000, {}};
  const Datagram good = to_bytes(remb);
  Datagram lying = good;
  lying[12] = 'X';
  CHECK_FALSE(from_bytes<Remb>(lying));
  lying = good;
  lying[16] = 1;  // an SSRC that is not there
  CHECK_FALSE(from_bytes<Remb>(lying));
  lying = good;
  lying[17] = lying[18] = lying[19] = 0xFF;  // a rate beyond 64 bits
  CHECK_FALSE(from_bytes<Remb>(lying));
}

TEST_CASE("an extended report carries the receiver's time and its echo (RFC 3611 §4.4, §4.5)") {
  ExtendedReport report;
  report.sender = {1};
  report.receiver_reference_time = 0x1112131421222324;
  report.dlrr.push_back({Ssrc{2}, 0x31323334, 0x41424344});
  const Datagram expected = {
      0x80, 207, 0x00, 0x08, 0,    0,    0,    1,                             // XR, SSRC
      4,    0,   0,    2,    0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24,  // RRTR
      5,    0,   0,    3,    0,    0,    0,    2,    0x31, 0x32, 0x33, 0x34, 0x41, 0x42, 0x43, 0x44,  // DLRR
  };
  CHECK(to_bytes(report) == expected);
  CHECK(from_bytes<ExtendedReport>(expected) == report);
}

TEST_CASE("unknown extended report blocks are read over, malformed ones refused") {
  const Datagram unknown = {0x80, 207, 0, 6, 0, 0, 0, 1, 9, 0, 0, 1, 1, 2,
                            3,    4,   4, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};
  CHECK(from_bytes<ExtendedReport>(unknown)->receiver_reference_time == 0x0000000100000002u);
  Datagram lying = unknown;
  lying[11] = 100;
  CHECK_FALSE(from_bytes<ExtendedReport>(lying));
  lying = unknown;
  lying[16] = 5;  // DLRR of two words
  CHECK_FALSE(from_bytes<ExtendedReport>(lying));
  lying = unknown;
  lying[11] = 0;  // the next block then starts at 01020304, too long
  CHECK_FALSE(from_bytes<ExtendedReport>(lying));
  CHECK_FALSE(from_bytes<ExtendedReport>({0x80, 207, 0, 0}));
}

}  // namespace
}  // namespace sluice::rtcp
