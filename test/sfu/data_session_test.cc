// Messages through producers and consumers, without a transport: who is meant, who is full, whose turn it is.
#include "sfu/data_session.h"

#include "catch.h"

namespace sluice::sfu {
namespace {

struct Rig {
  std::vector<DataSession*> dirty;
  std::vector<Event> events;
  DataSession from{dirty, events, nullptr};
  DataSession to{dirty, events, nullptr};
  DataProducer& producer = from.add_producer({"p", SctpStreamParameters{1}, "chat", "json", false});
  Instant now{1s};

  DataConsumer& consume(const std::string& id, std::uint16_t stream,
                        std::vector<std::uint16_t> subchannels = {}) {
    return to.add_consumer({id, SctpStreamParameters{stream}, "chat", "json", false, std::move(subchannels)},
                           producer);
  }
  static DataMessage message(std::size_t size, std::uint8_t byte = 7) {
    return {ppid::kBinary, Payload(std::vector<std::uint8_t>(size, byte))};
  }
  void send(std::size_t size, const Audience& audience = {}) {
    producer.receive(message(size), audience, now);
  }
  template <typename T>
  std::size_t count() const {
    std::size_t out = 0;
    for (const Event& event : events) out += std::holds_alternative<T>(event) ? 1 : 0;
    return out;
  }
  /// All that waits, in the order in which it may leave.
  std::vector<std::string> drain() {
    std::vector<std::string> out;
    while (DataConsumer* consumer = to.next()) {
      if (consumer->front(now) == nullptr) continue;
      consumer->pop_sent();
      out.push_back(consumer->id());
      to.rotate();
    }
    return out;
  }
};

TEST_CASE("one payload is shared by all who are to get it, and gone with the last") {
  Rig rig;
  DataConsumer& a = rig.consume("a", 1);
  DataConsumer& b = rig.consume("b", 2);
  const DataMessage message = Rig::message(1000);
  rig.producer.receive(message, {}, rig.now);
  CHECK(message.payload.references() == 3);
  CHECK(a.front(rig.now)->payload.bytes().data() == b.front(rig.now)->payload.bytes().data());
  rig.drain();
  CHECK(message.payload.references() == 1);
  CHECK(rig.to.buffered_amount() == 0);
  CHECK(a.stats(rig.now).messages_sent == 1);
  CHECK(a.stats(rig.now).bytes_sent == 1000);
  CHECK(rig.producer.stats(rig.now).bytes_received == 1000);
}

TEST_CASE("a message for subchannels goes to consumers that have one of them") {
  Rig rig;
  rig.consume("none", 1);
  rig.consume("one", 2, {1});
  rig.consume("both", 3, {2, 1, 2});
  rig.send(1);
  CHECK(rig.drain() == std::vector<std::string>{"none", "one", "both"});
  rig.send(1, {{1, 9}});
  CHECK(rig.drain() == std::vector<std::string>{"one", "both"});
  rig.send(1, {{1}, std::uint16_t{2}});
  CHECK(rig.drain() == std::vector<std::string>{"both"});
  rig.send(1, {{}, std::nullopt, std::uint16_t{2}});
  CHECK(rig.drain() == std::vector<std::string>{"none", "one"});
  rig.to.consumer_of(1)->set_subchannels({9});
  rig.send(1, {{9}});
  CHECK(rig.drain() == std::vector<std::string>{"none"});
}

TEST_CASE("what is paused gets nothing, and nothing late") {
  Rig rig;
  DataConsumer& a = rig.consume("a", 1);
  rig.consume("b", 2);
  a.set_paused(true);
  rig.send(1);
  CHECK(rig.drain() == std::vector<std::string>{"b"});
  a.set_paused(false);
  rig.producer.set_paused(true);
  rig.send(1);
  CHECK(rig.drain().empty());
  rig.producer.set_paused(false);
  rig.send(1);
  CHECK(rig.drain() == std::vector<std::string>{"a", "b"});
  CHECK(rig.producer.stats(rig.now).messages_received == 3);
}

TEST_CASE("a consumer whose queue is full loses messages alone, which is counted and told once") {
  Rig rig;
  rig.to.set_limits({.queue_of_consumer = 3'000, .queue_of_transport = 100'000, .max_message_size = 2'000});
  DataConsumer& slow = rig.consume("slow", 1);
  DataConsumer& fast = rig.consume("fast", 2);
  for (int i = 0; i < 10; ++i) {
    rig.send(900);
    if (fast.front(rig.now) != nullptr) fast.pop_sent();
  }
  CHECK(fast.stats(rig.now).messages_sent == 10);
  CHECK(slow.buffered_amount() <= 3'000);
  CHECK(slow.drops()[DataDrop::kQueueFull] == 7);
  REQUIRE(rig.count<DataConsumerFull>() == 1);
  slow.pop_sent();
  rig.send(900);
  rig.send(900);
  CHECK(rig.count<DataConsumerFull>() == 2);
  CHECK(slow.drops()[DataDrop::kQueueFull] == 8);
  // Too large is another matter: nobody is slow then.
  rig.send(2'001);
  CHECK(slow.drops()[DataDrop::kTooLarge] == 1);
  CHECK(rig.count<DataConsumerFull>() == 2);
}

TEST_CASE("empty messages do not pile up without end either") {
  Rig rig;
  rig.to.set_limits({.queue_of_consumer = 10'000, .queue_of_transport = 10'000, .max_message_size = 10});
  DataConsumer& a = rig.consume("a", 1);
  for (int i = 0; i < 1'000; ++i)
    rig.producer.receive({ppid::kStringEmpty, Payload(std::vector<std::uint8_t>(1))}, {}, rig.now);
  CHECK(a.buffered_amount() <= 10'000);
  CHECK(a.drops().total() > 800);
  CHECK(rig.producer.stats(rig.now).bytes_received == 0);
}

TEST_CASE("consumers of one transport share its buffer, and take turns") {
  Rig rig;
  rig.to.set_limits({.queue_of_consumer = 5'000, .queue_of_transport = 6'000, .max_message_size = 2'000});
  DataConsumer& a = rig.consume("a", 1);
  rig.consume("b", 2);
  a.offer(Rig::message(1), rig.now);
  rig.send(900);
  rig.send(900);
  CHECK(rig.drain() == std::vector<std::string>{"a", "b", "a", "b", "a"});
  for (int i = 0; i < 10; ++i) rig.send(900);
  CHECK(rig.to.buffered_amount() <= 6'000);
}

TEST_CASE("what has waited longer than its stream's life time is not sent any more") {
  Rig rig;
  SctpStreamParameters stream{5, false, std::uint16_t{100}};
  DataConsumer& a = rig.to.add_consumer({"a", stream, "", "", false, {}}, rig.producer);
  rig.send(10);
  rig.now += 60ms;
  rig.send(10);
  rig.now += 60ms;
  REQUIRE(a.front(rig.now) != nullptr);
  CHECK(a.drops()[DataDrop::kExpired] == 1);
  CHECK(rig.drain().size() == 1);
}

TEST_CASE("the low threshold is told when it is crossed, and when it is set below") {
  Rig rig;
  DataConsumer& a = rig.consume("a", 1);
  rig.send(1'000);
  rig.send(1'000);
  rig.drain();
  CHECK(rig.count<BufferedAmountLow>() == 0);  // nobody has asked
  a.set_low_threshold(1'500);
  CHECK(rig.count<BufferedAmountLow>() == 1);  // there already
  rig.send(1'000);
  rig.send(1'000);
  a.pop_sent();
  CHECK(rig.count<BufferedAmountLow>() == 2);
  a.pop_sent();
  CHECK(rig.count<BufferedAmountLow>() == 2);
}

TEST_CASE("a consumer that goes away takes what waited for it along") {
  Rig rig;
  DataConsumer& a = rig.consume("a", 1);
  rig.consume("b", 2);
  const DataMessage message = Rig::message(100);
  rig.producer.receive(message, {}, rig.now);
  rig.to.remove_consumer(a);
  CHECK(rig.producer.consumers.size() == 1);
  CHECK(message.payload.references() == 2);
  CHECK(rig.drain() == std::vector<std::string>{"b"});
  CHECK(rig.to.buffered_amount() == 0);
  CHECK(rig.to.consumer_of(1) == nullptr);
}

}  // namespace
}  // namespace sluice::sfu
