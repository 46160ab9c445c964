// The stage itself: a virtual network that did not do what its links say would make every scenario worthless.
#include "catch.h"
#include "net/virtual_network.h"

namespace sluice::net {
namespace {

class NetworkTest {
 public:
  explicit NetworkTest(std::uint64_t seed = 1) : network(seed) { network.add_server(server); }
  void send_up(std::uint32_t number, Instant at) {
    std::uint8_t bytes[100]{};
    store32(bytes, number);
    network.send(host, server, bytes, at);
  }
  struct Received {
    std::uint32_t number;
    Instant at;
    SocketAddress from;
  };
  std::vector<Received> receive_all() {
    std::vector<Received> out;
    Datagram datagram;
    while (network.next_delivery() != kNever) {
      const Instant at = network.next_delivery();
      REQUIRE(network.receive(at, datagram));
      out.push_back({load32(datagram.bytes.data()), at, datagram.from});
    }
    return out;
  }

  SocketAddress server = *SocketAddress::parse("192.0.2.1", 1);
  SocketAddress host = *SocketAddress::parse("10.0.0.1", 2);
  VirtualNetwork network;
  Instant now{100s};
};

TEST_CASE("a clean link delivers everything in order after its delay") {
  NetworkTest test;
  test.network.add_host(test.host, {.delay = 7ms}, {});
  for (std::uint32_t i = 0; i < 100; ++i) test.send_up(i, test.now + Duration(i));
  const auto received = test.receive_all();
  REQUIRE(received.size() == 100);
  for (std::uint32_t i = 0; i < 100; ++i) {
    CHECK(received[i].number == i);
    CHECK(received[i].at == test.now + Duration(i) + 7ms);
  }
}

TEST_CASE("loss, duplication and reordering come as often as the link says, the same with the same seed") {
  const auto run = [] {
    NetworkTest test(9);
    test.network.add_host(test.host, {.loss = 0.1, .duplication = 0.05, .delay = 5ms, .jitter = 20ms}, {});
    for (std::uint32_t i = 0; i < 10'000; ++i) test.send_up(i, test.now + i * 1ms);
    std::vector<std::uint32_t> numbers;
    for (const auto& received : test.receive_all()) numbers.push_back(received.number);
    const auto& counts = test.network.counts();
    CHECK(counts.sent == 10'000);
    CHECK(counts.lost + counts.delivered == counts.sent + counts.duplicated);
    return numbers;
  };
  const auto numbers = run();
  CHECK(numbers == run());
  CHECK(numbers.size() > 9200);
  CHECK(numbers.size() < 9700);
  std::size_t reordered = 0;
  for (std::size_t i = 1; i < numbers.size(); ++i) reordered += numbers[i] < numbers[i - 1] ? 1 : 0;
  CHECK(reordered > 1000);
}

TEST_CASE("a bandwidth spaces packets out, and a full queue loses") {
  NetworkTest test;
  test.network.add_host(test.host, {.delay = 0ms, .bandwidth = 800'000, .queue = 1000},
                        {});  // 100 bytes: 1 ms
  for (std::uint32_t i = 0; i < 20; ++i) test.send_up(i, test.now);
  const auto received = test.receive_all();
  REQUIRE(received.size() == 10);
  for (std::uint32_t i = 0; i < 10; ++i) CHECK(received[i].at == test.now + (i + 1) * 1ms);
  CHECK(test.network.counts().overflowed == 10);
}

TEST_CASE("a host behind a NAT is seen at its outer address, and is not reached at an old one") {
  NetworkTest test;
  const auto outer = *SocketAddress::parse("203.0.113.5", 77);
  test.network.add_host(test.host, {}, {});
  test.network.rebind(test.host, outer);
  test.send_up(1, test.now);
  const auto received = test.receive_all();
  REQUIRE(received.size() == 1);
  CHECK(received[0].from == outer);
  const std::uint8_t byte[4]{};
  test.network.send(test.server, test.host, byte, test.now);
  CHECK(test.network.next_delivery() == kNever);
  test.network.send(test.server, outer, byte, test.now);
  Datagram datagram;
  REQUIRE(test.network.receive(test.now + 1s, datagram));
  CHECK(datagram.to == test.host);
}

TEST_CASE("a link that is cut passes nothing either way") {
  NetworkTest test;
  test.network.add_host(test.host, {}, {});
  test.network.cut(test.host, true);
  test.send_up(1, test.now);
  const std::uint8_t byte[4]{};
  test.network.send(test.server, test.host, byte, test.now);
  CHECK(test.network.next_delivery() == kNever);
  CHECK(test.network.counts().undeliverable == 2);
}

}  // namespace
}  // namespace sluice::net
