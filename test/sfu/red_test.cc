// RED through a producer and its viewers, each with what it has negotiated (RFC 2198).
#include "codec/red.h"

#include "sfu/rig.h"

namespace sluice::sfu::testing {
namespace {

using Payload = std::vector<std::uint8_t>;

/// One publisher of RED 63 with Opus 111 inside, and viewers of each kind.
class Room {
 public:
  Room() : publisher(rig.add_side()), producer(add_producer()) {}

  Consumer& add_viewer(std::uint8_t opus_type, std::uint8_t red_type, bool rtx = false) {
    auto options = consumer_of(producer, false, 7000);
    options.payload_types.fill(Consumer::kNoPayloadType);
    options.payload_types[kOpus] = opus_type;
    options.payload_types[kRed] = red_type;
    options.red_block_type = opus_type;
    options.parameters.codecs[0].rtcp_feedback = {{"nack", ""}};
    if (rtx) {
      options.rtx_payload_types[kOpus] = 120;
      options.rtx_payload_types[kRed] = 121;
      options.parameters.encodings[0].rtx_ssrc = 7001;
    }
    return rig.add_side().session.add_consumer(std::move(options), producer, rig.now);
  }
  void feed(Payload payload, std::uint8_t type = kRed) {
    ++number;
    rig.feed(publisher, {type, number, 1234, std::move(payload), 960U * number});
  }
  /// The RTP that each side was sent since the last time.
  std::vector<std::vector<Sent>> sent() {
    std::vector<std::vector<Sent>> out(rig.sides.size());
    for (Sent& one : rig.drain()) {
      if (!one.rtcp) out.at(one.side).push_back(std::move(one));
    }
    return out;
  }

  Rig rig;
  Side& publisher;
  Producer& producer;
  std::uint16_t number = 0;

 private:
  Producer& add_producer() {
    Producer::Options out;
    out.id = "producer";
    out.kind = MediaKind::kAudio;
    out.parameters = audio(1234);
    out.parameters.codecs.insert(out.parameters.codecs.begin(), codec("audio/red", kRed, 48'000));
    out.red_block_type = kOpus;
    return publisher.session.add_producer(std::move(out));
  }
};

Payload payload_of(const Sent& sent) {
  const Bytes bytes = sent.view().payload();
  return {bytes.begin(), bytes.end()};
}

std::uint64_t dropped(const Consumer& consumer, Instant now, std::string_view reason) {
  for (const auto& entry : consumer.explain(now).dropped) {
    if (entry.reason == reason) return entry.packets;
  }
  return 0;
}

constexpr std::size_t kSame = 1;
constexpr std::size_t kOther = 2;
constexpr std::size_t kNone = 3;

TEST_CASE("each viewer gets RED with its own numbers in the headers, or the primary block alone") {
  Room room;
  room.add_viewer(kOpus, kRed);
  room.add_viewer(100, 101);
  room.add_viewer(98, Consumer::kNoPayloadType);
  const Payload first = red({}, opus(1));
  const Payload second = red(opus(1), opus(2));
  room.feed(first);
  room.feed(second);
  const auto sent = room.sent();
  for (const std::size_t viewer : {kSame, kOther, kNone}) {
    REQUIRE(sent[viewer].size() == 2);
    CHECK(sent[viewer][1].view().sequence_number().minus(sent[viewer][0].view().sequence_number()) == 1);
    CHECK(sent[viewer][1].view().timestamp().minus(sent[viewer][0].view().timestamp()) == 960);
  }
  CHECK(sent[kSame][0].view().payload_type() == PayloadType{kRed});
  CHECK(payload_of(sent[kSame][0]) == first);
  CHECK(payload_of(sent[kSame][1]) == second);
  CHECK(sent[kOther][0].view().payload_type() == PayloadType{101});
  CHECK(payload_of(sent[kOther][0]) == red({}, opus(1), 100));
  CHECK(payload_of(sent[kOther][1]) == red(opus(1), opus(2), 100));
  CHECK(sent[kNone][0].view().payload_type() == PayloadType{98});
  CHECK(payload_of(sent[kNone][0]) == opus(1));
  CHECK(payload_of(sent[kNone][1]) == opus(2));
}

TEST_CASE("as many blocks as are read fit in front of the payload, with RTX too") {
  Room room;
  Consumer& consumer = room.add_viewer(100, 101, true);
  Payload many;
  for (std::size_t i = 1; i < codec::Red::kMaxBlocks; ++i)
    many.insert(many.end(), {0x80 | kOpus, 0x0F, 0, 1});
  many.push_back(kOpus);
  const std::size_t headers = many.size();
  for (std::size_t i = 1; i < codec::Red::kMaxBlocks; ++i) many.push_back(static_cast<std::uint8_t>(i));
  many.insert(many.end(), {0xF8, 1, 2});
  room.feed(many);
  const auto sent = room.sent();
  REQUIRE(sent[1].size() == 1);
  const Payload got = payload_of(sent[1][0]);
  REQUIRE(got.size() == many.size());
  const auto read = codec::Red::parse(got);
  REQUIRE(read);
  CHECK(codec::Red::names_only(got, read->block_count, 100));
  CHECK(read->blocks[3].timestamp_offset == 960);
  CHECK(std::equal(got.begin() + static_cast<std::ptrdiff_t>(headers), got.end(),
                   many.begin() + static_cast<std::ptrdiff_t>(headers)));

  room.rig.now += 50ms;
  consumer.on_nack(sent[1][0].view().sequence_number(), room.rig.now);
  const auto again = room.sent();
  REQUIRE(again[1].size() == 1);
  CHECK(again[1][0].view().payload_type() == PayloadType{121});
  Payload repaired = payload_of(again[1][0]);
  CHECK(load16(repaired.data()) == sent[1][0].view().sequence_number().value);
  repaired.erase(repaired.begin(), repaired.begin() + 2);
  CHECK(repaired == got);
}

TEST_CASE("the primary block alone is repeated by the RTX of Opus") {
  Room room;
  Consumer& consumer = room.add_viewer(100, Consumer::kNoPayloadType, true);
  room.feed(red(opus(1), opus(2)));
  const auto sent = room.sent();
  REQUIRE(sent[1].size() == 1);
  room.rig.now += 50ms;
  consumer.on_nack(sent[1][0].view().sequence_number(), room.rig.now);
  const auto again = room.sent();
  REQUIRE(again[1].size() == 1);
  CHECK(again[1][0].view().payload_type() == PayloadType{120});
  const Payload repaired = payload_of(again[1][0]);
  CHECK(Payload(repaired.begin() + 2, repaired.end()) == opus(2));
}

TEST_CASE("plain Opus, as publishers send between RED, is forwarded as Opus to viewers with RED") {
  Room room;
  room.add_viewer(kOpus, kRed);
  room.add_viewer(100, 101);
  room.add_viewer(98, Consumer::kNoPayloadType);
  room.feed(red(opus(1), opus(2)));
  room.feed(opus(3), kOpus);
  room.feed(red(opus(3), opus(4)));
  const auto sent = room.sent();
  const std::array<std::uint8_t, 4> types{0, kOpus, 100, 98};
  for (const std::size_t viewer : {kSame, kOther, kNone}) {
    REQUIRE(sent[viewer].size() == 3);
    CHECK(sent[viewer][1].view().payload_type() == PayloadType{types.at(viewer)});
    CHECK(payload_of(sent[viewer][1]) == opus(3));
    CHECK(sent[viewer][2].view().sequence_number().minus(sent[viewer][0].view().sequence_number()) == 2);
  }
}

TEST_CASE(
    "what cannot be read as RED goes untouched to who has RED, and is left out without a gap elsewhere") {
  Room room;
  room.add_viewer(kOpus, kRed);
  room.add_viewer(100, 101);
  Consumer& none = room.add_viewer(98, Consumer::kNoPayloadType);
  const auto bad = GENERATE(Payload{0xFF, 1}, Payload{0x80 | kOpus, 0, 3, 0xFF, kOpus, 1, 2},
                            Payload{77, 0xF8, 1, 2}, red(opus(1), opus(2), 77));
  room.feed(red({}, opus(1)));
  room.feed(bad);
  for (int i = 0; i < 100; ++i) room.feed(red(opus(1), opus(2)));  // not trusted at once
  room.feed(red(opus(8), opus(9)));
  const auto sent = room.sent();
  for (const std::size_t viewer : {kSame, kOther}) {
    REQUIRE(sent[viewer].size() == 103);
    CHECK(payload_of(sent[viewer][1]) == bad);
    CHECK(sent[viewer][102].view().sequence_number().minus(sent[viewer][0].view().sequence_number()) == 102);
  }
  CHECK(payload_of(sent[kOther][102]) == red(opus(8), opus(9), 100));
  REQUIRE(sent[kNone].size() == 2);
  CHECK(payload_of(sent[kNone][1]) == opus(9));
  CHECK(sent[kNone][1].view().sequence_number().minus(sent[kNone][0].view().sequence_number()) == 1);
  CHECK(dropped(none, room.rig.now, "red-unreadable") == 101);
}

TEST_CASE("RED that is encrypted end to end is not touched, though some of it looks like RED") {
  Room room;
  room.add_viewer(100, 101);
  std::vector<Payload> in;
  room.feed({0xFF, 0});  // known for what it is
  for (int i = 0; i < 20'000; ++i) {
    Payload secret(12);
    room.rig.random.fill(secret);
    in.push_back(secret);
    room.feed(std::move(secret));
    if (i % 500 != 499) continue;
    auto sent = room.sent();
    if (i == 499) sent[1].erase(sent[1].begin());
    REQUIRE(sent[1].size() == in.size());
    bool same = true;
    for (std::size_t k = 0; k < in.size(); ++k) same = same && payload_of(sent[1][k]) == in[k];
    CHECK(same);
    in.clear();
  }
}

TEST_CASE("a codec that the viewer has not negotiated leaves no gap in its numbers") {
  Room room;
  room.add_viewer(Consumer::kNoPayloadType, kRed);
  room.feed(red({}, opus(1)));
  room.feed(opus(2), kOpus);
  room.feed(red(opus(2), opus(3)));
  const auto sent = room.sent();
  REQUIRE(sent[1].size() == 2);
  CHECK(sent[1][1].view().sequence_number().minus(sent[1][0].view().sequence_number()) == 1);
}

TEST_CASE("who ignores DTX is sent no comfort noise, plain or in RED, and no gap") {
  Room room;
  Consumer& consumer = room.add_viewer(100, 101);
  auto options = consumer_of(room.producer, false, 7000);
  options.payload_types[kRed] = 101;
  options.ignore_dtx = true;
  Side& side = room.rig.add_side();
  Consumer& ignoring = side.session.add_consumer(std::move(options), room.producer, room.rig.now);
  room.feed(opus(1), kOpus);
  room.feed({0xF8}, kOpus);
  room.feed(red(opus(1), {0xF8}));
  room.feed(opus(2), kOpus);
  const auto sent = room.sent();
  CHECK(sent[1].size() == 4);
  REQUIRE(sent[2].size() == 2);
  CHECK(sent[2][1].view().sequence_number().minus(sent[2][0].view().sequence_number()) == 1);
  CHECK(dropped(ignoring, room.rig.now, "dtx") == 2);
  CHECK(dropped(consumer, room.rig.now, "dtx") == 0);
}

}  // namespace
}  // namespace sluice::sfu::testing
