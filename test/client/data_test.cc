// A synthetic peer's data channels and a transport's, over ICE and DTLS and a network that loses packets; and
// those of a plain transport over UDP.
#include <map>

#include "base/check.h"
#include "catch.h"
#include "client/connection.h"
#include "transport/plain_transport.h"
#include "transport/webrtc_transport.h"

namespace sluice::client {
namespace {

constexpr SocketId kServerSocket = 1;
constexpr SocketId kClientSocket = 2;
const SocketAddress kServer = *SocketAddress::parse("192.0.2.1", 10'000);
const SocketAddress kClient = *SocketAddress::parse("198.51.100.1", 20'000);

struct Rig {
  Random random{7};
  WallClock wall_clock{Instant(1000s), 1'700'000'000'000'000};
  dtls::Context server_dtls{dtls::Certificate::generate(1'700'000'000)};
  dtls::Context client_dtls{dtls::Certificate::generate(1'700'000'000)};
  std::unique_ptr<srtp::Backend> srtp = srtp::make_backend(srtp::detect_backend());
  transport::SendBatch server_batch{*srtp};
  transport::SendBatch client_batch{*srtp};
  PacketPool pool;
  Shared shared{random, wall_clock, client_dtls, *srtp, client_batch, pool};
  transport::WebRtcTransport server{
      {server_dtls, *srtp, server_batch}, {"server00", "serverpasswordserverpass"}, 30s};
  Connection client{shared, {kClientSocket}};
  Instant now{1000s};
  double loss = 0;
  std::multimap<Instant, std::pair<bool, std::vector<std::uint8_t>>> wire;
  std::vector<sctp::Event> at_server;
  std::vector<sctp::Event> at_client;

  void connect() {
    IceCandidate candidate;
    candidate.address = "192.0.2.1";
    candidate.port = 10'000;
    candidate.priority = 1;
    client.set_remote_ice({"server00", "serverpasswordserverpass", true}, std::span(&candidate, 1));
    SLUICE_CHECK(client.set_remote_dtls({server_dtls.certificate().fingerprint("sha-256")}, now).ok());
    const IceParameters ice = client.ice_parameters();
    server.set_remote_ice({ice.username_fragment, ice.password});
    SLUICE_CHECK(server.connect(client.dtls_parameters(), now).ok());
  }

  void collect(transport::SendBatch& batch, bool from_server) {
    batch.finish();
    for (const OutgoingDatagram& datagram : batch.take()) {
      if (random.chance(loss)) continue;
      const auto bytes = datagram.bytes;
      wire.emplace(now + 10ms, std::pair(from_server, std::vector<std::uint8_t>(bytes.begin(), bytes.end())));
    }
    batch.clear();
  }

  void take_events() {
    if (server.data() != nullptr) {
      while (auto event = server.data()->poll_event(now)) at_server.push_back(*std::move(event));
    }
    server.flush_data(now);
    if (client.data() != nullptr) {
      while (auto event = client.data()->poll_event(now)) at_client.push_back(*std::move(event));
    }
    client.flush_data(now);
    collect(server_batch, true);
    collect(client_batch, false);
  }

  bool run_until(const std::function<bool()>& done, Duration limit = 30s) {
    const Instant end = now + limit;
    for (;;) {
      take_events();
      if (done()) return true;
      Instant next = std::min(server.next_deadline(), client.next_deadline());
      if (!wire.empty()) next = std::min(next, wire.begin()->first);
      if (next > end) return false;
      now = std::max(now, next);
      while (!wire.empty() && wire.begin()->first <= now) {
        const auto [from_server, bytes] = wire.begin()->second;
        wire.erase(wire.begin());
        PacketRef packet = pool.allocate();
        std::copy(bytes.begin(), bytes.end(), packet->data);
        packet->size = static_cast<std::uint16_t>(bytes.size());
        SLUICE_CHECK(bytes.size() <= 1200);
        if (from_server) {
          client.receive(*packet, {kServer, kClientSocket}, now);
        } else {
          server.receive(*packet, {kClient, kServerSocket}, now);
        }
      }
      server.advance(now);
      client.advance(now);
    }
  }

  static const sctp::Event& message(const std::vector<sctp::Event>& events) {
    return *std::ranges::find(events, sctp::Event::Type::kMessage, &sctp::Event::type);
  }
  static std::size_t messages(const std::vector<sctp::Event>& events) {
    return static_cast<std::size_t>(
        std::ranges::count(events, sctp::Event::Type::kMessage, &sctp::Event::type));
  }
};

TEST_CASE("data over DTLS: both ways, with loss, and large messages") {
  Rig rig;
  rig.loss = 0.03;
  rig.server.enable_data({}, rig.random, rig.now);
  rig.client.enable_data({}, rig.now);
  rig.connect();
  const auto channel = rig.client.data()->create({.label = "chat"}, rig.now);
  REQUIRE(channel.ok());
  REQUIRE(rig.run_until([&] { return rig.server.data()->channel_count() == 1; }));
  const sctp::ChannelHandle at_server = rig.server.data()->channel_of(0);  // the client is DTLS client
  std::vector<std::uint8_t> data(200'000);
  rig.random.fill(data);
  CHECK(rig.client.data()->send(*channel, sctp::MessageKind::kBinary, data, rig.now) ==
        sctp::SendStatus::kSent);
  CHECK(rig.server.data()->send(at_server, sctp::MessageKind::kBinary, data, rig.now) ==
        sctp::SendStatus::kSent);
  REQUIRE(
      rig.run_until([&] { return Rig::messages(rig.at_server) == 1 && Rig::messages(rig.at_client) == 1; }));
  CHECK(Rig::message(rig.at_server).data == data);
  CHECK(Rig::message(rig.at_client).data == data);
  CHECK(rig.server.media_ready());

  rig.server.close(rig.now);
  REQUIRE(rig.run_until([&] { return rig.client.data()->state() == sctp::State::kClosed; }));
  CHECK(rig.at_client.back().state == sctp::State::kClosed);
}

TEST_CASE(
    "data over DTLS: enabled when DTLS already stands, it begins at once; without it records are counted") {
  Rig rig;
  rig.connect();
  rig.client.enable_data({}, rig.now);
  REQUIRE(rig.run_until([&] { return rig.server.drops()[transport::DropReason::kSctpUnexpected] > 0; }));
  CHECK(rig.server.data() == nullptr);
  rig.server.enable_data({}, rig.random, rig.now);
  REQUIRE(rig.run_until([&] {
    return rig.client.data()->state() == sctp::State::kConnected &&
           rig.server.data()->state() == sctp::State::kConnected;
  }));
  rig.client.close(rig.now);
  REQUIRE(rig.run_until([&] { return rig.server.data()->state() == sctp::State::kClosed; }));
}

TEST_CASE("data over UDP: a plain transport tells SCTP from RTP by its ports, from its one remote only") {
  Random random(1);
  const auto backend = srtp::make_backend(srtp::detect_backend());
  transport::SendBatch batch(*backend);
  PacketPool pool;
  transport::PlainTransport::Options options;
  options.socket = {kServerSocket, kServer, ""};
  transport::PlainTransport plain(batch, *backend, options, random);
  plain.enable_data({}, random);
  sctp::DataChannels remote({}, random);
  Instant now{1000s};
  remote.start(true, now);
  const auto channel = remote.create({.negotiated = true, .id = std::uint16_t{3}}, now);
  REQUIRE(plain.data()->create({.negotiated = true, .id = std::uint16_t{3}}, now).ok());
  const auto give = [&](Bytes bytes, const SocketAddress& from) {
    PacketRef packet = pool.allocate();
    std::copy(bytes.begin(), bytes.end(), packet->data);
    packet->size = static_cast<std::uint16_t>(bytes.size());
    return plain.receive(*packet, {from, kServerSocket}, now);
  };
  const auto exchange = [&] {
    for (int i = 0; i < 40; ++i) {
      now += 20ms;
      remote.advance(now);
      plain.advance(now);
      while (const auto packet = remote.pop_packet())
        CHECK(give(*packet, kClient) == transport::Media::kNone);
      batch.finish();
      for (const OutgoingDatagram& datagram : batch.take()) remote.receive(datagram.bytes, now);
      batch.clear();
      while (remote.poll_event(now)) {
      }
    }
  };
  exchange();
  CHECK(plain.drops()[transport::DropReason::kNotConnected] > 0);
  CHECK(plain.data()->state() == sctp::State::kNew);
  REQUIRE(plain.connect({"198.51.100.1", std::uint16_t{20'000}, {}, {}}, random).ok());
  plain.flush_data(now);
  exchange();
  REQUIRE(remote.state() == sctp::State::kConnected);
  CHECK(remote.send(*channel, sctp::MessageKind::kString, as_bytes("hello"), now) == sctp::SendStatus::kSent);
  exchange();
  bool heard = false;
  while (const auto event = plain.data()->poll_event(now)) heard = heard || as_text(event->data) == "hello";
  CHECK(heard);
  const std::vector<std::uint8_t> forged = {0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4};
  give(forged, kServer);
  CHECK(plain.drops()[transport::DropReason::kUnknownSource] == 1);
  plain.close(now);
  CHECK(plain.data()->state() == sctp::State::kClosed);
}

}  // namespace
}  // namespace sluice::client
