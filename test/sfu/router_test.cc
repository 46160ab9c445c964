#include "sfu/router.h"

#include "sfu/rig.h"

namespace sluice::sfu::testing {
namespace {

/// One publisher of audio and some viewers of it, each on a side of its own.
class RouterTest {
 public:
  RouterTest() : publisher(rig.add_side()) {
    Producer::Options options;
    options.id = "producer";
    options.parameters = audio(1000);
    options.consumable = options.parameters;
    producer = &publisher.session.add_producer(std::move(options));
    for (int i = 0; i < 3; ++i) {
      viewers.push_back(&rig.add_side());
      add_consumer(*viewers.back());
    }
  }
  Consumer& add_consumer(Side& side) {
    return side.session.add_consumer(consumer_of(*producer), *producer, rig.now);
  }
  void feed(std::uint16_t number) {
    rig.feed(publisher, {.payload_type = kOpus, .number = number, .ssrc = 1000, .payload = {1, 2, 3}});
  }
  /// Which viewer got a packet, in the order of sending; RTP only.
  std::vector<int> sent() {
    std::vector<int> out;
    for (const Sent& sent : rig.drain(false)) {
      if (!sent.rtcp) out.push_back(sent.side);
    }
    return out;
  }

  Rig rig;
  Side& publisher;
  Producer* producer = nullptr;
  std::vector<Side*> viewers;
};

TEST_CASE_METHOD(RouterTest, "each viewer gets the whole burst, then the next") {
  for (std::uint16_t i = 0; i < 3; ++i) feed(i);
  CHECK_FALSE(rig.router.idle());
  rig.router.run(1000, rig.now);
  CHECK(rig.router.idle());
  CHECK(sent() == std::vector<int>{1, 1, 1, 2, 2, 2, 3, 3, 3});
  rig.router.run(1000, rig.now);
  CHECK(sent().empty());
}

TEST_CASE_METHOD(RouterTest, "a portion ends when enough waits, and the next goes on behind it") {
  for (std::uint16_t i = 0; i < 2; ++i) feed(i);
  rig.router.run(3, rig.now);
  CHECK(sent() == std::vector<int>{1, 1, 2, 2});
  CHECK_FALSE(rig.router.idle());
  rig.router.run(3, rig.now);
  CHECK(sent() == std::vector<int>{3, 3});
  CHECK(rig.router.idle());
}

TEST_CASE_METHOD(RouterTest, "a packet that comes in the middle of a portion reaches everyone") {
  feed(0);
  rig.router.run(1, rig.now);
  CHECK(sent() == std::vector<int>{1});
  feed(1);
  rig.router.run(1000, rig.now);
  std::vector<int> rest = sent();
  std::sort(rest.begin(), rest.end());
  CHECK(rest == std::vector<int>{1, 2, 2, 3, 3});
}

TEST_CASE_METHOD(RouterTest, "who leaves in the middle of a portion takes no packet from the others") {
  const int leaver = GENERATE(0, 1, 2);
  feed(0);
  rig.router.run(1, rig.now);  // the first is served
  CHECK(sent() == std::vector<int>{1});
  MediaSession& session = viewers[static_cast<std::size_t>(leaver)]->session;
  if (GENERATE(true, false)) {
    session.consumers().front()->set_paused(true, rig.now);
  } else {
    session.remove_consumer(*session.consumers().front());
  }
  rig.router.run(1000, rig.now);
  std::vector<int> expected;
  for (const int viewer : {2, 3}) {
    if (viewer != leaver + 1) expected.push_back(viewer);
  }
  CHECK(sent() == expected);
}

TEST_CASE_METHOD(RouterTest, "what waits of a producer that goes away is forgotten, its packets are free") {
  feed(0);
  for (Side* viewer : viewers) viewer->session.remove_consumer(*viewer->session.consumers().front());
  publisher.session.remove_producer(*producer);
  rig.router.run(1000, rig.now);
  CHECK(sent().empty());
  CHECK(rig.pool.in_use() == 0);
}

}  // namespace
}  // namespace sluice::sfu::testing
