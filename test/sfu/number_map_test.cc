#include "sfu/number_map.h"

#include <algorithm>
#include <map>

#include "base/ids.h"
#include "base/random.h"
#include "catch.h"
#include "sfu/rewriter.h"

namespace sluice::sfu {
namespace {

/// A map that follows one stream, and begins anew with whatever comes after restart().
class SequenceRewriter {
 public:
  explicit SequenceRewriter(SequenceNumber first) : map_(first.value) {}
  void restart() { fresh_ = true; }
  std::optional<std::uint16_t> rewrite(std::uint16_t in) {
    if (std::exchange(fresh_, false)) map_.start(3, in);
    return map_.keep(3, in);
  }
  [[nodiscard]] std::optional<std::uint16_t> original(std::uint16_t out) const {
    const auto found = map_.original(out);
    return found ? std::optional(found->number) : std::nullopt;
  }
  [[nodiscard]] SequenceNumber next() const { return {map_.next()}; }

 private:
  NumberMap map_;
  bool fresh_ = true;
};

std::optional<std::uint16_t> rewrite(SequenceRewriter& rewriter, int in) {
  return rewriter.rewrite(static_cast<std::uint16_t>(in));
}
std::optional<std::uint16_t> original(const SequenceRewriter& rewriter, int out) {
  return rewriter.original(static_cast<std::uint16_t>(out));
}

TEST_CASE("the first packet leaves with the number that was chosen, the rest follow") {
  SequenceRewriter rewriter({5000});
  CHECK(rewrite(rewriter, 77) == 5000);
  CHECK(rewrite(rewriter, 78) == 5001);
  CHECK(rewrite(rewriter, 79) == 5002);
  CHECK(rewriter.next().value == 5003);
}

TEST_CASE("the publisher's gaps stay gaps, and late packets fill them") {
  SequenceRewriter rewriter({100});
  CHECK(rewrite(rewriter, 10) == 100);
  CHECK(rewrite(rewriter, 15) == 105);
  CHECK(rewrite(rewriter, 12) == 102);
  CHECK(rewrite(rewriter, 16) == 106);
  CHECK(rewriter.next().value == 107);
}

TEST_CASE("a packet older than the first has no place") {
  SequenceRewriter rewriter({100});
  CHECK(rewrite(rewriter, 10) == 100);
  CHECK_FALSE(rewrite(rewriter, 9).has_value());
  CHECK(rewrite(rewriter, 11) == 101);
}

TEST_CASE("after a restart the numbers go on without a gap, and what came before has no place") {
  SequenceRewriter rewriter({100});
  CHECK(rewrite(rewriter, 10) == 100);
  CHECK(rewrite(rewriter, 11) == 101);
  rewriter.restart();
  CHECK(rewrite(rewriter, 500) == 102);
  CHECK_FALSE(rewrite(rewriter, 499).has_value());
  CHECK_FALSE(rewrite(rewriter, 12).has_value());
  CHECK(rewrite(rewriter, 501) == 103);
}

TEST_CASE("a restart over any distance goes on, also backwards") {
  const int again = GENERATE(0, 5, 9000, 30'000, 33'000, 60'000, 65'535);
  SequenceRewriter rewriter({100});
  CHECK(rewrite(rewriter, 10'000) == 100);
  rewriter.restart();
  CHECK(rewrite(rewriter, again) == 101);
  CHECK(rewrite(rewriter, again + 1) == 102);
}

TEST_CASE("both sides' numbers wrap without notice") {
  SequenceRewriter rewriter({65'530});
  for (int i = 0; i < 200'000; ++i) {
    REQUIRE(rewrite(rewriter, 65'000 + i) == static_cast<std::uint16_t>(65'530 + i));
  }
}

TEST_CASE("a number that was sent is found again over the wrap and over restarts") {
  SequenceRewriter rewriter({65'534});
  CHECK(rewrite(rewriter, 65'533) == 65'534);
  CHECK(rewrite(rewriter, 65'534) == 65'535);
  CHECK(rewrite(rewriter, 65'535) == 0);
  CHECK(rewrite(rewriter, 0) == 1);
  rewriter.restart();
  CHECK(rewrite(rewriter, 300) == 2);
  CHECK(original(rewriter, 65'534) == 65'533);
  CHECK(original(rewriter, 0) == 65'535);
  CHECK(original(rewriter, 1) == 0);
  CHECK(original(rewriter, 2) == 300);
}

TEST_CASE("a number that was never sent is of no packet") {
  SequenceRewriter rewriter({100});
  CHECK_FALSE(original(rewriter, 100).has_value());
  CHECK(rewrite(rewriter, 10) == 100);
  CHECK_FALSE(original(rewriter, 101).has_value());
  CHECK_FALSE(original(rewriter, 99).has_value());
  CHECK_FALSE(original(rewriter, 40'000).has_value());
}

TEST_CASE("only the last few restarts are remembered") {
  SequenceRewriter rewriter({100});
  for (int i = 0; i < 100; ++i) {
    rewriter.restart();
    CHECK(rewrite(rewriter, 500 * i) == 100 + i);
  }
  CHECK(original(rewriter, 199) == 49'500);
  CHECK(original(rewriter, 135) == 17'500);
  CHECK_FALSE(original(rewriter, 134).has_value());
}

TEST_CASE("a jump that no repair will fill leaves one number out, whatever its length") {
  const int jump = GENERATE(3001, 9000, 24'576, 30'000, 32'767);
  INFO("jump of " << jump);
  SequenceRewriter rewriter({100});
  for (int i = 0; i < 10'000; ++i) REQUIRE(rewrite(rewriter, i).has_value());
  const auto next = rewriter.next();
  CHECK(rewrite(rewriter, 9'999 + jump) == next.plus(1).value);
  CHECK(rewrite(rewriter, 9'999 + jump + 1) == next.plus(2).value);
  CHECK(original(rewriter, next.plus(1).value) == static_cast<std::uint16_t>(9'999 + jump));
  CHECK(original(rewriter, next.plus(-1).value) == 9'999);
}

TEST_CASE("whatever is lost, late and restarted, every number sent is unique and leads back") {
  const auto seed = GENERATE(range<std::uint64_t>(1, 20));
  INFO("seed " << seed);
  Random random(seed);
  SequenceRewriter rewriter({static_cast<std::uint16_t>(random.u32())});
  std::map<std::int64_t, std::int64_t> sent;  // our unwrapped number → the publisher's
  SequenceUnwrapper unwrapper;
  std::int64_t in = random.below(65'536);
  std::vector<std::int64_t> late;
  for (int i = 0; i < 20'000; ++i) {
    ++in;
    if (random.chance(0.03)) {
      late.push_back(in);
      continue;
    }
    if (random.chance(0.001)) {
      in += random.below(20'000);
      rewriter.restart();
      late.clear();
    }
    std::int64_t number = in;
    if (!late.empty() && random.chance(0.3)) {
      number = late.back();
      late.pop_back();
      --in;
    }
    const auto out = rewrite(rewriter, static_cast<int>(number & 0xFFFF));
    if (!out) continue;
    const auto [place, fresh] = sent.emplace(unwrapper.unwrap({*out}), number);
    REQUIRE(fresh);
    REQUIRE(rewriter.original(*out) == static_cast<std::uint16_t>(number));
    if (sent.size() > 500) {  // in the publisher's order, among the newest
      REQUIRE((place == sent.begin() || std::prev(place)->second < number));
    }
  }
}

TEST_CASE("what is left out is closed up, and has no place when it comes late") {
  NumberMap map(100);
  map.start(0, 10);
  CHECK(map.keep(0, 10) == 100);
  map.drop(11, 12);
  CHECK(map.keep(0, 13) == 101);
  map.drop(14, 14);
  map.drop(15, 16);
  CHECK(map.keep(0, 17) == 102);
  CHECK_FALSE(map.keep(0, 11).has_value());
  CHECK_FALSE(map.keep(0, 15).has_value());
  CHECK(map.keep(0, 13) == 101);
  CHECK(map.original(101)->number == 13);
  CHECK(map.original(102)->number == 17);
}

TEST_CASE("a gap before what is left out keeps its place") {
  NumberMap map(100);
  map.start(0, 10);
  CHECK(map.keep(0, 10) == 100);
  map.drop(13, 13);  // 11 and 12 may still come
  CHECK(map.keep(0, 14) == 103);
  CHECK(map.keep(0, 12) == 102);
  CHECK(map.keep(0, 11) == 101);
  CHECK_FALSE(map.keep(0, 13).has_value());
}

TEST_CASE(
    "another stream goes on where the last one ended, and late packets of the last one find their place") {
  NumberMap map(100);
  map.start(0, 10);
  CHECK(map.keep(0, 10) == 100);
  CHECK(map.keep(0, 12) == 102);
  map.start(1, 10);
  CHECK(map.keep(1, 10) == 103);
  CHECK(map.keep(1, 11) == 104);
  CHECK(map.keep(0, 11) == 101);
  CHECK_FALSE(map.keep(0, 13).has_value());
  CHECK(map.original(101)->stream == 0);
  CHECK(map.original(104)->stream == 1);
}

TEST_CASE("of thirty frames a second with every other one left out, two seconds can be asked for again") {
  NumberMap map(0xFF00);
  map.start(0, 5000);
  std::uint16_t in = 5000;
  std::map<std::uint16_t, std::uint16_t> sent;
  for (int frame = 0; frame < 120; ++frame) {
    for (int packet = 0; packet < 8; ++packet, ++in) {
      if (frame % 2 == 1) {
        map.drop(in, in);
        continue;
      }
      const auto out = map.keep(0, in);
      REQUIRE(out.has_value());
      if (frame >= 60) sent[*out] = in;
    }
  }
  for (const auto& [out, number] : sent) CHECK(map.original(out)->number == number);
}

TEST_CASE("numbers left out for hours do not confuse what is kept") {
  NumberMap map(7);
  map.start(0, 0);
  std::uint16_t expected = 7;
  for (std::uint32_t in = 0; in < 300'000; ++in) {
    if (in % 1000 != 0) {
      map.drop(static_cast<std::uint16_t>(in), static_cast<std::uint16_t>(in));
      continue;
    }
    REQUIRE(map.keep(0, static_cast<std::uint16_t>(in)) == expected);
    ++expected;
  }
}

TEST_CASE("a stream that was left is past up to its last number, kept or left out") {
  NumberMap map(100);
  CHECK_FALSE(map.is_past(1, 10));
  map.start(1, 10);
  CHECK(map.keep(1, 10) == 100);
  CHECK(map.keep(1, 15) == 105);
  map.drop(16, 17);
  map.start(2, 500);
  CHECK(map.keep(2, 500) == 106);
  CHECK(map.is_past(1, 12));
  CHECK(map.is_past(1, 17));
  CHECK_FALSE(map.is_past(1, 18));
  CHECK(map.is_past(2, 499));
  CHECK_FALSE(map.is_past(2, 501));
  CHECK_FALSE(map.is_past(3, 0));
}

/// Of a stream with tag 0: a frame of the base layer, or of the one above it, that begins a picture.
StoredPacket picture(PacketPool& pool, std::uint16_t number, std::uint32_t timestamp, bool upper) {
  const PacketRef packet = pool.allocate();
  std::uint8_t* header = packet->data;
  std::fill_n(header, 13, std::uint8_t{0});
  header[0] = 0x80;
  store16(header + 2, number);
  store32(header + 4, timestamp);
  packet->size = 13;
  StoredPacket out{packet, *rtp::PacketView::parse(packet->bytes()), {}, 0, 0, true, 0, 0, {}};
  out.facts.is_frame_start = true;
  out.facts.temporal_layer = upper ? 1 : 0;
  if (upper) out.facts.layers = codec::temporal_from(0, 1);
  out.span = {{number}, SequenceNumber{number}.plus(-1)};
  return out;
}

TEST_CASE("what was chosen for a stream is forgotten when its tag comes again") {
  PacketPool pool;
  Rewriter rewriter({100}, 0, 0);
  const auto first = picture(pool, 10, 5000, false);
  rewriter.start(first, {5000});
  rewriter.choose({0, 0}, first);
  REQUIRE(rewriter.rewrite(first));
  rewriter.forget();
  const auto again = picture(pool, 70, 9000, false);
  rewriter.start(again, {9000});
  rewriter.choose({0, 1}, again);
  REQUIRE(rewriter.rewrite(again));
  // Its picture lies between: no choice of this stream was made for it but the one that holds.
  REQUIRE(rewriter.rewrite(picture(pool, 72, 9002, false)));
  auto late = picture(pool, 71, 8000, true);
  late.newest = false;
  const auto rewrite = rewriter.rewrite(late);
  REQUIRE(rewrite);
  CHECK_FALSE(rewrite->empty);
}

}  // namespace
}  // namespace sluice::sfu
