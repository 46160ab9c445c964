// Peers that do what they should not, and bytes that are none of SCTP's.
#include "catch.h"
#include "sctp/inbox.h"
#include "sctp/support.h"

namespace sluice::sctp::test {
namespace {

TEST_CASE("hostile: bytes of no association, cut packets and changed ones do no harm") {
  Pair pair(11);
  REQUIRE(pair.connect());
  const auto channels = pair.open();
  Random random(5);
  pair.lose = [&](bool, Bytes packet) {
    std::vector<std::uint8_t> bad(packet.begin(), packet.end());
    for (int i = 0; i < 3; ++i) {
      bad[random.below(static_cast<std::uint32_t>(bad.size()))] = static_cast<std::uint8_t>(random.u32());
      pair.b.channels.receive(bad, pair.now);
      pair.b.channels.receive(Bytes(packet).first(random.below(static_cast<std::uint32_t>(packet.size()))),
                              pair.now);
    }
    pair.b.channels.receive({}, pair.now);
    return false;
  };
  for (int i = 0; i < 100; ++i) {
    pair.send(pair.a, channels.at_a, "message");
    pair.run_for(10ms);
  }
  pair.lose = nullptr;
  pair.run_for(5s);
  CHECK(pair.b.messages().size() == 100);
  CHECK(pair.b.channels.counters().packets_malformed > 50);
}

TEST_CASE("hostile: messages on streams without a channel are counted and dropped") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto at_a = pair.a.channels.create({.negotiated = true, .id = std::uint16_t{9}}, pair.now);
  pair.send(pair.a, *at_a, "to nobody");
  pair.run_for(1s);
  CHECK(pair.b.messages().empty());
  CHECK(pair.b.channels.counters().unknown_channel == 1);
  pair.a.channels.close(*at_a, pair.now);  // nobody resets the other direction
  pair.run_for(10s);
  CHECK(pair.a.channels.channel_state(*at_a) == ChannelState::kClosing);
}

TEST_CASE("hostile: DCEP for a stream in use does not disturb its channel") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto at_b = pair.b.channels.create({.negotiated = true, .id = std::uint16_t{0}}, pair.now);
  const auto at_a = pair.a.channels.create({.label = "by DCEP"}, pair.now);  // takes 0 as well
  pair.send(pair.a, *at_a, "x");
  pair.run_for(1s);
  CHECK(pair.b.announced().empty());
  CHECK(pair.b.channels.counters().dcep_refused == 1);
  CHECK(pair.b.story(*at_b) == "open message");
}

TEST_CASE("inbox: pieces of several streams are kept apart, and the deprecated partial PPIDs continue") {
  Inbox inbox(10, 30);
  const auto add = [&](std::uint16_t stream, bool unordered, std::uint32_t ppid, std::string_view text,
                       bool end) { return inbox.add(stream, unordered, ppid, as_bytes(text), end); };
  using Outcome = Inbox::Outcome;
  CHECK(add(1, false, ppid::kString, "ab", false) == Outcome::kMore);
  CHECK(add(2, false, ppid::kString, "xy", false) == Outcome::kMore);
  CHECK(add(1, true, ppid::kString, "u", true) == Outcome::kMessage);
  CHECK(as_text(inbox.message()) == "u");
  CHECK(add(1, false, ppid::kString, "c", true) == Outcome::kMessage);
  CHECK(as_text(inbox.message()) == "abc");
  CHECK(add(2, false, ppid::kString, "z", true) == Outcome::kMessage);
  CHECK(as_text(inbox.message()) == "xyz");
  CHECK(add(3, false, ppid::kStringPartial, "one ", true) == Outcome::kMore);
  CHECK(add(3, false, ppid::kString, "two", true) == Outcome::kMessage);
  CHECK(as_text(inbox.message()) == "one two");
  CHECK(add(4, false, ppid::kBinary, "lost", false) == Outcome::kMore);
  inbox.forget(4);
  CHECK(add(4, false, ppid::kBinary, "kept", true) == Outcome::kMessage);
  CHECK(as_text(inbox.message()) == "kept");
}

TEST_CASE("inbox: a message that is too long is told once, the rest of it dropped; the whole is bounded") {
  Inbox inbox(10, 25);
  const auto add = [&](std::uint16_t stream, std::string_view text, bool end) {
    return inbox.add(stream, false, ppid::kBinary, as_bytes(text), end);
  };
  using Outcome = Inbox::Outcome;
  CHECK(add(1, "12345678901", true) == Outcome::kTooLarge);
  CHECK(add(1, "123456", false) == Outcome::kMore);
  CHECK(add(1, "123456", false) == Outcome::kTooLarge);
  CHECK(add(1, "123456", false) == Outcome::kMore);
  CHECK(add(1, "1", true) == Outcome::kMore);
  CHECK(add(1, "ok", true) == Outcome::kMessage);
  CHECK(add(1, "1234567890", false) == Outcome::kMore);
  CHECK(add(2, "1234567890", false) == Outcome::kMore);
  CHECK(add(3, "1234567890", false) == Outcome::kFull);
  inbox.forget(1);
  CHECK(add(3, "1234567890", false) == Outcome::kMore);
}

}  // namespace
}  // namespace sluice::sctp::test
