// Datagrams that nobody should send: from strangers and from participants, made up, damaged and repeated.
// They are counted, never answered with more than three times their size, and harm no one's call.
#include <map>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

std::vector<std::uint8_t> random_bytes(Random& random, std::size_t size, std::uint8_t first) {
  std::vector<std::uint8_t> out(size);
  random.fill(out);
  if (!out.empty()) out[0] = first;
  return out;
}

std::uint64_t sum(const nlohmann::json& drops) {
  std::uint64_t total = 0;
  for (const auto& [reason, count] : drops.items()) total += count.get<std::uint64_t>();
  return total;
}

TEST_CASE("random bytes of every class, from strangers and from known addresses, are dropped and counted") {
  const auto seed = GENERATE(from_range(seeds(1, 4)));
  INFO("seed " << seed);
  World world({.seed = seed});
  Random random(seed);
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(500ms);
  const auto stranger = *SocketAddress::parse("198.51.100.7", 666);
  // RFC 7983 §7: STUN, ZRTP, DTLS, TURN channels, QUIC, RTP and RTCP, and what has no name.
  const std::uint8_t firsts[] = {0,  1,   3,   16,  20,  22,  23,  25,  63, 64,
                                 79, 100, 128, 129, 144, 160, 191, 192, 255};
  std::uint64_t from_strangers = 0;
  std::uint64_t from_alice = 0;
  const auto worker_drops = [&] {
    return sum(nlohmann::json::parse(world.dump_worker())["network"]["dropped"]);
  };
  const auto alice_drops = [&] {
    std::uint64_t total = 0;
    for (const auto& [reason, count] : world.transport_stats(alice).dropped) total += count;
    return total;
  };
  const std::uint64_t worker_before = worker_drops();
  const std::uint64_t alice_before = alice_drops();
  for (int i = 0; i < 3000; ++i) {
    const std::uint8_t first = firsts[random.below(std::size(firsts))];
    const auto bytes =
        random_bytes(random, random.below(10) == 0 ? random.below(4) : random.below(1500), first);
    if (random.chance(0.5)) {
      CHECK(world.inject(stranger, bytes) == 0);
      ++from_strangers;
    } else {
      world.inject(alice.address, bytes);
      ++from_alice;
    }
    if (i % 100 == 0) world.run_for(20ms);
  }
  CHECK(worker_drops() - worker_before + alice_drops() - alice_before == from_strangers + from_alice);
  world.run_for(1s);
  quiet(world);
  expect_complete(world, alice, bob, MediaKind::kVideo);
  expect_complete(world, bob, alice, MediaKind::kVideo);
  world.finish();
}

TEST_CASE("real packets, repeated, damaged, cut short or sent from elsewhere, change nothing") {
  const auto seed = GENERATE(from_range(seeds(10, 4)));
  INFO("seed " << seed);
  World world({.seed = seed});
  Random random(seed);
  std::vector<Datagram> seen;
  world.intercept = [&](const Datagram& datagram) {
    if (seen.size() < 3000) seen.push_back(datagram);
    return false;
  };
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(1s);
  const auto stranger = *SocketAddress::parse("198.51.100.7", 666);
  for (int i = 0; i < 3000; ++i) {
    const Datagram& original = seen[random.below(static_cast<std::uint32_t>(seen.size()))];
    auto bytes = original.bytes;
    const std::uint32_t kind = random.below(4);
    if (kind == 1)
      bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] ^=
          static_cast<std::uint8_t>(1U << random.below(8));
    if (kind == 2) bytes.resize(random.below(static_cast<std::uint32_t>(bytes.size())) + 1);
    // Who replays someone's whole check from another address looks like that one behind a NAT that has
    // changed its mind, so checks come from where they came from; all else from anywhere.
    const SocketAddress anywhere[] = {alice.address, bob.address, stranger};
    const SocketAddress from = bytes[0] <= 3 ? original.from : anywhere[random.below(3)];
    const std::size_t answered = world.inject(from, bytes);
    if (from == stranger) CHECK(answered == 0);
    if (i % 50 == 0) world.run_for(10ms);
  }
  world.intercept = nullptr;
  world.run_for(1s);
  quiet(world);
  const auto drops = world.transport_stats(alice).dropped;
  CHECK(drops.contains("srtp-auth-failed"));
  CHECK(drops.contains("srtp-replayed"));
  expect_complete(world, alice, bob, MediaKind::kVideo);
  expect_complete(world, bob, alice, MediaKind::kVideo);
  expect_complete(world, bob, alice, MediaKind::kAudio);
  world.finish();
}

TEST_CASE("no unverified address is answered with more than three times what it sent") {
  World world({.seed = 20});
  Random random(20);
  std::vector<std::vector<std::uint8_t>> seen;
  world.intercept = [&](const Datagram& datagram) {
    seen.push_back(datagram.bytes);
    return false;
  };
  world.join();
  world.join({.dtls_role = dtls::Role::kServer});
  world.run_for(300ms);
  world.intercept = nullptr;
  std::map<SocketAddress, std::pair<std::size_t, std::size_t>> traffic;  // sent, answered
  for (int i = 0; i < 4000; ++i) {
    auto bytes = seen[random.below(static_cast<std::uint32_t>(std::min<std::size_t>(seen.size(), 60)))];
    if (random.chance(0.7))
      bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] ^=
          static_cast<std::uint8_t>(1U << random.below(8));
    const auto from = *SocketAddress::parse("198.51.100." + std::to_string(random.below(200)), 700);
    const std::size_t answered = world.inject(from, bytes);
    INFO("first byte " << int{bytes[0]} << ", " << bytes.size() << " bytes");
    // Whole checks with the right password verify the address; what follows is meant for it.
    auto& [sent, back] = traffic[from];
    sent += bytes.size();
    back += answered;
    if (bytes[0] <= 3) {
      CHECK(answered <= 3 * bytes.size());
    }
    if (i % 500 == 0) world.run_for(5ms);
  }
  world.finish();
}

TEST_CASE("a flood of made-up SSRCs from a participant is bounded") {
  World world({.seed = 21});
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(500ms);
  // Her own keys, but streams that no signaling named.
  client::MediaSender& audio = *alice.audio();
  for (int i = 0; i < 3000; ++i) {
    RtpParameters parameters = audio.parameters();
    parameters.encodings[0].ssrc = 1'000'000U + static_cast<std::uint32_t>(i);
    parameters.mid = "nowhere";
    client::MediaSender& flood = alice.peer->add_sender(
        {.stream = 99, .kind = MediaKind::kAudio, .parameters = parameters, .video = {}}, world.now());
    flood.advance(world.now(), alice.peer->connection().sender());
    alice.peer->remove_sender(flood);
    if (i % 100 == 99) world.run_for(20ms);
  }
  world.run_for(1s);
  const auto drops = world.transport_stats(alice).dropped;
  CHECK(drops.at("rtp-unknown-stream") > 500);
  CHECK(drops.at("srtp-too-many-ssrcs") > 1000);
  expect_flowing(world, bob, alice);
  world.finish();
}

TEST_CASE("a participant who sends nonsense under good keys spoils no stream but its own") {
  const auto seed = GENERATE(from_range(seeds(30, 4)));
  INFO("seed " << seed);
  World world({.seed = seed});
  Random random(seed);
  Participant& mallory = world.join();
  Participant& alice = world.join();
  Participant& bob = world.join();
  REQUIRE(world.run_until_connected());
  world.run_for(500ms);
  transport::MediaSender& out = mallory.peer->connection().sender();
  const Ssrc known[] = {mallory.video()->ssrc(),
                        *mallory.video()->rtx_ssrc(),
                        mallory.audio()->ssrc(),
                        alice.video()->ssrc(),
                        world.find_receiver(mallory, alice, MediaKind::kVideo)->ssrc(),
                        {random.u32()}};
  for (int i = 0; i < 4000; ++i) {
    if (random.chance(0.5)) {
      out.send_rtcp(
          [&](MutableBytes room) {
            const std::size_t words = 2 + random.below(60);
            random.fill(room.first(words * 4));
            room[0] = static_cast<std::uint8_t>(0x80 | (random.chance(0.1) ? 0x20 : 0) | random.below(32));
            room[1] = static_cast<std::uint8_t>(200 + random.below(8));
            store16(room.data() + 2,
                    static_cast<std::uint16_t>(random.chance(0.9) ? words - 1 : random.u32()));
            if (random.chance(0.8)) store32(room.data() + 4, known[random.below(6)].value);
            if (words > 3 && random.chance(0.8)) store32(room.data() + 8, known[random.below(6)].value);
            return words * 4;
          },
          world.now());
    } else {
      PacketRef packet = world.engine().pool().allocate();
      packet->size = static_cast<std::uint16_t>(random.below(1200));
      random.fill(packet->bytes());
      const std::uint8_t types[] = {96, 97, 111, static_cast<std::uint8_t>(random.below(64))};
      out.send_rtp({{random.chance(0.5),
                     random.chance(0.1),
                     {types[random.below(4)]},
                     {static_cast<std::uint16_t>(random.u32())},
                     {random.u32()},
                     known[random.below(6)],
                     {}},
                    {},
                    {},
                    packet->bytes(),
                    packet},
                   world.now());
    }
    if (i % 20 == 0) world.run_for(5ms);
  }
  world.run_for(2s);
  for (const Participant* viewer : {&alice, &bob})
    expect_flowing(world, *viewer, viewer == &alice ? bob : alice);
  quiet(world);
  expect_complete(world, alice, bob, MediaKind::kVideo);
  expect_complete(world, bob, alice, MediaKind::kVideo);
  world.finish();
}

}  // namespace
}  // namespace sluice::net
