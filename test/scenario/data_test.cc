// Data through a room in virtual time: clients with data channels over lossy links, the controller over a
// direct transport. By ORTC, where both ends make a channel by its number.
#include <map>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "net/world.h"
#include "seeds.h"

namespace sluice::net {
namespace {

constexpr LinkSpec kBad{.loss = 0.05, .duplication = 0.01, .delay = 20ms, .jitter = 30ms};

/// A member of the room with data channels, and what has come in on each.
struct Member {
  World& world;
  Participant& p;
  std::map<sctp::ChannelHandle, std::vector<std::pair<sctp::MessageKind, std::vector<std::uint8_t>>>>
      received;
  std::vector<sctp::ChannelHandle> closed;
  bool taking = true;

  Member(World& in, std::optional<LinkSpec> link = {}, SctpOptions data = {.enable = true})
      : world(in), p(in.join({.audio = false, .video = false, .data = data, .up = link, .down = link})) {}

  sctp::DataChannels& data() { return *p.peer->connection().data(); }
  void poll() {
    while (auto event = data().poll_event(world.now())) {
      if (event->type == sctp::Event::Type::kMessage)
        received[event->channel].emplace_back(event->kind, std::move(event->data));
      // As browsers do: a channel that the other side closes is closed here too.
      if (event->type == sctp::Event::Type::kClosing) data().close(event->channel, world.now());
      if (event->type == sctp::Event::Type::kClosed) closed.push_back(event->channel);
    }
    p.peer->connection().flush_data(world.now());
    world.touch(p);
  }
  sctp::ChannelHandle channel(const SctpStreamParameters& stream) {
    sctp::ChannelOptions options;
    options.negotiated = true;
    options.id = stream.stream_id;
    options.reliability = {stream.ordered, stream.max_packet_life_time, stream.max_retransmits};
    const auto made = data().create(options, world.now());
    REQUIRE(made.ok());
    return *made;
  }
  sctp::ChannelHandle produce(const std::string& id, const SctpStreamParameters& stream) {
    const sctp::ChannelHandle handle = channel(stream);
    (void)world.request<DataProducerReply>(
        ProduceData{p.transport_id, id, stream, "label", "protocol", false});
    return handle;
  }
  sctp::ChannelHandle consume(const std::string& producer, const std::string& id = "") {
    const auto reply = world.request<DataConsumerReply>(ConsumeData{p.transport_id, id, producer});
    REQUIRE(reply.sctp_stream_parameters);
    return channel(*reply.sctp_stream_parameters);
  }
  sctp::SendStatus send(sctp::ChannelHandle channel, std::size_t size, std::uint8_t byte,
                        sctp::MessageKind kind = sctp::MessageKind::kBinary) {
    const std::vector<std::uint8_t> bytes(size, byte);
    const auto status = data().send(channel, kind, bytes, world.now());
    p.peer->connection().flush_data(world.now());
    world.touch(p);
    return status;
  }
};

bool run_until(World& world, const std::vector<Member*>& members, const std::function<bool()>& done,
               Duration limit) {
  return world.run_until(
      [&] {
        for (Member* member : members) {
          if (member->taking) member->poll();
        }
        return done();
      },
      limit);
}

bool connected(World& world, const std::vector<Member*>& members) {
  return run_until(
      world, members,
      [&] {
        return std::ranges::all_of(
            members, [](Member* member) { return member->data().state() == sctp::State::kConnected; });
      },
      20s);
}

DataStats stats_of(World& world, ObjectKind kind, const std::string& id) {
  return *world.request<StatsReply>(GetStats{kind, id}).data;
}

TEST_CASE("reliable messages of every kind and size arrive whole and in order at everyone, over bad links") {
  for (const std::uint64_t seed : seeds(1, 2)) {
    INFO("seed " << seed);
    World world({.seed = seed});
    Member ada(world, kBad);
    Member bob(world, kBad);
    Member eve(world);
    REQUIRE(connected(world, {&ada, &bob, &eve}));
    const auto out = ada.produce("p", {7});
    const auto at_bob = bob.consume("p");
    const auto at_eve = eve.consume("p", "e");
    std::vector<std::size_t> sizes;
    for (int i = 0; i < 60; ++i) sizes.push_back(i % 7 == 0 ? 0 : i % 11 == 0 ? 100'000 : i * 37U);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      CHECK(ada.send(out, sizes[i], static_cast<std::uint8_t>(i),
                     i % 2 == 0 ? sctp::MessageKind::kString : sctp::MessageKind::kBinary) ==
            sctp::SendStatus::kSent);
    }
    REQUIRE(run_until(
        world, {&ada, &bob, &eve},
        [&] {
          return bob.received[at_bob].size() == sizes.size() && eve.received[at_eve].size() == sizes.size();
        },
        120s));
    for (const auto* received : {&bob.received[at_bob], &eve.received[at_eve]}) {
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        CHECK((*received)[i].first == (i % 2 == 0 ? sctp::MessageKind::kString : sctp::MessageKind::kBinary));
        CHECK((*received)[i].second == std::vector<std::uint8_t>(sizes[i], static_cast<std::uint8_t>(i)));
      }
    }
    const DataStats sent = stats_of(world, ObjectKind::kDataConsumer, "e");
    CHECK(sent.messages_sent == sizes.size());
    CHECK(sent.dropped.empty());
    CHECK(stats_of(world, ObjectKind::kDataProducer, "p").messages_received == sizes.size());
    world.finish();
  }
}

TEST_CASE("a receiver that takes nothing loses messages alone; the others get all, and memory is bounded") {
  World world({.seed = 5});
  Member ada(world);
  Member bob(world);
  Member slow(world);
  REQUIRE(connected(world, {&ada, &bob, &slow}));
  const auto out = ada.produce("p", {0});
  const auto at_bob = bob.consume("p", "b");
  (void)slow.consume("p", "s");
  slow.taking = false;
  int sent = 0;
  const int count = 600;
  REQUIRE(run_until(
      world, {&ada, &bob, &slow},
      [&] {
        // A megabyte ahead of Bob, as whoever must not lose anything does.
        while (sent < count && sent - static_cast<int>(bob.received[at_bob].size()) < 32 &&
               ada.send(out, 32'000, static_cast<std::uint8_t>(sent)) == sctp::SendStatus::kSent)
          ++sent;
        return bob.received[at_bob].size() == static_cast<std::size_t>(count);
      },
      120s));
  const DataStats at_slow = stats_of(world, ObjectKind::kDataConsumer, "s");
  CHECK(at_slow.buffered_amount <= 2'000'000);
  CHECK(at_slow.dropped.at("queue-full") > 50);
  CHECK(stats_of(world, ObjectKind::kDataConsumer, "b").dropped.empty());
  std::size_t told = 0;
  for (const Event& event : world.events()) {
    if (const auto* full = std::get_if<DataConsumerFull>(&event))
      told += full->data_consumer_id == "s" ? 1 : 0;
  }
  CHECK(told >= 1);
  // It comes back, and what had waited arrives.
  slow.taking = true;
  REQUIRE(run_until(
      world, {&ada, &bob, &slow},
      [&] { return stats_of(world, ObjectKind::kDataConsumer, "s").buffered_amount == 0; }, 60s));
  world.finish();
}

TEST_CASE(
    "what is given up on the way is missing, and nothing else: unordered, with a limit of retransmissions") {
  World world({.seed = 9});
  Member ada(world, kBad);
  Member bob(world, kBad);
  REQUIRE(connected(world, {&ada, &bob}));
  const auto out = ada.produce("p", {3, false, std::nullopt, std::uint16_t{0}});
  const auto at_bob = bob.consume("p", "b");
  for (int i = 0; i < 200; ++i) {
    CHECK(ada.send(out, 500, static_cast<std::uint8_t>(i)) == sctp::SendStatus::kSent);
    run_until(
        world, {&ada, &bob}, [] { return false; }, 10ms);
  }
  run_until(
      world, {&ada, &bob}, [] { return false; }, 5s);
  const std::size_t received = bob.received[at_bob].size();
  CHECK(received > 120);
  CHECK(received < 200);
  for (const auto& [kind, bytes] : bob.received[at_bob])
    CHECK(bytes == std::vector<std::uint8_t>(500, bytes.at(0)));
  world.finish();
}

TEST_CASE("the controller speaks to clients and hears them; what ends is told to both sides") {
  World world({.seed = 3});
  Member ada(world);
  REQUIRE(connected(world, {&ada}));
  (void)world.request<DirectTransportReply>(CreateDirectTransport{"room", "", "d"});
  (void)world.request<DataProducerReply>(ProduceData{"d", "announcements", std::nullopt, "news", "", false});
  const auto at_ada = ada.consume("announcements", "a");
  const auto out = ada.produce("p", {9});
  ConsumeData hear{"d", "controller", "p"};
  (void)world.request<DataConsumerReply>(hear);
  world.request<Done>(SendToDataProducer{"announcements", ppid::kString, Payload::copy_of(as_bytes("hi"))});
  world.request<Done>(SendToDataConsumer{"a", ppid::kStringEmpty, Payload(std::vector<std::uint8_t>(1))});
  ada.send(out, 3, 'x');
  ada.send(out, 0, 0, sctp::MessageKind::kString);
  const auto heard = [&] {
    std::vector<const DataMessageReceived*> messages;
    for (const Event& event : world.events()) {
      if (const auto* message = std::get_if<DataMessageReceived>(&event)) messages.push_back(message);
    }
    return messages;
  };
  REQUIRE(run_until(
      world, {&ada}, [&] { return ada.received[at_ada].size() == 2 && heard().size() == 2; }, 10s));
  CHECK(ada.received[at_ada][0] ==
        std::pair(sctp::MessageKind::kString, std::vector<std::uint8_t>{'h', 'i'}));
  CHECK(ada.received[at_ada][1].second.empty());
  CHECK(heard()[0]->ppid == ppid::kBinary);
  CHECK(heard()[1]->ppid == ppid::kStringEmpty);
  // The controller ends what it sends: the client's channel closes. The client ends its own: the producer
  // does.
  world.request<Done>(Close{ObjectKind::kDataProducer, "announcements"});
  ada.data().close(out, world.now());
  REQUIRE(run_until(
      world, {&ada}, [&] { return ada.closed.size() == 2; }, 10s));
  run_until(
      world, {&ada}, [] { return false; }, 1s);
  bool stopped = false;
  for (const Event& event : world.events()) {
    if (const auto* closed = std::get_if<ObjectClosed>(&event))
      stopped = stopped || (closed->id == "p" && closed->reason == "stopped");
  }
  CHECK(stopped);
  // The stream is free again.
  (void)ada.produce("again", {9});
  world.finish();
}

TEST_CASE("channels come and go under loss, and leave nothing behind") {
  for (const std::uint64_t seed : seeds(1, 4)) {
    INFO("seed " << seed);
    World world({.seed = seed});
    Member ada(world, kBad);
    Member bob(world, kBad);
    REQUIRE(connected(world, {&ada, &bob}));
    for (int round = 0; round < 4; ++round) {
      std::vector<sctp::ChannelHandle> out;
      for (std::uint16_t i = 0; i < 20; ++i) {
        const std::string id = std::to_string(round) + "-" + std::to_string(i);
        out.push_back(ada.produce(id, {i}));
        (void)bob.consume(id);
        ada.send(out.back(), 1'000, static_cast<std::uint8_t>(i));
      }
      run_until(
          world, {&ada, &bob}, [] { return false; }, 300ms);
      const std::size_t before = ada.closed.size();
      for (const auto handle : out) ada.data().close(handle, world.now());
      std::string counts;
      const bool closed = run_until(
          world, {&ada, &bob},
          [&] {
            const auto dump = nlohmann::json::parse(world.dump_worker());
            counts = dump["counts"].dump();
            return ada.closed.size() == before + out.size() && dump["counts"]["dataConsumers"] == 0;
          },
          60s);
      INFO("round " << round << ": " << ada.closed.size() - before
                    << " closed at the client, left: " << counts
                    << world.request<DumpReply>(Dump{ObjectKind::kTransport, ada.p.transport_id}).json);
      REQUIRE(closed);
    }
    world.leave(bob.p);
    world.finish();
  }
}

}  // namespace
}  // namespace sluice::net
