#include "catch.h"
#include "dtls/support.h"

namespace sluice::dtls {
namespace {

using test::Datagram;
using test::Pair;

TEST_CASE("a client and a server connect and export the same SRTP keys") {
  Context client(test::make_certificate());
  Context server(test::make_certificate());
  Pair pair(client, server);
  CHECK(pair.client.state() == State::kNew);
  CHECK_FALSE(pair.client.keys().has_value());
  REQUIRE(pair.connect());

  const auto ours = pair.client.keys();
  const auto theirs = pair.server.keys();
  REQUIRE(ours.has_value());
  REQUIRE(theirs.has_value());
  CHECK(ours->profile == kSrtpAeadAes256Gcm);
  CHECK(ours->client_write.size() == 44);
  CHECK(ours->client_write == theirs->client_write);
  CHECK(ours->server_write == theirs->server_write);
  CHECK(ours->client_write != ours->server_write);
  CHECK(pair.client.remote_certificate_pem() == server.certificate().pem());
  CHECK(pair.server.remote_certificate_pem() == client.certificate().pem());
  CHECK(pair.client.retransmitted_flights() == 0);
  CHECK(pair.client.next_deadline() == kNever);
  CHECK(pair.server.next_deadline() == kNever);
  CHECK(pair.now == Instant(1000s) + 40ms);  // two round trips of 20 ms
  CHECK(test::error_queue_empty());
}

TEST_CASE("a flight that fits one datagram leaves as one datagram") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  REQUIRE(pair.connect());
  CHECK(pair.sent.size() == 4);
}

TEST_CASE("each SRTP profile is negotiated when the peer offers only that one") {
  const auto [profile, size] =
      GENERATE(std::pair(kSrtpAeadAes256Gcm, 44), std::pair(kSrtpAeadAes128Gcm, 28),
               std::pair(kSrtpAes128CmSha1_80, 30), std::pair(kSrtpAes128CmSha1_32, 30));
  const std::array only = {profile};
  const bool client_is_limited = GENERATE(true, false);
  Context limited(test::make_certificate(), only);
  Context full(test::make_certificate());
  Pair pair(client_is_limited ? limited : full, client_is_limited ? full : limited);
  REQUIRE(pair.connect());
  CHECK(pair.client.keys()->profile == profile);
  CHECK(pair.client.keys()->client_write.size() == static_cast<std::size_t>(size));
  CHECK(pair.client.keys()->client_write == pair.server.keys()->client_write);
  CHECK(pair.client.keys()->server_write == pair.server.keys()->server_write);
}

TEST_CASE("the server's order of SRTP profiles wins over the client's") {
  const std::array backwards = {kSrtpAes128CmSha1_32, kSrtpAes128CmSha1_80, kSrtpAeadAes128Gcm,
                                kSrtpAeadAes256Gcm};
  Context client(test::make_certificate(), backwards);
  Context server(test::make_certificate());
  Pair pair(client, server);
  REQUIRE(pair.connect());
  CHECK(pair.server.keys()->profile == kSrtpAeadAes256Gcm);
  CHECK(pair.client.keys()->profile == kSrtpAeadAes256Gcm);
}

TEST_CASE("no SRTP profile in common fails both ends with a reason") {
  const std::array gcm = {kSrtpAeadAes256Gcm};
  const std::array cm = {kSrtpAes128CmSha1_80};
  Context client(test::make_certificate(), gcm);
  Context server(test::make_certificate(), cm);
  Pair pair(client, server);
  pair.start();
  pair.settle();
  REQUIRE(pair.both(State::kFailed));
  CHECK(pair.client.failure() == "The peer and we have no SRTP protection profile in common.");
  CHECK(pair.server.failure() == "The peer and we have no SRTP protection profile in common.");
  CHECK(test::error_queue_empty());
}

TEST_CASE("a session for data channels only connects without SRTP") {
  const std::array gcm = {kSrtpAeadAes256Gcm};
  const std::array cm = {kSrtpAes128CmSha1_80};
  Context client(test::make_certificate(), gcm);
  Context server(test::make_certificate(), cm);
  Pair::Setup setup;
  setup.client.require_srtp = setup.server.require_srtp = false;
  Pair pair(client, server, setup);
  REQUIRE(pair.connect());
  CHECK_FALSE(pair.client.keys().has_value());
}

TEST_CASE("ECDSA and RSA certificates work at either end, in datagrams no longer than the MTU") {
  const bool rsa_client = GENERATE(false, true);
  const std::size_t mtu = GENERATE(256, 600, 1200);
  Context ecdsa(test::make_certificate());
  Context rsa(test::load(test::make_pem("RSA", "2048")));
  Pair::Setup setup;
  setup.client.mtu = setup.server.mtu = mtu;
  Pair pair(rsa_client ? rsa : ecdsa, rsa_client ? ecdsa : rsa, setup);
  REQUIRE(pair.connect());
  CHECK(pair.client.keys()->client_write == pair.server.keys()->client_write);
  for (const auto& [from_client, datagram] : pair.sent) CHECK(datagram.size() <= mtu);
}

TEST_CASE("an RSA-4096 certificate with a chain keeps every datagram within the MTU, retransmissions too") {
  Context rsa(test::load(test::make_pem("RSA", "4096", 3)));
  Context ecdsa(test::make_certificate());
  const bool rsa_client = GENERATE(false, true);
  const std::size_t mtu = GENERATE(300, 1200);
  Pair::Setup setup;
  setup.client.mtu = setup.server.mtu = mtu;
  setup.weather = {.loss = 0.1, .duplication = 0.1, .delay = 10ms, .jitter = 5ms};
  setup.seed = 7;
  Pair pair(rsa_client ? rsa : ecdsa, rsa_client ? ecdsa : rsa, setup);
  REQUIRE(pair.connect());
  CHECK(pair.sent.size() > 6);
  std::size_t longest = 0;
  for (const auto& [from_client, datagram] : pair.sent) longest = std::max(longest, datagram.size());
  CHECK(longest <= mtu);
  CHECK(longest > mtu * 9 / 10);
}

TEST_CASE("a P-384 certificate connects") {
  Context p384(test::load(test::make_pem("EC", "P-384")));
  Context p256(test::make_certificate());
  Pair pair(p384, p256);
  CHECK(pair.connect());
}

TEST_CASE("a wrong fingerprint known beforehand ends the handshake with bad_certificate and a reason") {
  const bool client_is_wrong = GENERATE(true, false);
  Context client(test::make_certificate());
  Context server(test::make_certificate());
  const Certificate other = test::make_certificate();
  Pair pair(client, server);
  Session& deceived = client_is_wrong ? pair.client : pair.server;
  Session& peer = client_is_wrong ? pair.server : pair.client;
  const Certificate& shown = (client_is_wrong ? server : client).certificate();
  REQUIRE(deceived.set_remote_fingerprints({other.fingerprint()}, pair.now).ok());
  pair.start();
  pair.settle();
  REQUIRE(deceived.state() == State::kFailed);
  CHECK(deceived.failure() == "The peer's certificate (sha-256 " + shown.fingerprint().value +
                                  ") does not match the fingerprint from signaling (sha-256 " +
                                  other.fingerprint().value + ").");
  CHECK_FALSE(deceived.keys().has_value());
  REQUIRE(peer.state() == State::kFailed);
  CHECK(peer.failure() == "The peer sent the fatal DTLS alert \"bad certificate\".");
  CHECK(test::error_queue_empty());
}

TEST_CASE("fingerprints may arrive after the handshake: only then are keys and data given out") {
  Context client(test::make_certificate());
  Context server(test::make_certificate());
  Pair::Setup setup;
  setup.server_knows = false;
  Pair pair(client, server, setup);
  pair.start();
  pair.settle();
  REQUIRE(pair.client.state() == State::kConnected);
  CHECK(pair.server.state() == State::kConnecting);
  CHECK(pair.server.handshake_done());
  CHECK_FALSE(pair.server.keys().has_value());
  CHECK_FALSE(pair.server.send(as_bytes("early")));

  REQUIRE(pair.client.send(as_bytes("hello")));
  pair.settle();
  std::vector<Datagram> received;
  pair.server.take_received(received);
  CHECK(received.empty());

  SECTION("the right one connects and hands over what was held") {
    REQUIRE(pair.server.set_remote_fingerprints(client.certificate().fingerprints(), pair.now).ok());
    CHECK(pair.server.state() == State::kConnected);
    CHECK(pair.server.keys()->client_write == pair.client.keys()->client_write);
    pair.server.take_received(received);
    REQUIRE(received.size() == 1);
    CHECK(as_text(received[0]) == "hello");
  }
  SECTION("a wrong one fails and tells the peer") {
    REQUIRE(pair.server.set_remote_fingerprints({server.certificate().fingerprint()}, pair.now).ok());
    CHECK(pair.server.state() == State::kFailed);
    CHECK(pair.server.failure().find("does not match the fingerprint") != std::string::npos);
    pair.server.take_received(received);
    CHECK(received.empty());
    pair.settle();
    CHECK(pair.client.state() == State::kClosed);
  }
}

TEST_CASE("once connected, other fingerprints are refused and the same are welcome") {
  Context context(test::make_certificate());
  const Certificate other = test::make_certificate();
  Pair pair(context, context);
  REQUIRE(pair.connect());
  CHECK(pair.client.set_remote_fingerprints({context.certificate().fingerprint("sha-512")}, pair.now).ok());
  const auto refused = pair.client.set_remote_fingerprints({other.fingerprint()}, pair.now);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kInvalidState);
  CHECK(pair.client.state() == State::kConnected);
}

TEST_CASE("close_notify closes both ends and is answered") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  REQUIRE(pair.connect());
  const bool client_closes = GENERATE(true, false);
  Session& closer = client_closes ? pair.client : pair.server;
  const std::size_t before = pair.sent.size();
  closer.close(pair.now);
  CHECK(closer.state() == State::kClosed);
  CHECK_FALSE(closer.keys().has_value());
  pair.settle();
  CHECK(pair.both(State::kClosed));
  CHECK(pair.sent.size() == before + 2);
  CHECK_FALSE(closer.send(as_bytes("late")));
  CHECK(closer.receive(pair.sent.back().second, pair.now) == ReceiveResult::kFinished);
}

TEST_CASE("closing before the handshake ends sends nothing more and stops the timer") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  pair.start();
  pair.client.close(pair.now);
  CHECK(pair.client.state() == State::kClosed);
  CHECK(pair.client.next_deadline() == kNever);
}

TEST_CASE("a plaintext fatal alert during the handshake fails it with the alert's name") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  pair.client.start(pair.now);
  const Datagram alert = {21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40};
  CHECK(pair.client.receive(alert, pair.now) == ReceiveResult::kProcessed);
  CHECK(pair.client.state() == State::kFailed);
  CHECK(pair.client.failure() == "The peer sent the fatal DTLS alert \"handshake failure\".");
  CHECK(pair.client.next_deadline() == kNever);
}

TEST_CASE("application data goes both ways, a message a datagram") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  REQUIRE(pair.connect());
  const std::size_t before = pair.sent.size();
  const Datagram longest(pair.client.max_message(), 0x5A);
  CHECK(pair.client.send(as_bytes("one")));
  CHECK(pair.client.send(longest));
  CHECK(pair.server.send(as_bytes("two")));
  CHECK_FALSE(pair.client.send(Datagram(longest.size() + 1)));
  CHECK_FALSE(pair.client.send({}));
  pair.settle();
  CHECK(pair.sent.size() == before + 3);
  for (const auto& [from_client, datagram] : pair.sent) CHECK(datagram.size() <= 1200);

  std::vector<Datagram> received;
  pair.server.take_received(received);
  REQUIRE(received.size() == 2);
  CHECK(as_text(received[0]) == "one");
  CHECK(received[1] == longest);
  received.clear();
  pair.client.take_received(received);
  REQUIRE(received.size() == 1);
  CHECK(as_text(received[0]) == "two");
}

TEST_CASE("application data nobody takes is dropped beyond a limit, and counted") {
  Context context(test::make_certificate());
  Pair pair(context, context);
  REQUIRE(pair.connect());
  const Datagram message(1024, 1);
  for (int i = 0; i < 300; ++i) REQUIRE(pair.client.send(message));
  pair.settle();
  std::vector<Datagram> received;
  pair.server.take_received(received);
  CHECK(received.size() == 256);
  CHECK(pair.server.received_dropped() == 44);
}

}  // namespace
}  // namespace sluice::dtls
