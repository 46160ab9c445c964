#include "rtcp/transport_feedback.h"

#include <map>

#include "base/random.h"
#include "rtcp_test_util.h"

namespace sluice::rtcp {
namespace {

using Arrivals = std::vector<Instant>;

/// Number (unwrapped by position) → arrival, for those received.
struct Read {
  std::vector<std::optional<Duration>> arrivals;
  SequenceNumber base;
};

Read read(const TransportFeedback& feedback) {
  Read out;
  out.base = feedback.base();
  feedback.for_each([&](SequenceNumber n, std::optional<Duration> at) {
    CHECK(n == out.base.plus(static_cast<int>(out.arrivals.size())));
    out.arrivals.push_back(at);
  });
  return out;
}

/// Writes everything in as many datagrams of `room` bytes as it takes, reads it back and compares.
void check_round_trip(SequenceNumber base, const Arrivals& arrivals, std::size_t room) {
  std::span<const Instant> rest(arrivals);
  std::uint8_t count = 0;
  while (!rest.empty()) {
    std::vector<std::uint8_t> out(room);
    ByteWriter writer(out);
    const std::size_t n = TransportFeedback::serialize_to(writer, {Ssrc{1}, Ssrc{2}, count}, base, rest);
    REQUIRE(n > 0);
    REQUIRE(writer.ok());
    REQUIRE(writer.size() % 4 == 0);
    const Datagram datagram(writer.written().begin(), writer.written().end());
    const auto feedback = from_bytes<TransportFeedback>(datagram);
    REQUIRE(feedback);
    CHECK(feedback->sender() == Ssrc{1});
    CHECK(feedback->media() == Ssrc{2});
    CHECK(feedback->feedback_count() == count++);
    REQUIRE(feedback->status_count() == n);
    const Read back = read(*feedback);
    REQUIRE(back.base == base);
    for (std::size_t i = 0; i < n; ++i) {
      REQUIRE(back.arrivals[i].has_value() == (rest[i] != kNever));
      if (!back.arrivals[i]) continue;
      // Equal up to the wrap of the reference time.
      const Duration error =
          (rest[i].time_since_epoch() - *back.arrivals[i]) % ((1 << 24) * TransportFeedback::kReferenceUnit);
      REQUIRE(error >= 0us);
      REQUIRE(error < TransportFeedback::kDeltaUnit);
    }
    base = base.plus(static_cast<int>(n));
    rest = rest.subspan(n);
  }
}

TEST_CASE("arrivals are written as the draft draws them") {
  // 64 ms is reference 1; then 4 ticks (1 ms), 8, a loss, 400 (100 ms: a large delta) and -4.
  const Arrivals arrivals = {Instant(65ms), Instant(67ms), kNever, Instant(167ms), Instant(166ms)};
  std::array<std::uint8_t, 64> out{};
  ByteWriter writer(out);
  CHECK(TransportFeedback::serialize_to(writer, {Ssrc{1}, Ssrc{2}, 7}, {0xFFFF}, arrivals) == 5);
  const Datagram written(writer.written().begin(), writer.written().end());
  const Datagram expected = {
      0x8F, 205,  0,    6,                 // FMT=15, 7 words
      0,    0,    0,    1,    0, 0, 0, 2,  // SSRCs
      0xFF, 0xFF, 0,    5,                 // base, status count
      0,    0,    1,    7,                 // reference time 64 ms, fb pkt. count
      0xD4, 0xA0,                          // two-bit vector: 1 1 0 2 2
      4,    8,                             // small deltas
      0x01, 0x90, 0xFF, 0xFC,              // 400, -4
  };
  CHECK(written == expected);
  check_refuses_every_cut<TransportFeedback>(expected);
}

TEST_CASE("every kind of chunk is read") {
  const Datagram datagram = {
      0x8F, 205,  0,    9,    0, 0, 0, 1, 0, 0, 0, 2,  // head
      0x00, 0x10, 0x00, 34,                            // base 16, 34 statuses
      0xFF, 0xFF, 0xFF, 0,                             // reference time -64 ms
      0x00, 0x05,                                      // run of 5 not received
      0x40, 0x02,                                      // run of 2 large deltas
      0xA0, 0x01,                                      // one bit: 1 0 0 0 0 0 0 0 0 0 0 0 0 1
      0xC0, 0x06,                                      // two bits: 0 0 0 0 0 1 2
      0x20, 0x06,                                      // run of 6 small deltas
      0x00, 0xFF, 0xFF, 0xFE,                          // 255, -2
      1,    2,                                         // of the one-bit vector
      3,    0x7F, 0xFF,                                // of the two-bit vector
      0,    0,    0,    0,    0, 1,                    // of the last run
      0,
  };
  Datagram padded = datagram;
  padded[3] = static_cast<std::uint8_t>(padded.size() / 4);
  while (padded.size() % 4 != 0) padded.push_back(0);
  padded[3] = static_cast<std::uint8_t>(padded.size() / 4 - 1);
  const auto feedback = from_bytes<TransportFeedback>(padded);
  REQUIRE(feedback);
  CHECK(feedback->reference_time() == -64ms);
  const Read back = read(*feedback);
  REQUIRE(back.arrivals.size() == 34);
  const auto ticks = [&](std::size_t i) {
    return (*back.arrivals[i] + 64ms) / TransportFeedback::kDeltaUnit;
  };
  for (std::size_t i = 0; i < 5; ++i) CHECK_FALSE(back.arrivals[i]);
  CHECK(ticks(5) == 255);
  CHECK(ticks(6) == 253);
  CHECK(ticks(7) == 254);
  CHECK_FALSE(back.arrivals[8]);
  CHECK(ticks(20) == 256);
  CHECK_FALSE(back.arrivals[25]);
  CHECK(ticks(26) == 259);
  CHECK(ticks(27) == 259 + 32767);
  CHECK(ticks(33) == 259 + 32767 + 1);
}

TEST_CASE("feedback that lies is refused") {
  const auto make = [](std::uint16_t count, std::vector<std::uint8_t> rest) {
    Datagram datagram = {0x8F, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9};
    datagram.push_back(static_cast<std::uint8_t>(count >> 8));
    datagram.push_back(static_cast<std::uint8_t>(count));
    datagram.insert(datagram.end(), {0, 0, 1, 0});
    datagram.insert(datagram.end(), rest.begin(), rest.end());
    datagram[3] = static_cast<std::uint8_t>(datagram.size() / 4 - 1);
    return datagram;
  };
  CHECK(from_bytes<TransportFeedback>(make(1, {0x20, 0x01, 5, 0})));
  CHECK_FALSE(from_bytes<TransportFeedback>(make(0, {0x20, 0x01, 5, 0})));  // no statuses
  CHECK_FALSE(from_bytes<TransportFeedback>(make(1, {})));                  // no chunk
  CHECK_FALSE(from_bytes<TransportFeedback>(make(3, {0x20, 0x03, 5, 0})));  // deltas missing
  CHECK_FALSE(from_bytes<TransportFeedback>(make(1, {0x60, 0x01, 5, 0})));  // reserved symbol in a run
  CHECK_FALSE(from_bytes<TransportFeedback>(make(1, {0xF0, 0x00, 5, 0})));  // reserved symbol in a vector
  CHECK_FALSE(from_bytes<TransportFeedback>(make(1, {0x20, 0x00, 0x20, 0x01})));  // a run of none
  CHECK_FALSE(from_bytes<TransportFeedback>(make(65535, {0x1F, 0xFF, 0x1F, 0xFF})));
  // A vector that ends behind the count: what is behind does not count, not even reserved symbols.
  CHECK(from_bytes<TransportFeedback>(make(1, {0xC0, 0x03, 0, 0})));
  // A long run of losses is legal and small.
  const Datagram long_run = make(8191, {0x1F, 0xFF, 0, 0});
  const auto losses = from_bytes<TransportFeedback>(long_run);
  REQUIRE(losses);
  CHECK(read(*losses).arrivals.size() == 8191);
}

TEST_CASE("padding of one to three bytes, as libwebrtc writes it, is taken off") {
  const Datagram datagram = {0xAF, 205, 0, 5, 0, 0, 0, 1, 0,    0,    0, 2,
                             0,    9,   0, 1, 0, 0, 1, 0, 0x20, 0x01, 5, 1};
  const auto feedback = from_bytes<TransportFeedback>(datagram);
  REQUIRE(feedback);
  CHECK(read(*feedback).arrivals[0] == 64ms + 1250us);
}

TEST_CASE("a delta out of range starts another packet") {
  const Arrivals arrivals = {Instant(1s), Instant(20s), Instant(3s)};
  std::array<std::uint8_t, 64> out{};
  ByteWriter writer(out);
  CHECK(TransportFeedback::serialize_to(writer, {}, {1}, arrivals) == 1);
  check_round_trip({1}, arrivals, 64);
}

TEST_CASE("long runs, long gaps and small datagrams all come through") {
  Arrivals arrivals;
  for (int i = 0; i < 5000; ++i) arrivals.push_back(Instant(1s + i * 1ms));
  check_round_trip({60000}, arrivals, 1200);
  check_round_trip({60000}, arrivals, 28);
  for (int i = 10; i < 4990; ++i) arrivals[static_cast<std::size_t>(i)] = kNever;
  check_round_trip({60000}, arrivals, 1200);
}

TEST_CASE("a steady stream costs one byte a packet") {
  Arrivals arrivals;
  for (int i = 0; i < 100; ++i) arrivals.push_back(Instant(1s + i * 1ms));
  std::array<std::uint8_t, 1200> out{};
  ByteWriter writer(out);
  CHECK(TransportFeedback::serialize_to(writer, {}, {1}, arrivals) == 100);
  CHECK(writer.size() == 20 + 2 + 100 + 2);
}

TEST_CASE("without room nothing is written") {
  const Arrivals arrivals = {Instant(1s)};
  for (std::size_t room = 0; room < 24; ++room) {
    std::vector<std::uint8_t> out(room);
    ByteWriter writer(out);
    CHECK(TransportFeedback::serialize_to(writer, {}, {1}, arrivals) == 0);
    CHECK(writer.size() == 0);
  }
  std::array<std::uint8_t, 24> out{};
  ByteWriter writer(out);
  CHECK(TransportFeedback::serialize_to(writer, {}, {1}, arrivals) == 1);
}

TEST_CASE("random arrivals come back to a quarter of a millisecond") {
  const std::uint64_t seed = GENERATE(range(0, 20));
  INFO("seed " << seed);
  Random random(seed);
  for (int round = 0; round < 30; ++round) {
    const double loss = random.unit();
    const std::uint32_t spread = random.chance(0.5) ? 2'000 : 200'000;
    Arrivals arrivals;
    Instant now(Duration(random.u64() % 1'000'000'000'000));
    for (std::uint32_t n = 1 + random.below(600); n > 0; --n) {
      now += Duration(random.below(spread));
      arrivals.push_back(random.chance(loss) ? kNever : now + Duration(random.below(spread)));
    }
    check_round_trip({static_cast<std::uint16_t>(random.u32())}, arrivals, 100 + random.below(1200));
  }
}

}  // namespace
}  // namespace sluice::rtcp
