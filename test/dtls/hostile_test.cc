// Whatever arrives: no crash, and a handshake under way goes on.
#include "catch.h"
#include "dtls/support.h"

namespace sluice::dtls {
namespace {

using test::Datagram;
using test::Pair;

/// One record of epoch 0.
Datagram record(std::uint8_t type, const Datagram& body) {
  Datagram out = {type, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9};
  out.push_back(static_cast<std::uint8_t>(body.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(body.size()));
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

/// A handshake fragment of zeros.
Datagram handshake(std::uint8_t type, std::uint32_t length, std::uint32_t offset, std::uint32_t fragment) {
  Datagram body(12 + fragment);
  body[0] = type;
  store24(&body[1], length);
  store24(&body[6], offset);
  store24(&body[9], fragment);
  return record(22, body);
}

TEST_CASE("malformed datagrams are dropped with a reason each") {
  Context context(test::make_certificate());
  Session server(context, Role::kServer);
  const Instant now{};
  CHECK(server.receive(record(22, {1}), now) == ReceiveResult::kNotStarted);
  server.start(now);
  CHECK(server.receive({}, now) == ReceiveResult::kTooShort);
  CHECK(server.receive(Datagram(12, 22), now) == ReceiveResult::kTooShort);
  Datagram cut = handshake(1, 100, 0, 100);
  cut.pop_back();
  CHECK(server.receive(cut, now) == ReceiveResult::kTooShort);
  CHECK(server.receive(record(24, {1}), now) == ReceiveResult::kBadRecord);
  CHECK(server.receive(record(20, {2}), now) == ReceiveResult::kBadRecord);
  CHECK(server.receive(record(21, {3, 40}), now) == ReceiveResult::kBadRecord);
  CHECK(server.receive(record(21, {2}), now) == ReceiveResult::kBadRecord);
  Datagram tls = handshake(1, 100, 0, 100);
  tls[1] = 3;
  CHECK(server.receive(tls, now) == ReceiveResult::kBadRecord);
  CHECK(server.receive(record(22, {}), now) == ReceiveResult::kBadHandshake);
  CHECK(server.receive(record(22, Datagram(5, 1)), now) == ReceiveResult::kBadHandshake);
  CHECK(server.receive(handshake(1, 100, 90, 20), now) == ReceiveResult::kBadHandshake);
  CHECK(server.receive(handshake(1, 100, 0xFFFFFF, 20), now) == ReceiveResult::kBadHandshake);
  CHECK(server.receive(handshake(1, 100, 0, 0), now) == ReceiveResult::kBadHandshake);
  CHECK(server.receive(handshake(1, 0xFFFFFF, 0, 20), now) == ReceiveResult::kBadHandshake);
  CHECK(server.receive(handshake(2, 100, 0, 20), now) == ReceiveResult::kUnexpectedMessage);
  CHECK(server.receive(handshake(20, 12, 0, 12), now) == ReceiveResult::kUnexpectedMessage);
  CHECK(server.receive(handshake(0, 0, 0, 0), now) == ReceiveResult::kUnexpectedMessage);
  CHECK(server.receive(record(23, {1, 2, 3}), now) == ReceiveResult::kUnencrypted);
  CHECK(server.state() == State::kConnecting);
  CHECK_FALSE(server.has_output());
  CHECK(server.receive_counts()[static_cast<std::size_t>(ReceiveResult::kTooShort)] == 3);
  CHECK(server.receive_counts()[static_cast<std::size_t>(ReceiveResult::kBadRecord)] == 5);
  CHECK(server.receive_counts()[static_cast<std::size_t>(ReceiveResult::kBadHandshake)] == 6);
  CHECK(to_string(ReceiveResult::kBadHandshake) == "bad-handshake");
}

TEST_CASE("a client does not answer a ClientHello") {
  Context context(test::make_certificate());
  Session client(context, Role::kClient);
  Session other(context, Role::kClient);
  client.start(Instant{});
  other.start(Instant{});
  std::vector<Datagram> out;
  other.drain(out);
  CHECK(client.receive(out.at(0), Instant{}) == ReceiveResult::kUnexpectedMessage);
  CHECK(client.state() == State::kConnecting);
}

TEST_CASE("a handshake survives garbage, truncated copies and stale records between its datagrams") {
  Context context(test::make_certificate());
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Pair::Setup setup;
    setup.client.mtu = setup.server.mtu = 400;
    setup.weather = {.loss = 0.1, .duplication = 0.1, .delay = 10ms, .jitter = 20ms};
    setup.seed = seed;
    Pair pair(context, context, setup);
    Random random(seed + 1000);
    std::vector<Datagram> garbage;
    pair.lose = [&](bool, const Datagram& datagram) {
      Datagram cut = datagram;
      cut.resize(random.below(static_cast<std::uint32_t>(cut.size())));
      garbage.push_back(std::move(cut));
      Datagram noise(1 + random.below(300));
      random.fill(noise);
      noise[0] = static_cast<std::uint8_t>(20 + random.below(44));  // the class RFC 7983 gives to DTLS
      garbage.push_back(noise);
      if (noise.size() > 13) {  // a protected record nobody protected
        const Datagram header = {22, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 0};
        std::copy(header.begin(), header.end(), noise.begin());
        store16(&noise[11], static_cast<std::uint16_t>(noise.size() - 13));
        garbage.push_back(std::move(noise));
      }
      return random.chance(0.1);
    };
    pair.start();
    REQUIRE(pair.run_until([&] {
      for (const Datagram& datagram : std::exchange(garbage, {})) {
        pair.client.receive(datagram, pair.now);
        pair.server.receive(datagram, pair.now);
      }
      return pair.both(State::kConnected);
    }));
    CHECK(pair.client.keys()->client_write == pair.server.keys()->client_write);
    CHECK(test::error_queue_empty());
  }
}

TEST_CASE(
    "a protected record too short for nonce and tag ends nothing, before, within and after the handshake") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  const auto strike = [&] {
    for (std::uint16_t size = 0; size < 24; ++size) {
      Datagram record = {23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(size + 1), 0, 0};
      store16(&record[11], size);
      record.resize(record.size() + size, 0xAB);
      CHECK(pair.client.receive(record, pair.now) != ReceiveResult::kProcessed);
      CHECK(pair.server.receive(record, pair.now) != ReceiveResult::kProcessed);
    }
  };
  strike();
  pair.lose = [&](bool, const Datagram&) {
    strike();
    return false;
  };
  pair.start();
  REQUIRE(pair.run_until([&] { return pair.both(State::kConnected); }));
  strike();
  CHECK(pair.both(State::kConnected));
  CHECK(test::error_queue_empty());
}

TEST_CASE("hundreds of datagrams that lead nowhere do not use up the retransmissions") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  bool lost = false;
  pair.lose = [&](bool from_client, const Datagram&) { return !from_client && !std::exchange(lost, true); };
  pair.start();
  REQUIRE(pair.run_until([&] { return lost; }));
  const Datagram hello = pair.sent.front().second;
  for (int i = 0; i < 500; ++i) {
    Datagram noise = hello;
    store32(&noise[7], 1000u + static_cast<std::uint32_t>(i));  // a new record of an old message
    CHECK(pair.server.receive(noise, pair.now) == ReceiveResult::kProcessed);
  }
  CHECK_FALSE(pair.server.has_output());
  CHECK(pair.run_until([&] { return pair.both(State::kConnected); }));
}

TEST_CASE("replayed, old and forged datagrams do nothing to a connected session") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  REQUIRE(pair.connect());
  pair.settle();
  const std::size_t before = pair.sent.size();
  for (const auto& [from_client, datagram] : std::vector(pair.sent)) {
    (from_client ? pair.server : pair.client).receive(datagram, pair.now);
    (from_client ? pair.client : pair.server).receive(datagram, pair.now);
    Datagram bent = datagram;
    bent.back() ^= 1;
    pair.server.receive(bent, pair.now);
    pair.client.receive(bent, pair.now);
  }
  const Datagram alert = record(21, {2, 40});
  pair.server.receive(alert, pair.now);
  pair.client.receive(alert, pair.now);
  REQUIRE(pair.both(State::kConnected));
  CHECK(pair.client.send(as_bytes("still here")));
  pair.settle();
  CHECK(pair.sent.size() == before + 1);
  std::vector<Datagram> received;
  pair.server.take_received(received);
  CHECK(received.size() == 1);
}

TEST_CASE("flipped bits end at worst in a failure with a reason") {
  Context context(test::make_certificate());
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    Pair::Setup setup;
    setup.seed = seed;
    Pair pair(context, context, setup);
    Random random(seed + 5000);
    std::vector<std::pair<bool, Datagram>> bent;
    pair.lose = [&](bool from_client, const Datagram& datagram) {
      if (!random.chance(0.3)) return false;
      Datagram copy = datagram;
      copy[random.below(static_cast<std::uint32_t>(copy.size()))] ^=
          static_cast<std::uint8_t>(1 << random.below(8));
      bent.emplace_back(from_client, std::move(copy));
      return true;
    };
    pair.start();
    pair.run_until([&] {
      for (const auto& [from_client, datagram] : std::exchange(bent, {})) {
        (from_client ? pair.server : pair.client).receive(datagram, pair.now);
      }
      return pair.both(State::kConnected);
    });
    for (const Session* session : {&pair.client, &pair.server}) {
      CHECK((session->state() == State::kFailed) == !session->failure().empty());
    }
    CHECK(test::error_queue_empty());
  }
}

}  // namespace
}  // namespace sluice::dtls
