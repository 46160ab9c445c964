// Closing while data is missing: a request to reset streams that overtakes what was sent before it.
#include <algorithm>

#include "catch.h"
#include "sctp/early_resets.h"
#include "sctp/packet.h"
#include "sctp/support.h"
#include "seeds.h"

namespace sluice::sctp::test {
namespace {

using Packet = std::vector<std::uint8_t>;

bool has_chunk(Bytes packet, std::uint8_t wanted) {
  bool found = false;
  for_each_chunk(packet, [&](std::uint8_t type, Bytes) { found = found || type == wanted; });
  return found;
}

bool has_data(Bytes packet) {
  return has_chunk(packet, chunk_type::kData) || has_chunk(packet, chunk_type::kIData);
}

/// Loses the `which`th packet with data of `a` from now on, once.
auto lose_data(int which) {
  return [which, seen = 0](bool from_a, Bytes packet) mutable {
    return from_a && has_data(packet) && seen++ == which;
  };
}

std::size_t channels_of(const Pair& pair) {
  return pair.a.channels.channel_count() + pair.b.channels.channel_count();
}

// usrsctp asks for a reset when all of that stream is acknowledged; what is missing is of another, which is
// in the same order of TSNs.
TEST_CASE("resets: a channel closes when any packet of another is lost, and nothing follows") {
  const bool interleaving = GENERATE(true, false);
  for (int lost = 0; lost < 5; ++lost) {
    INFO("lost " << lost << ", interleaving " << interleaving);
    Options options;
    options.interleaving = interleaving;
    Pair pair(1, options, options);
    REQUIRE(pair.connect());
    const auto closing = pair.open();
    const auto other = pair.open();
    pair.run_for(1s);
    pair.lose = lose_data(lost);
    for (int i = 0; i < 5; ++i)
      pair.a.channels.send(other.at_a, MessageKind::kBinary, pattern(1000, 1), pair.now);
    pair.a.channels.close(closing.at_a, pair.now);
    REQUIRE(pair.run_until([&] { return channels_of(pair) == 2; }, 2s));
    REQUIRE(pair.run_until([&] { return pair.b.messages(other.at_b).size() == 5; }, 2s));
    CHECK(pair.b.count(Event::Type::kClosing, closing.at_b) == 1);
  }
}

TEST_CASE("resets: a channel closes when the last message of another was given up") {
  for (int lost = 0; lost < 3; ++lost) {
    INFO("lost " << lost);
    Pair pair;
    REQUIRE(pair.connect());
    const auto closing = pair.open();
    const auto other = pair.open({.reliability = {true, std::nullopt, std::uint16_t{0}}});
    pair.run_for(1s);
    pair.lose = lose_data(lost);
    for (int i = 0; i < 3; ++i)
      pair.a.channels.send(other.at_a, MessageKind::kBinary, pattern(1000, 1), pair.now);
    pair.a.channels.close(closing.at_a, pair.now);
    REQUIRE(pair.run_until([&] { return channels_of(pair) == 2; }, 2s));
    CHECK(pair.b.messages(other.at_b).size() == 2);
  }
}

TEST_CASE("resets: many channels close at once under loss, and their streams carry others afterwards") {
  for (const std::uint64_t seed : seeds(1, 6)) {
    INFO("seed " << seed);
    Pair pair(seed);
    pair.weather = {.loss = 0.05, .duplication = 0.01, .delay = 20ms, .jitter = 30ms};
    REQUIRE(pair.connect());
    for (int round = 0; round < 4; ++round) {
      std::vector<Pair::Both> channels;
      for (std::uint16_t id = 0; id < 10; ++id) {
        channels.push_back(pair.open({.negotiated = true, .id = id}));
        pair.a.channels.send(channels.back().at_a, MessageKind::kBinary, pattern(1000, 1), pair.now);
      }
      for (const auto& both : channels) pair.a.channels.close(both.at_a, pair.now);
      INFO("round " << round << ", left: " << channels_of(pair));
      REQUIRE(pair.run_until([&] { return channels_of(pair) == 0; }, 20s));
      for (const auto& both : channels) CHECK(pair.b.messages(both.at_b).size() == 1);
    }
  }
}

TEST_CASE("resets: without loss a close waits for nobody's delayed acknowledgement of another channel") {
  for (int messages = 0; messages < 4; ++messages) {
    INFO("messages " << messages);
    Pair pair;
    REQUIRE(pair.connect());
    const auto closing = pair.open();
    const auto other = pair.open();
    pair.run_for(1s);
    for (int i = 0; i < messages; ++i) pair.send(pair.a, other.at_a, "meanwhile");
    pair.a.channels.close(closing.at_a, pair.now);
    CHECK(pair.run_until([&] { return channels_of(pair) == 2; }, 40ms));
  }
}

TEST_CASE("resets: a path that was dead while nothing but a reset was under way carries data again") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto closing = pair.open();
  const auto other = pair.open();
  pair.run_for(1s);
  pair.lose = [](bool, Bytes) { return true; };
  pair.a.channels.close(closing.at_a, pair.now);
  pair.run_for(30s);
  pair.lose = nullptr;
  REQUIRE(pair.run_until([&] { return channels_of(pair) == 2; }));
  pair.send(pair.a, other.at_a, "back");
  REQUIRE(pair.run_until([&] { return pair.b.messages(other.at_b).size() == 1; }));
}

// --- EarlyResets, packet by packet

Packet packet_of(const std::vector<Packet>& chunks) {
  Packet packet(kCommonHeader);
  store16(packet.data(), 5000);
  store16(&packet[2], 5000);
  store32(&packet[4], 77);
  for (const Packet& chunk : chunks) {
    packet.insert(packet.end(), chunk.begin(), chunk.end());
    packet.resize((packet.size() + 3) & ~std::size_t{3});
  }
  set_checksum(packet);
  return packet;
}

Packet chunk_of(std::uint8_t type, std::size_t size, std::uint32_t first_word = 0) {
  Packet chunk(size);
  chunk[0] = type;
  store16(&chunk[2], static_cast<std::uint16_t>(size));
  store32(&chunk[4], first_word);
  return chunk;
}

/// To reset one stream after `tsn`.
Packet request_after(std::uint32_t tsn) {
  Packet chunk = chunk_of(chunk_type::kReConfig, 22);
  store16(&chunk[4], 13);
  store16(&chunk[6], 18);
  store32(&chunk[16], tsn);
  return chunk;
}

Packet copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

TEST_CASE("early resets: a request waits for the TSN that it follows, also over the wrap") {
  EarlyResets resets;
  resets.note_sent(packet_of({chunk_of(chunk_type::kSack, 16, 0xFFFFFFFE)}));
  const Packet on_time = packet_of({request_after(0xFFFFFFFE)});
  CHECK(copy(resets.filter(on_time)) == on_time);
  const Packet early = packet_of({request_after(1)});
  CHECK(resets.filter(early).empty());
  CHECK_FALSE(resets.wants_sack());     // nothing has come that a SACK would tell of
  CHECK(resets.filter(early).empty());  // once more
  (void)resets.filter(packet_of({chunk_of(chunk_type::kIData, 24, 0)}));
  CHECK(resets.wants_sack());
  resets.note_sent(packet_of({chunk_of(chunk_type::kSack, 16, 0)}));
  CHECK_FALSE(resets.wants_sack());
  CHECK(resets.take_due().empty());
  resets.note_sent(packet_of({chunk_of(chunk_type::kSack, 16, 1)}));
  CHECK(copy(resets.take_due()) == early);
  CHECK(resets.take_due().empty());
}

TEST_CASE("early resets: what came with the request passes, with a checksum of its own") {
  EarlyResets resets;
  Packet init = chunk_of(chunk_type::kInit, 20);
  store32(&init[16], 100);
  (void)resets.filter(packet_of({init}));  // so that 99 is there
  const Packet data = chunk_of(chunk_type::kData, 20, 100);
  const Packet passed = copy(resets.filter(packet_of({request_after(100), data})));
  CHECK(has_right_checksum(passed));
  CHECK_FALSE(has_chunk(passed, chunk_type::kReConfig));
  CHECK(has_chunk(passed, chunk_type::kData));
  const Packet ask = copy(resets.ask_for_sack(false));
  CHECK(ask == packet_of({chunk_of(chunk_type::kForwardTsn, 8, 99)}));
  resets.note_sent(packet_of({chunk_of(chunk_type::kSack, 16, 100)}));
  CHECK(copy(resets.take_due()) == packet_of({request_after(100)}));
}

TEST_CASE("early resets: a packet that is damaged, cut short or not understood passes as it is") {
  EarlyResets resets;
  Packet request = packet_of({request_after(7)});
  CHECK(copy(resets.filter(request)) == request);  // before anything is known
  resets.note_sent(packet_of({chunk_of(chunk_type::kSack, 16, 5)}));
  request.back() ^= 1;
  CHECK(copy(resets.filter(request)) == request);
  for (std::size_t size = kCommonHeader; size < request.size() - 2; ++size) {
    const Packet cut(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(copy(resets.filter(cut)) == cut);
  }
  Packet odd = request_after(7);
  store16(&odd[6], 15);  // too short for a TSN
  CHECK(copy(resets.filter(packet_of({odd}))) == packet_of({odd}));
  CHECK(resets.take_due().empty());
}

}  // namespace
}  // namespace sluice::sctp::test
