#include <vector>

#include "base/bytes.h"
#include "base/deadline_heap.h"
#include "base/ids.h"
#include "base/log2_histogram.h"
#include "base/random.h"
#include "catch.h"
#include "sluice/packet.h"

namespace sluice {
namespace {

TEST_CASE("a histogram's values lie within their bounds, and what is above them all in the last bucket") {
  Log2Histogram<4> from_zero;
  for (const std::uint64_t value : {0, 1, 2, 3, 4, 7, 8, 1000}) from_zero.add(value);
  const Histogram fractions = from_zero.in_units_of(0.5);
  CHECK(fractions.bounds == std::vector<double>{0, 0.5, 1.5});
  CHECK(fractions.counts == std::vector<std::uint64_t>{1, 1, 2, 4});
  CHECK(fractions.sum == 512.5);
  Log2Histogram<4, 1> from_one;
  for (const std::uint64_t value : {0, 1, 2, 3, 4, 5}) from_one.add(value);
  CHECK(from_one.in_units_of(1).bounds == std::vector<double>{1, 2, 4});
  CHECK(from_one.in_units_of(1).counts == std::vector<std::uint64_t>{2, 1, 2, 1});
  from_one += from_one;
  CHECK(from_one.in_units_of(1).sum == 30);
}

TEST_CASE("a read past the end fails and stays failed") {
  const std::uint8_t bytes[] = {1, 2, 3};
  ByteReader reader{Bytes(bytes)};
  CHECK(reader.u16() == 0x0102);
  CHECK(reader.u16() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.u8() == 0);
}

TEST_CASE("a write past the end writes nothing and stays failed") {
  std::uint8_t bytes[3] = {};
  ByteWriter writer{MutableBytes(bytes)};
  writer.u16(0x0102);
  writer.u16(0x0304);
  CHECK_FALSE(writer.ok());
  CHECK(writer.size() == 2);
  CHECK(bytes[2] == 0);
}

TEST_CASE("sequence numbers compare across the wrap") {
  CHECK(SequenceNumber{2}.newer_than({65534}));
  CHECK_FALSE(SequenceNumber{65534}.newer_than({2}));
  SequenceUnwrapper unwrapper;
  const auto first = unwrapper.unwrap({65534});
  CHECK(unwrapper.unwrap({1}) == first + 3);
  CHECK(unwrapper.unwrap({65535}) == first + 1);
}

TEST_CASE("the deadline heap gives what is due, in order, and nothing else") {
  const std::uint64_t seed = GENERATE(1, 2, 3, 4, 5);
  INFO("seed " << seed);
  Random random(seed);
  DeadlineHeap heap;
  std::vector<std::unique_ptr<Deadline>> deadlines;
  for (int i = 0; i < 200; ++i) deadlines.push_back(std::make_unique<Deadline>(nullptr));
  for (int i = 0; i < 2000; ++i) {
    auto& deadline = *deadlines[random.below(200)];
    if (random.chance(0.2)) {
      heap.remove(deadline);
    } else {
      heap.set(deadline, Instant(Duration(random.below(1000))));
    }
  }
  deadlines.resize(150);  // destroyed ones leave by themselves
  Instant last{};
  while (Deadline* due = heap.pop_due(Instant(500us))) {
    CHECK(due->at() == kNever);
    last = std::max(last, due->at() == kNever ? last : due->at());
  }
  CHECK(heap.next() > Instant(500us));
  std::size_t left = 0;
  for (auto& deadline : deadlines) left += deadline->at() != kNever ? 1 : 0;
  CHECK(left == heap.size());
}

TEST_CASE("packets return to their pool when the last reference goes") {
  PacketPool pool(64);
  {
    std::vector<PacketRef> held;
    while (auto packet = pool.allocate()) held.push_back(packet);
    CHECK(held.size() == 64);
    CHECK(pool.in_use() == 64);
  }
  CHECK(pool.in_use() == 0);
}

TEST_CASE("the same seed gives the same random numbers") {
  Random a(7);
  Random b(7);
  Random c(8);
  CHECK(a.u64() == b.u64());
  CHECK(a.u64() != c.u64());
  CHECK(a.ice_chars(24).size() == 24);
  for (int i = 0; i < 1000; ++i) CHECK(a.below(10) < 10);
}

TEST_CASE("IPv4-mapped addresses are IPv4") {
  const auto mapped = SocketAddress::parse("::ffff:192.0.2.1", 5000);
  REQUIRE(mapped);
  CHECK(*mapped == *SocketAddress::parse("192.0.2.1", 5000));
  CHECK(mapped->to_string() == "192.0.2.1:5000");
  CHECK(SocketAddress::parse("2001:db8::1", 1)->to_string() == "[2001:db8::1]:1");
  CHECK_FALSE(SocketAddress::parse("example.com", 1));
}

std::string hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

TEST_CASE("HMAC-SHA1 gives what RFC 2202 says, for keys shorter and longer than a block") {
  CHECK(hex(crypto::hmac_sha1(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) ==
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  const std::vector<std::uint8_t> long_key(80, 0xAA);
  CHECK(
      hex(crypto::hmac_sha1(long_key, as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
      "aa4ae5e15272d00e95705637ce8a3b55ed402112");
  CHECK(hex(crypto::hmac_sha1({}, {})) == "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

}  // namespace
}  // namespace sluice
