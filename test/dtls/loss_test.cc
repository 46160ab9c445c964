// Handshakes over networks that lose, reorder and duplicate, in virtual time: the wall clock hardly moves.
#include "catch.h"
#include "dtls/support.h"

namespace sluice::dtls {
namespace {

using test::Datagram;
using test::Pair;

constexpr std::uint8_t kChangeCipherSpec = 20;

/// Whether a datagram holds a ChangeCipherSpec: the server's one is its last flight.
bool has_change_cipher_spec(const Datagram& datagram) {
  for (std::size_t at = 0; at + 13 <= datagram.size(); at += 13u + load16(datagram.data() + at + 11)) {
    if (datagram[at] == kChangeCipherSpec) return true;
  }
  return false;
}

TEST_CASE("handshakes complete under loss, reordering and duplication") {
  Context client(test::make_certificate());
  Context server(test::make_certificate());
  const std::size_t mtu = GENERATE(300, 1200);
  Duration slowest{};
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed << ", mtu " << mtu);
    Pair::Setup setup;
    setup.client.mtu = setup.server.mtu = mtu;
    setup.weather = {.loss = 0.2, .duplication = 0.2, .delay = 20ms, .jitter = 60ms};
    setup.seed = seed;
    Pair pair(client, server, setup);
    REQUIRE(pair.connect());
    CHECK(pair.client.keys()->client_write == pair.server.keys()->client_write);
    CHECK(pair.client.keys()->server_write == pair.server.keys()->server_write);
    slowest = std::max(slowest, pair.now - Instant(1000s));
    CHECK(test::error_queue_empty());
  }
  CHECK(slowest < 40s);
}

TEST_CASE("handshakes complete when half of everything is lost") {
  Context context(test::make_certificate());
  int connected = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Pair::Setup setup;
    setup.weather = {.loss = 0.5, .duplication = 0, .delay = 20ms, .jitter = {}};
    setup.seed = seed;
    Pair pair(context, context, setup);
    connected += pair.connect() ? 1 : 0;
  }
  CHECK(connected >= 40);  // two flights need an answer, each with 12 chances of a quarter: some 94 %
}

TEST_CASE("a lost ClientHello is sent again after 200 ms, with a new record sequence number") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  int lost = 0;
  pair.lose = [&](bool from_client, const Datagram&) { return from_client && lost++ == 0; };
  pair.start();
  CHECK(pair.client.next_deadline() == pair.now + 200ms);
  REQUIRE(pair.run_until([&] { return pair.both(State::kConnected); }));
  CHECK(pair.now == Instant(1000s) + 240ms);
  CHECK(pair.client.retransmitted_flights() == 1);
  REQUIRE(pair.sent[1].first);
  CHECK(Bytes(pair.sent[0].second).subspan(13).size() == Bytes(pair.sent[1].second).subspan(13).size());
  CHECK(load32(pair.sent[0].second.data() + 7) < load32(pair.sent[1].second.data() + 7));
}

TEST_CASE("the server's last flight is retransmitted when the client, who lost it, repeats its own") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  int losses = GENERATE(1, 2, 5, 11);
  pair.lose = [&](bool from_client, const Datagram& datagram) {
    return !from_client && has_change_cipher_spec(datagram) && losses-- > 0;
  };
  pair.start();
  REQUIRE(pair.run_until([&] { return pair.server.state() == State::kConnected; }));
  CHECK(pair.client.state() == State::kConnecting);
  REQUIRE(pair.run_until([&] { return pair.client.state() == State::kConnected; }));
  CHECK(pair.server.next_deadline() == kNever);
  CHECK(pair.client.next_deadline() == kNever);
  REQUIRE(pair.client.send(as_bytes("after")));
  pair.settle();
  std::vector<Datagram> received;
  pair.server.take_received(received);
  REQUIRE(received.size() == 1);
}

TEST_CASE("a lost last flight is repaired even when the server has sent application data since") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  bool lost = false;
  pair.lose = [&](bool from_client, const Datagram& datagram) {
    return !from_client && has_change_cipher_spec(datagram) && !std::exchange(lost, true);
  };
  pair.start();
  REQUIRE(pair.run_until([&] { return pair.server.state() == State::kConnected; }));
  for (int i = 0; i < 20; ++i) REQUIRE(pair.server.send(as_bytes("early")));
  REQUIRE(pair.run_until([&] { return pair.both(State::kConnected); }));
  REQUIRE(pair.server.send(as_bytes("late")));
  pair.settle();
  std::vector<Datagram> received;
  pair.client.take_received(received);
  REQUIRE_FALSE(received.empty());
  CHECK(as_text(received.back()) == "late");
}

TEST_CASE("a peer that never answers is given up after 28 s of growing pauses, with a reason") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  pair.lose = [](bool, const Datagram&) { return true; };
  pair.start();
  pair.settle();
  REQUIRE(pair.client.state() == State::kFailed);
  CHECK(pair.client.failure() == "The peer did not answer the DTLS handshake for 28 seconds.");
  CHECK(pair.now == Instant(1000s) + 28'600ms);
  CHECK(pair.sent.size() == 12);
  CHECK(pair.client.next_deadline() == kNever);
  CHECK(pair.server.state() == State::kConnecting);
}

TEST_CASE("a server whose client goes silent in mid-handshake gives up too") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  int heard = 0;
  pair.lose = [&](bool from_client, const Datagram&) { return !from_client || heard++ > 0; };
  pair.start();
  pair.settle();
  CHECK(pair.both(State::kFailed));
}

TEST_CASE("a late wake-up sends one retransmission, not all that were missed") {
  Context context(test::make_certificate());
  Session client(context, Role::kClient);
  client.start(Instant(0s));
  std::vector<Datagram> out;
  client.drain(out);
  client.advance(Instant(100ms));
  CHECK_FALSE(client.has_output());
  client.advance(Instant(20s));
  client.drain(out);
  CHECK(out.size() == 2);
  CHECK(client.next_deadline() == Instant(20s) + 400ms);
}

TEST_CASE("fragments of a large ClientHello are put together in any order") {
  Context context(test::make_certificate());
  Session client(context, Role::kClient, {.mtu = 256});
  Session server(context, Role::kServer);
  client.start(Instant(0s));
  server.start(Instant(0s));
  std::vector<Datagram> hello;
  client.drain(hello);
  for (auto datagram = hello.rbegin(); datagram != hello.rend(); ++datagram)
    server.receive(*datagram, Instant(0s));
  CHECK(server.has_output());
}

}  // namespace
}  // namespace sluice::dtls
