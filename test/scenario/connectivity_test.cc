// Ways to be connected, and what the path may do under way: address families, roles, suites, restarts,
// rebinding, silence.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "dtls/context.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

std::size_t ice_events(const World& world, const Participant& p, std::string_view state) {
  return count_events<IceStateChange>(world, [&](const IceStateChange& e) {
    return e.transport_id == p.transport_id && e.ice_state == state;
  });
}

TEST_CASE("every SRTP suite carries media with every backend") {
  const auto profile = GENERATE(from_range(dtls::kSrtpProfiles));
  const auto backend = GENERATE(SrtpBackend::kIpsecMb, SrtpBackend::kOpenssl, SrtpBackend::kLibsrtp);
  const srtp::BackendKind kinds[] = {srtp::BackendKind::kIpsecMb, srtp::BackendKind::kOpenssl,
                                     srtp::BackendKind::kLibsrtp};
  if (!srtp::backend_available(kinds[static_cast<std::size_t>(backend) - 1])) return;
  INFO("profile " << profile << ", backend " << static_cast<int>(backend));
  const LinkSpec link{.loss = 0.03, .jitter = 10ms};
  World world({.seed = 1, .up = link, .down = link, .server_backend = backend, .client_profiles = {profile}});
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected(20s));
  world.run_for(2s);
  quiet(world);
  for (const Participant* p : {&alice, &bob}) {
    CHECK(p->peer->connection().sender().suite() == srtp::suite_from_profile(profile));
    CHECK(p->peer->connection().drops().srtp_failed == 0);
  }
  expect_complete(world, alice, bob, MediaKind::kVideo, 10);
  expect_complete(world, bob, alice, MediaKind::kVideo, 10);
  world.finish();
}

TEST_CASE("clients and servers of either DTLS role, over either address family, meet in one room") {
  World world({.seed = 2});
  for (const IpFamily family : {IpFamily::kIPv4, IpFamily::kIPv6}) {
    for (const dtls::Role role : {dtls::Role::kClient, dtls::Role::kServer})
      world.join({.family = family, .dtls_role = role});
  }
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  quiet(world);
  for (const Participant* viewer : world.present()) {
    for (const Participant* publisher : world.present()) {
      if (viewer == publisher) continue;
      expect_complete(world, *viewer, *publisher, MediaKind::kVideo);
      expect_complete(world, *viewer, *publisher, MediaKind::kAudio);
    }
  }
  world.finish();
}

TEST_CASE("connecting is told step by step") {
  World world({.seed = 3});
  Participant& alice = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  CHECK(ice_events(world, alice, "connected") + ice_events(world, alice, "completed") >= 1);
  const auto dtls = [&](std::string_view state) {
    return count_events<DtlsStateChange>(world, [&](const DtlsStateChange& e) {
      return e.dtls_state == state &&
             (state != "connected" || e.remote_cert.starts_with("-----BEGIN CERTIFICATE"));
    });
  };
  CHECK(dtls("connecting") == 1);
  CHECK(dtls("connected") == 1);
  CHECK(dtls("failed") == 0);
  CHECK(count_events<IceSelectedTupleChange>(world, [&](const IceSelectedTupleChange& e) {
          return e.tuple.remote_address == alice.address.ip() &&
                 e.tuple.remote_port == alice.address.port() && e.tuple.local_address == "192.0.2.1";
        }) == 1);
  world.finish();
}

TEST_CASE("media flows on through an ICE restart") {
  const auto seed = GENERATE(from_range(seeds(1, 4)));
  INFO("seed " << seed);
  const LinkSpec link{.loss = seed % 2 == 0 ? 0.05 : 0, .jitter = 10ms};
  World world({.seed = seed, .up = link, .down = link});
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected(20s));
  world.run_for(2s);
  for (auto* viewer : {&alice, &bob}) {
    for (auto& receiver : viewer->peer->receivers()) receiver->continuity().reset_freeze();
  }
  for (int round = 0; round < 3; ++round) {
    world.restart_ice(alice);
    world.run_for(2s);
  }
  CHECK(alice.peer->connection().ice().state() == IceState::kConnected);
  CHECK(alice.peer->connection().ice().nominated());
  expect_flowing(world, alice, bob);
  expect_flowing(world, bob, alice);
  CHECK(world.find_receiver(alice, bob, MediaKind::kVideo)->continuity().freezes() == 0);
  CHECK(world.find_receiver(bob, alice, MediaKind::kVideo)->continuity().freezes() == 0);
  quiet(world);
  expect_complete(world, bob, alice, MediaKind::kVideo, 10);
  expect_complete(world, alice, bob, MediaKind::kVideo, 10);
  world.finish();
}

TEST_CASE("when a NAT gives a participant another address, media goes on after its next check") {
  World world({.seed = 4});
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  for (int round = 0; round < 3; ++round) {
    world.rebind(alice);
    world.run_for(8s);
    const std::uint64_t at_alice = frames_of(world, alice, bob);
    const std::uint64_t at_bob = frames_of(world, bob, alice);
    world.run_for(1s);
    CHECK(frames_of(world, alice, bob) >= at_alice + 29);
    CHECK(frames_of(world, bob, alice) >= at_bob + 29);
    const auto tuple = world.transport_stats(alice).tuple;
    REQUIRE(tuple);
    CHECK(tuple->remote_port == world.network().outer(alice.address).port());
  }
  expect_flowing(world, alice, bob);
  expect_flowing(world, bob, alice);
  world.finish();
}

TEST_CASE("nothing is sent any more to one who has vanished, once its consent has run out") {
  World world({.seed = 5});
  Participant& alice = world.join({.consent_timeout_seconds = 10});
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  world.vanish(alice);
  world.run_for(12s);
  CHECK(ice_events(world, alice, "disconnected") == 1);
  const std::uint64_t sent = world.transport_stats(alice).packets_sent;
  const std::uint64_t undeliverable = world.network().counts().undeliverable;
  world.run_for(10s);
  CHECK(world.transport_stats(alice).packets_sent == sent);
  CHECK(world.network().counts().undeliverable == undeliverable);
  CHECK_FALSE(world.transport_stats(alice).tuple.has_value());
  CHECK(bob.peer->connection().ready());
  world.finish();
}

TEST_CASE("after an outage longer than consent, an ICE restart brings everything back") {
  World world({.seed = 6});
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  world.network().cut(alice.address, true);
  world.run_for(45s);
  CHECK(alice.peer->connection().ice().state() == IceState::kFailed);
  world.network().cut(alice.address, false);
  world.restart_ice(alice);
  world.run_for(3s);
  const std::uint64_t at_alice = frames_of(world, alice, bob);
  const std::uint64_t at_bob = frames_of(world, bob, alice);
  world.run_for(1s);
  CHECK(frames_of(world, alice, bob) >= at_alice + 29);
  CHECK(frames_of(world, bob, alice) >= at_bob + 29);
  expect_flowing(world, alice, bob);
  expect_flowing(world, bob, alice);
  world.finish();
}

TEST_CASE("one who comes back at the same address, without having left, is known by the new credentials") {
  World world({.seed = 7});
  Participant& bob = world.join();
  Participant& alice = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  const SocketAddress address = alice.address;
  world.vanish(alice);  // the page was reloaded; its port is the same by chance
  Participant& again = world.join({.address = address});
  REQUIRE(world.run_until_connected());
  world.run_for(2s);
  expect_flowing(world, again, bob);
  expect_flowing(world, bob, again);
  CHECK(frames_of(world, bob, again) > 50);
  world.execute(Close{ObjectKind::kPeer, alice.id});  // the controller notices at last
  const std::uint64_t before = frames_of(world, again, bob);
  world.run_for(1s);
  CHECK(frames_of(world, again, bob) >= before + 29);
  world.finish();
}

TEST_CASE("a certificate that is not the one promised is refused, and its media with it") {
  World world({.seed = 8});
  Participant& mallory = world.join();
  // What signaling promised of her is another fingerprint than the one she shows.
  const auto transport = world.request<WebRtcTransportReply>(CreateWebRtcTransport{"room", "", "promised"});
  DtlsParameters promised = mallory.peer->connection().dtls_parameters();
  promised.fingerprints[0].value.replace(0, 2,
                                         promised.fingerprints[0].value.substr(0, 2) == "00" ? "01" : "00");
  world.execute(ConnectTransport{"promised", promised});
  client::Peer& peer = *mallory.peer;
  peer.connection().restart_ice(transport.ice_parameters);  // her checks now go to that transport
  world.run_for(3s);
  const auto stats = *world.request<StatsReply>(GetStats{ObjectKind::kTransport, "promised"}).transport;
  CHECK(stats.dtls_state == "failed");
  CHECK(stats.rtp_bytes_received == 0);
  CHECK(count_events<DtlsStateChange>(world, [](const DtlsStateChange& e) {
          return e.transport_id == "promised" && e.dtls_state == "failed" && !e.reason.empty();
        }) == 1);
  world.finish();
}

}  // namespace
}  // namespace sluice::net
