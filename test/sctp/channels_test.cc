// Associations and channels: how they begin, what they are called, how they end.
#include "catch.h"
#include "sctp/support.h"
#include "seeds.h"

namespace sluice::sctp::test {
namespace {

TEST_CASE("data channels: both sides connect at once, one much later, or the first packets are lost") {
  const auto order = GENERATE(0, 1, 2, 3);
  Pair pair;
  int lost = 0;
  if (order == 3) pair.lose = [&](bool, Bytes) { return lost++ < 5; };
  if (order == 1) {
    pair.a.channels.start(true, pair.now);
    pair.run_for(3s);
    CHECK(pair.a.channels.state() == State::kConnecting);
  }
  if (order == 2) {
    pair.b.channels.start(false, pair.now);
    pair.run_for(3s);
  }
  REQUIRE(pair.connect());
  const auto channels = pair.open({.label = "x"});
  pair.send(pair.a, channels.at_a, "ping");
  pair.send(pair.b, channels.at_b, "pong");
  REQUIRE(pair.run_until([&] { return !pair.a.messages().empty() && !pair.b.messages().empty(); }));
  CHECK(text_of(*pair.b.messages()[0]) == "ping");
  CHECK(text_of(*pair.a.messages()[0]) == "pong");
}

TEST_CASE("data channels: nobody answers: failed, with the reason, in bounded time") {
  Pair pair;
  const auto channel = pair.a.channels.create({.label = "x"}, pair.now);
  pair.a.channels.start(true, pair.now);
  const Instant begun = pair.now;
  REQUIRE(pair.run_until([&] { return pair.a.channels.state() == State::kFailed; }, 600s));
  CHECK(pair.now - begun < 180s);
  CHECK(pair.a.story(*channel) == "error closed");
  CHECK(pair.a.events.back().text == "The peer did not answer SCTP's INIT.");
  CHECK(pair.a.channels.next_deadline() == kNever);
}

TEST_CASE("data channels: the same seed gives the same packets") {
  const auto run = [] {
    Pair pair(7);
    pair.weather.loss = 0.1;
    pair.weather.jitter = 30ms;
    std::vector<std::vector<std::uint8_t>> wire;
    pair.lose = [&](bool, Bytes packet) {
      wire.emplace_back(packet.begin(), packet.end());
      return wire.size() % 11 == 0;
    };
    pair.connect();
    const auto channels = pair.open({.label = "x"});
    const auto data = pattern(100'000, 1);
    pair.a.channels.send(channels.at_a, MessageKind::kBinary, data, pair.now);
    pair.run_for(10s);
    return wire;
  };
  const auto first = run();
  CHECK(first.size() > 100);
  CHECK(first == run());
}

TEST_CASE(
    "data channels: the opener is open at once; the peer is told of the channel before it opens, and that "
    "before messages") {
  Pair pair;
  ChannelOptions options{.label = "caf\xC3\xA9", .protocol = "proto"};
  options.reliability = {.ordered = false, .max_packet_life_time = {}, .max_retransmits = 3};
  options.priority = Priority::kHigh;
  const auto early = pair.a.channels.create(options, pair.now);  // before there is an association
  CHECK_FALSE(pair.a.channels.stream_id(*early).has_value());
  CHECK(pair.send(pair.a, *early, "too early") == SendStatus::kNotOpen);
  REQUIRE(pair.connect());
  CHECK(pair.send(pair.a, *early, "hello") == SendStatus::kSent);
  REQUIRE(pair.run_until([&] { return !pair.b.messages().empty(); }));
  CHECK(pair.a.story(*early) == "open");
  const ChannelHandle at_b = pair.b.announced().at(0);
  CHECK(pair.b.story(at_b) == "channel open message");
  const ChannelOptions* seen = pair.b.channels.channel_options(at_b);
  REQUIRE(seen != nullptr);
  CHECK(seen->label == options.label);
  CHECK(seen->protocol == options.protocol);
  CHECK(seen->reliability == options.reliability);
  CHECK(seen->priority == options.priority);
  CHECK_FALSE(seen->negotiated);
  CHECK(pair.b.channels.stream_id(at_b) == pair.a.channels.stream_id(*early));
}

TEST_CASE("data channels: ids are even for the DTLS client, odd for the server, the lowest free") {
  Pair pair;
  REQUIRE(pair.connect());
  for (std::uint16_t i = 0; i < 3; ++i) {
    const auto at_a = pair.a.channels.create({.label = "a"}, pair.now);
    const auto at_b = pair.b.channels.create({.label = "b"}, pair.now);
    CHECK(pair.a.channels.stream_id(*at_a) == 2 * i);
    CHECK(pair.b.channels.stream_id(*at_b) == 2 * i + 1);
  }
  const auto chosen = pair.a.channels.create({.negotiated = true, .id = std::uint16_t{6}}, pair.now);
  CHECK(chosen.ok());
  CHECK(pair.a.channels.stream_id(*pair.a.channels.create({}, pair.now)) == 8);
  pair.run_for(1s);
  CHECK(pair.a.announced().size() == 3);
  CHECK(pair.b.announced().size() == 4);
}

TEST_CASE("data channels: a negotiated channel is announced to nobody and carries messages both ways") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto channels = pair.open({.label = "n", .negotiated = true, .id = std::uint16_t{77}});
  pair.send(pair.a, channels.at_a, "1");
  pair.send(pair.b, channels.at_b, "2");
  pair.run_for(1s);
  CHECK(pair.a.story(channels.at_a) == "open message");
  CHECK(pair.b.story(channels.at_b) == "open message");
  CHECK(pair.b.channels.channel_of(77) == channels.at_b);
}

TEST_CASE("data channels: a description that cannot be is refused by the name of its field") {
  Pair pair;
  const auto refusal = [&](const ChannelOptions& options) {
    const auto created = pair.a.channels.create(options, pair.now);
    REQUIRE_FALSE(created.ok());
    return created.error();
  };
  CHECK(refusal({.reliability = {true, std::uint16_t{1}, std::uint16_t{1}}}).field == "maxRetransmits");
  CHECK(refusal({.label = std::string(65536, 'x')}).field == "label");
  CHECK(refusal({.protocol = std::string(65536, 'x')}).field == "protocol");
  CHECK(refusal({.negotiated = true}).field == "id");
  CHECK(refusal({.id = std::uint16_t{65535}}).message == "expected 0 to 65534, got 65535");
  REQUIRE(pair.a.channels.create({.negotiated = true, .id = std::uint16_t{5}}, pair.now).ok());
  CHECK(refusal({.negotiated = true, .id = std::uint16_t{5}}).code == ErrorCode::kAlreadyExists);
  for (int i = 0; i < 16; ++i) (void)pair.a.channels.create({.label = std::string(65535, 'x')}, pair.now);
  CHECK(refusal({.label = std::string(65535, 'x')}).code == ErrorCode::kLimitExceeded);
}

TEST_CASE(
    "data channels: close sends what is queued, then resets; both sides hear of it, and the id is free "
    "again") {
  Pair pair(3);
  pair.weather.loss = 0.05;
  pair.weather.jitter = 20ms;
  REQUIRE(pair.connect());
  for (int round = 0; round < 5; ++round) {
    const auto channels = pair.open({.label = "round"});
    CHECK(pair.a.channels.stream_id(channels.at_a) == 0);
    const auto data = pattern(200'000, 1);
    for (int i = 0; i < 3; ++i) pair.a.channels.send(channels.at_a, MessageKind::kBinary, data, pair.now);
    pair.a.channels.close(channels.at_a, pair.now);
    CHECK(pair.a.channels.channel_state(channels.at_a) == ChannelState::kClosing);
    CHECK(pair.send(pair.a, channels.at_a, "late") == SendStatus::kNotOpen);
    REQUIRE(pair.run_until(
        [&] { return pair.a.channels.channel_count() == 0 && pair.b.channels.channel_count() == 0; }));
    CHECK(pair.a.story(channels.at_a) == "open closed");
    CHECK(pair.b.story(channels.at_b) == "channel open message message message closing closed");
  }
  CHECK(pair.a.channels.counters().unknown_channel + pair.b.channels.counters().unknown_channel == 0);
}

TEST_CASE("data channels: both sides close at once, and a message that comes meanwhile is dropped") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto channels = pair.open();
  pair.send(pair.b, channels.at_b, "crossing");
  pair.a.channels.close(channels.at_a, pair.now);
  pair.b.channels.close(channels.at_b, pair.now);
  REQUIRE(
      pair.run_until([&] { return pair.a.channels.channel_count() + pair.b.channels.channel_count() == 0; }));
  CHECK(pair.a.story(channels.at_a) == "open closed");
  CHECK(pair.b.story(channels.at_b) == "channel open closed");
  CHECK(pair.a.channels.counters().unknown_channel == 1);
}

TEST_CASE(
    "data channels: what a channel has queued is dropped when the peer closes it, even in the middle of a "
    "message") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto channels = pair.open();
  const auto other = pair.open();
  const auto data = pattern(250'000, 1);
  for (int i = 0; i < 6; ++i) pair.a.channels.send(channels.at_a, MessageKind::kBinary, data, pair.now);
  pair.b.channels.close(channels.at_b, pair.now);
  REQUIRE(pair.run_until(
      [&] { return pair.a.channels.channel_count() == 1 && pair.b.channels.channel_count() == 1; }));
  CHECK(pair.a.story(channels.at_a) == "open closing closed");
  CHECK(pair.a.channels.buffered_amount() == 0);
  pair.send(pair.a, other.at_a, "still");
  REQUIRE(pair.run_until([&] { return pair.b.messages(other.at_b).size() == 1; }));
}

TEST_CASE(
    "data channels: 2,000 on one connection, more streams than INIT told, each with a message, then all "
    "closed") {
  Pair pair;
  REQUIRE(pair.connect());
  CHECK(pair.a.channels.outgoing_streams() == 1024);
  std::vector<ChannelHandle> channels;
  for (int i = 0; i < 1000; ++i) {
    channels.push_back(*pair.a.channels.create({.label = "a" + std::to_string(i)}, pair.now));
    (void)*pair.b.channels.create({.label = "b" + std::to_string(i)}, pair.now);
  }
  REQUIRE(
      pair.run_until([&] { return pair.a.announced().size() == 1000 && pair.b.announced().size() == 1000; }));
  CHECK(pair.a.channels.outgoing_streams() == 2000);
  for (const ChannelHandle channel : channels) CHECK(pair.send(pair.a, channel, "x") == SendStatus::kSent);
  REQUIRE(pair.run_until([&] { return pair.b.messages().size() == 1000; }));
  for (const ChannelHandle channel : channels) pair.a.channels.close(channel, pair.now);
  for (const ChannelHandle channel : pair.a.announced()) pair.a.channels.close(channel, pair.now);
  REQUIRE(
      pair.run_until([&] { return pair.a.channels.channel_count() + pair.b.channels.channel_count() == 0; }));
  CHECK(pair.a.channels.stream_id(*pair.a.channels.create({}, pair.now)) == 0);
}

TEST_CASE(
    "data channels: a peer that takes no more streams is an error of the channel, not of the connection") {
  Options few;
  few.incoming_streams = 16;
  Pair pair(1, {}, few);
  REQUIRE(pair.connect());
  CHECK(pair.a.channels.outgoing_streams() == 16);
  const auto beyond = pair.a.channels.create({.negotiated = true, .id = std::uint16_t{100}}, pair.now);
  REQUIRE(pair.run_until([&] { return pair.a.count(Event::Type::kClosed) == 1; }));
  CHECK(pair.a.story(*beyond) == "error closed");
  CHECK(pair.a.events.back().type == Event::Type::kClosed);
  CHECK(pair.a.channels.state() == State::kConnected);
  pair.open();
}

TEST_CASE("data channels: over our limit a peer's channel is refused by a reset") {
  Options one;
  one.max_channels = 1;
  Pair pair(1, {}, one);
  REQUIRE(pair.connect());
  pair.open({.label = "first"});
  const auto second = pair.a.channels.create({.label = "second"}, pair.now);
  REQUIRE(pair.run_until([&] { return pair.a.count(Event::Type::kClosed) == 1; }));
  CHECK(pair.a.story(*second) == "open closing closed");
  CHECK(pair.b.announced().size() == 1);
  CHECK(pair.b.channels.counters().dcep_refused == 1);
}

TEST_CASE("data channels: abort closes every channel on both sides, and says so to the peer") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto channels = pair.open();
  const auto data = pattern(200'000, 1);
  pair.a.channels.send(channels.at_a, MessageKind::kBinary, data, pair.now);  // in the middle of a message
  pair.run_for(25ms);
  pair.a.channels.abort(pair.now);
  REQUIRE(pair.run_until([&] { return pair.b.channels.state() == State::kClosed; }));
  CHECK(pair.a.story(channels.at_a) == "open closed");
  CHECK(pair.b.story(channels.at_b) == "channel open closed");
  CHECK(pair.b.events.back().type == Event::Type::kStateChanged);
  CHECK(pair.a.channels.next_deadline() == kNever);
  CHECK_FALSE(pair.a.channels.create({}, pair.now).ok());
  pair.run_for(60s);
}

TEST_CASE("data channels: a peer that is gone is noticed while something is under way") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto channels = pair.open();
  pair.lose = [](bool, Bytes) { return true; };
  pair.send(pair.a, channels.at_a, "into the void");
  REQUIRE(pair.run_until([&] { return pair.a.channels.state() == State::kFailed; }, 600s));
  CHECK(pair.a.story(channels.at_a) == "open error closed");
  CHECK_FALSE(pair.a.events.back().text.empty());
}

TEST_CASE("data channels: an idle association does nothing, and costs no wake-ups") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.open();
  pair.run_for(10s);
  const auto packets = pair.packets;
  pair.run_for(1h);
  CHECK(pair.packets == packets);
  CHECK(pair.a.channels.next_deadline() - pair.now > 5min);
}

TEST_CASE("data channels: heartbeats, where they are wanted, notice that a silent peer is gone") {
  Options beating;
  beating.heartbeat_interval = 30s;
  Pair pair(1, beating, {});
  REQUIRE(pair.connect());
  pair.run_for(300s);
  CHECK(pair.a.channels.state() == State::kConnected);
  pair.lose = [](bool, Bytes) { return true; };
  CHECK(pair.run_until([&] { return pair.a.channels.state() == State::kFailed; }, 1800s));
}

TEST_CASE("data channels: after reset() a new association begins, with new channels") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto before = pair.open();
  pair.a.channels.reset(pair.now);
  pair.b.channels.reset(pair.now);
  CHECK(pair.a.channels.state() == State::kNew);
  pair.run_for(100ms);  // packets of the old one arrive at none
  REQUIRE(pair.connect());
  const auto after = pair.open({.label = "again"});
  CHECK(after.at_a > before.at_a);
  CHECK(pair.a.channels.stream_id(after.at_a) == 0);
}

TEST_CASE("data channels: several pairs of different times live in one process") {
  Pair early(1);
  Pair late(2);
  late.now = early.now + 1000h;
  REQUIRE(late.connect());
  REQUIRE(early.connect());
  const auto a = early.open();
  const auto b = late.open();
  for (int i = 0; i < 10; ++i) {
    early.send(early.a, a.at_a, "x");
    late.send(late.a, b.at_a, "y");
    early.run_for(10ms);
    late.run_for(100ms);
  }
  early.run_for(1s);
  CHECK(early.b.messages().size() == 10);
  CHECK(late.b.messages().size() == 10);
}

}  // namespace
}  // namespace sluice::sctp::test
