// Messages: that they arrive, whole, in order or not, or are given up as the channel says; and what waits
// meanwhile.
#include <set>

#include "catch.h"
#include "sctp/support.h"
#include "seeds.h"

namespace sluice::sctp::test {
namespace {

std::string number(int i) {
  return std::to_string(i);
}

/// 400 messages of up to 3 KB from a to b, one a few ms.
void stream(Pair& pair, ChannelHandle channel, int count = 400) {
  for (int i = 0; i < count; ++i) {
    const std::string text = number(i) + ":" + std::string(static_cast<std::size_t>(i * 37 % 3000), 'x');
    REQUIRE(pair.send(pair.a, channel, text) == SendStatus::kSent);
    pair.run_for(5ms);
  }
  pair.run_for(20s);
}

std::vector<int> numbers(const End& end, ChannelHandle channel) {
  std::vector<int> out;
  for (const Event* message : end.messages(channel)) out.push_back(std::stoi(text_of(*message)));
  return out;
}

TEST_CASE(
    "delivery: reliable channels deliver all, ordered ones in order, with loss, duplication and reordering") {
  for (const std::uint64_t seed : seeds(1, 3)) {
    INFO("seed " << seed);
    const bool ordered = seed % 2 == 1;
    Pair pair(seed);
    pair.weather = {0.05, 0.02, 20ms, 30ms};
    REQUIRE(pair.connect());
    ChannelOptions options;
    options.reliability.ordered = ordered;
    const auto channels = pair.open(options);
    stream(pair, channels.at_a);
    const auto got = numbers(pair.b, channels.at_b);
    REQUIRE(got.size() == 400);
    CHECK(std::set<int>(got.begin(), got.end()).size() == 400);
    CHECK(std::ranges::is_sorted(got) == ordered);
    CHECK(pair.a.channels.buffered_amount() == 0);
    CHECK(pair.a.channels.counters().chunks_retransmitted > 0);
    CHECK(pair.a.largest_packet <= 1160);
  }
}

TEST_CASE(
    "delivery: partially reliable channels lose no more than they must, and later messages are not held up") {
  for (const std::uint64_t seed : seeds(1, 6)) {
    INFO("seed " << seed);
    Pair pair(seed);
    REQUIRE(pair.connect());
    ChannelOptions options;
    options.reliability.ordered = seed % 2 == 0;
    const auto kind = seed / 2 % 3;
    if (kind == 0) options.reliability.max_retransmits = 0;
    if (kind == 1) options.reliability.max_retransmits = 2;
    if (kind == 2) options.reliability.max_packet_life_time = 100;
    const auto channels = pair.open(options);
    pair.weather = {0.05, 0, 20ms, 10ms};
    Duration worst{};
    std::size_t seen = 0;
    for (int i = 0; i < 500; ++i) {
      pair.send(pair.a, channels.at_a, number(i));
      const Instant sent = pair.now;
      pair.run_for(20ms);
      if (pair.b.messages().size() > seen) worst = std::max(worst, pair.now - sent);
      seen = pair.b.messages().size();
    }
    pair.run_for(20s);
    const auto got = numbers(pair.b, channels.at_b);
    CHECK(got.size() >= (kind == 0 ? 420U : 480U));
    if (kind == 0) CHECK(got.size() < 500U);
    CHECK(std::set<int>(got.begin(), got.end()).size() == got.size());
    if (options.reliability.ordered) CHECK(std::ranges::is_sorted(got));
    CHECK(got.back() >= 490);
    CHECK(pair.a.channels.buffered_amount() == 0);
    CHECK(pair.a.channels.counters().messages_abandoned >= 500 - got.size());
  }
}

TEST_CASE("delivery: a message whose time is over while it waits is never sent") {
  Pair pair;
  REQUIRE(pair.connect());
  ChannelOptions options;
  options.reliability.max_packet_life_time = 200;
  const auto channels = pair.open(options);
  pair.weather.delay = 100ms;
  const auto data = pattern(50'000, 1);
  for (int i = 0; i < 30; ++i)
    REQUIRE(pair.a.channels.send(channels.at_a, MessageKind::kBinary, data, pair.now) == SendStatus::kSent);
  pair.run_for(30s);
  CHECK(pair.b.messages().size() < 20);
  CHECK(pair.b.messages().size() + pair.a.channels.counters().messages_abandoned >= 30);
  CHECK(pair.a.channels.buffered_amount() == 0);
  pair.send(pair.a, channels.at_a, "after");
  REQUIRE(pair.run_until(
      [&] { return !pair.b.messages().empty() && text_of(*pair.b.messages().back()) == "after"; }));
}

TEST_CASE("delivery: long messages that are given up half-way leave nothing behind") {
  for (const std::uint64_t seed : seeds(1, 4)) {
    INFO("seed " << seed);
    Options plain;
    plain.interleaving = seed % 2 == 0;
    Pair pair(seed, plain, plain);
    REQUIRE(pair.connect());
    ChannelOptions options;
    options.reliability.ordered = seed > 2;
    options.reliability.max_retransmits = 0;
    const auto lossy = pair.open(options);
    const auto reliable = pair.open();
    pair.weather = {0.03, 0, 20ms, 0ms};
    const auto data = pattern(100'000, seed);
    std::size_t sent = 0;
    for (int i = 0; i < 60; ++i) {
      sent +=
          pair.a.channels.send(lossy.at_a, MessageKind::kBinary, data, pair.now) == SendStatus::kSent ? 1 : 0;
      pair.send(pair.a, reliable.at_a, number(i));
      pair.run_for(200ms);
    }
    pair.weather.loss = 0;
    REQUIRE(pair.run_until([&] { return pair.a.channels.buffered_amount() == 0; }, 300s));
    pair.run_for(10s);
    CHECK(pair.b.messages(reliable.at_b).size() == 60);
    const auto whole = pair.b.messages(lossy.at_b);
    CHECK(whole.size() < sent);
    for (const Event* message : whole) CHECK(message->data == data);
    // The queue still moves at full speed.
    const Instant begun = pair.now;
    for (int i = 0; i < 10; ++i) pair.a.channels.send(reliable.at_a, MessageKind::kBinary, data, pair.now);
    REQUIRE(pair.run_until([&] { return pair.b.messages(reliable.at_b).size() == 70; }));
    CHECK(pair.now - begun < 5s);
  }
}

TEST_CASE("delivery: strings and binary, empty ones too, arrive as what they are") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto channels = pair.open();
  const auto binary = pattern(1000, 5);
  pair.send(pair.a, channels.at_a, "text");
  pair.send(pair.a, channels.at_a, "");
  pair.a.channels.send(channels.at_a, MessageKind::kBinary, binary, pair.now);
  pair.a.channels.send(channels.at_a, MessageKind::kBinary, {}, pair.now);
  pair.run_for(1s);
  const auto got = pair.b.messages();
  REQUIRE(got.size() == 4);
  CHECK(got[0]->kind == MessageKind::kString);
  CHECK(text_of(*got[0]) == "text");
  CHECK(got[1]->kind == MessageKind::kString);
  CHECK(got[1]->data.empty());
  CHECK(got[2]->kind == MessageKind::kBinary);
  CHECK(got[2]->data == binary);
  CHECK(got[3]->kind == MessageKind::kBinary);
  CHECK(got[3]->data.empty());
  CHECK(pair.b.channels.counters().bytes_received == 1004);
}

TEST_CASE("delivery: messages of 256 KiB both ways, with loss and a small receive window") {
  for (const bool interleaving : {true, false}) {
    Options options;
    options.receive_buffer_size = 65'536;
    options.interleaving = interleaving;
    Pair pair(4, options, options);
    pair.weather = {0.02, 0, 10ms, 5ms};
    REQUIRE(pair.connect());
    const auto channels = pair.open();
    const auto data = pattern(262'144, 9);
    for (int i = 0; i < 3; ++i) {
      REQUIRE(pair.a.channels.send(channels.at_a, MessageKind::kBinary, data, pair.now) == SendStatus::kSent);
      REQUIRE(pair.b.channels.send(channels.at_b, MessageKind::kString, data, pair.now) == SendStatus::kSent);
    }
    REQUIRE(
        pair.run_until([&] { return pair.a.messages().size() == 3 && pair.b.messages().size() == 3; }, 120s));
    for (const Event* message : pair.b.messages()) CHECK(message->data == data);
    for (const Event* message : pair.a.messages()) CHECK(message->data == data);
  }
}

TEST_CASE("delivery: larger than the remote takes is refused; larger than we take closes the channel") {
  Options bold;
  bold.max_send_message_size = 0;  // any
  Options small;
  small.max_receive_message_size = 100'000;
  Pair pair(1, bold, small);
  REQUIRE(pair.connect());
  const auto channels = pair.open();
  const auto fits = pattern(100'000, 1);
  const auto large = pattern(500'000, 1);
  pair.a.channels.send(channels.at_a, MessageKind::kBinary, fits, pair.now);
  pair.a.channels.send(channels.at_a, MessageKind::kBinary, large, pair.now);
  REQUIRE(pair.run_until([&] { return pair.a.channels.channel_count() == 0; }));
  CHECK(pair.b.story(channels.at_b) == "channel open message error closed");
  CHECK(pair.b.channels.counters().messages_too_large == 1);
  CHECK(pair.b.channels.state() == State::kConnected);

  pair.a.channels.set_max_send_message_size(1000);
  const auto next = pair.open();
  CHECK(pair.a.channels.send(next.at_a, MessageKind::kBinary, Bytes(fits).first(1001), pair.now) ==
        SendStatus::kTooLarge);
  CHECK(pair.a.channels.send(next.at_a, MessageKind::kBinary, Bytes(fits).first(1000), pair.now) ==
        SendStatus::kSent);
}

TEST_CASE("delivery: bufferedAmount tells what waits, and its event comes once each time it has fallen") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto channels = pair.open();
  DataChannels& a = pair.a.channels;
  a.set_buffered_amount_low_threshold(channels.at_a, 100'000);
  CHECK(a.buffered_amount(channels.at_a) == 0);
  const auto data = pattern(200'000, 1);
  for (std::size_t round = 1; round <= 3; ++round) {
    for (int i = 0; i < 4; ++i) a.send(channels.at_a, MessageKind::kBinary, data, pair.now);
    CHECK(a.buffered_amount(channels.at_a) > 700'000);
    CHECK(a.buffered_amount() == a.buffered_amount(channels.at_a));
    std::size_t last = a.buffered_amount(channels.at_a);
    REQUIRE(pair.run_until([&] {
      CHECK(a.buffered_amount(channels.at_a) <= last);
      last = a.buffered_amount(channels.at_a);
      CHECK(pair.a.count(Event::Type::kBufferedAmountLow) == (last <= 100'000 ? round : round - 1));
      return pair.b.messages().size() == round * 4;
    }));
    CHECK(a.buffered_amount(channels.at_a) == 0);
  }
  pair.send(pair.a, channels.at_a, "small");  // never above
  pair.run_for(1s);
  CHECK(pair.a.count(Event::Type::kBufferedAmountLow) == 3);
}

TEST_CASE("delivery: a queue that is full refuses, counts, and takes again when there is room") {
  Options options;
  options.send_buffer_size = 1'000'000;
  options.per_channel_send_limit = 600'000;
  Pair pair(1, options, {});
  REQUIRE(pair.connect());
  const auto one = pair.open();
  const auto two = pair.open();
  const auto data = pattern(200'000, 1);
  const auto fill = [&](ChannelHandle channel) {
    int taken = 0;
    while (pair.a.channels.send(channel, MessageKind::kBinary, data, pair.now) == SendStatus::kSent) ++taken;
    return taken;
  };
  CHECK(fill(one.at_a) == 3);
  CHECK(fill(two.at_a) == 2);
  CHECK(pair.a.channels.counters().messages_refused == 2);
  REQUIRE(pair.run_until([&] { return pair.b.messages().size() == 5; }));
  CHECK(fill(one.at_a) == 3);
}

TEST_CASE("delivery: a receiver that takes nothing stops the sender, and nothing is lost when it goes on") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto channels = pair.open();
  pair.b.takes_events = false;
  const auto data = pattern(100'000, 1);
  std::size_t sent = 0;
  for (int i = 0; i < 1000; ++i) {
    if (pair.a.channels.send(channels.at_a, MessageKind::kBinary, data, pair.now) == SendStatus::kSent)
      ++sent;
    pair.run_for(50ms);
  }
  CHECK(sent < 120);  // the window, the peer's queue of events, our own queue
  CHECK(pair.a.channels.buffered_amount() > 1'900'000);
  pair.b.takes_events = true;
  REQUIRE(pair.run_until([&] { return pair.b.messages().size() == sent; }, 120s));
  CHECK(pair.a.channels.buffered_amount() == 0);
}

TEST_CASE("delivery: a long message does not hold up another channel when both sides interleave") {
  const auto wait = [](bool interleaving) {
    Options options;
    options.interleaving = interleaving;
    options.max_send_message_size = options.max_receive_message_size = 2'000'000;
    Pair pair(1, options, options);
    pair.connect();
    const auto bulk = pair.open();
    const auto quick = pair.open();
    const auto data = pattern(2'000'000, 1);
    pair.a.channels.send(bulk.at_a, MessageKind::kBinary, Bytes(data).first(1'900'000), pair.now);
    pair.run_for(50ms);
    pair.send(pair.a, quick.at_a, "urgent");
    const Instant sent = pair.now;
    REQUIRE(pair.run_until([&] { return pair.b.messages(quick.at_b).size() == 1; }));
    const Duration took = pair.now - sent;
    REQUIRE(pair.run_until([&] { return pair.b.messages(bulk.at_b).size() == 1; }));
    CHECK(pair.b.messages(bulk.at_b)[0]->data.size() == 1'900'000);
    return took;
  };
  const Duration interleaved = wait(true);
  const Duration held_up = wait(false);
  CHECK(interleaved < 100ms);
  CHECK(held_up > 2 * interleaved);
}

TEST_CASE("delivery: channels with much to send share by their priorities") {
  Pair pair;
  REQUIRE(pair.connect());
  ChannelOptions high;
  high.priority = Priority::kHigh;
  ChannelOptions low;
  low.priority = Priority::kVeryLow;
  const auto fast = pair.open(high);
  const auto slow = pair.open(low);
  const auto data = pattern(8'000, 1);
  const auto fill = [&] {
    for (const ChannelHandle channel : {fast.at_a, slow.at_a}) {
      while (pair.a.channels.buffered_amount(channel) < 400'000)
        pair.a.channels.send(channel, MessageKind::kBinary, data, pair.now);
    }
  };
  while (pair.b.messages().size() < 400) {
    fill();
    pair.run_for(5ms);
  }
  const double ratio = static_cast<double>(pair.b.messages(fast.at_b).size()) /
                       static_cast<double>(pair.b.messages(slow.at_b).size());
  CHECK(ratio > 5);
  CHECK(ratio < 12);
}

}  // namespace
}  // namespace sluice::sctp::test
