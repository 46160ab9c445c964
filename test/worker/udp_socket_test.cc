// Real sockets on loopback: batches in, batches out, what is dropped is counted.
#include "worker/udp_socket.h"

#include <numeric>

#include <poll.h>
#include <unistd.h>

#include "catch.h"

namespace {

/// How many datagrams the kernel takes before its buffer is "full"; loopback itself never is.
int kernel_takes = -1;

}  // namespace

/// Stands before the C library's, so that a test can say when the kernel is full.
extern "C" int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags) {
  if (kernel_takes == 0) {
    errno = EAGAIN;
    return -1;
  }
  if (kernel_takes > 0) count = std::min(count, static_cast<unsigned int>(kernel_takes));
  const auto sent = static_cast<int>(syscall(SYS_sendmmsg, fd, messages, count, flags));
  if (kernel_takes > 0 && sent > 0) kernel_takes -= sent;
  return sent;
}

using namespace sluice;
using namespace sluice::worker;

namespace {

SocketAddress loopback(IpFamily family) {
  return family == IpFamily::kIPv4 ? *SocketAddress::parse("127.0.0.1", 0) : *SocketAddress::parse("::1", 0);
}

std::unique_ptr<UdpSocket> open(IpFamily family = IpFamily::kIPv4) {
  auto socket = UdpSocket::open(loopback(family), {20000, 29999});
  if (!socket.ok()) FAIL(socket.error().message);
  return std::move(socket).value();
}

bool readable(const UdpSocket& socket) {
  pollfd ready{socket.fd(), POLLIN, 0};
  return poll(&ready, 1, 5000) == 1;
}

std::uint64_t drops(const UdpSocket& socket, SocketDrop reason) {
  return socket.counters().drops[static_cast<std::size_t>(reason)];
}

}  // namespace

TEST_CASE("datagrams arrive whole, in order, with their sender and a time before now") {
  const IpFamily family = GENERATE(IpFamily::kIPv4, IpFamily::kIPv6);
  if (family == IpFamily::kIPv6 && !UdpSocket::open(loopback(family), {20000, 29999}).ok())
    return;  // a machine without IPv6
  PacketPool pool;
  const auto sender = open(family);
  const auto receiver = open(family);
  const Path path{receiver->local(), 0};
  std::vector<std::vector<std::uint8_t>> sent;
  for (std::size_t i = 0; i < 100; ++i) sent.emplace_back(1 + i * 12, static_cast<std::uint8_t>(i));
  for (const auto& bytes : sent) sender->send({path, bytes}, pool);
  sender->flush(pool);
  CHECK(sender->counters().datagrams_sent == 100);
  CHECK(sender->counters().send_calls == 2);

  ReceiveBatch batch(pool);
  std::size_t next = 0;
  while (next < sent.size() && readable(*receiver)) {
    const Moment moment = read_clocks();
    receiver->receive(batch, 5, moment);
    for (const ReceivedDatagram& datagram : batch.datagrams()) {
      const auto bytes = datagram.packet->bytes();
      CHECK(std::vector<std::uint8_t>(bytes.begin(), bytes.end()) == sent[next++]);
      CHECK(datagram.path.remote == sender->local());
      CHECK(datagram.path.socket == 5);
      CHECK(datagram.packet->arrival <= moment.now);
      CHECK(datagram.packet->arrival > moment.now - 1s);
      CHECK(datagram.packet->ecn == 0);
    }
  }
  CHECK(next == 100);
  CHECK(receiver->counters().datagrams_received == 100);
  batch.release();
  CHECK(pool.in_use() == batch.reserved());
}

TEST_CASE("the ECN bits of the IP header arrive with the packet") {
  const IpFamily family = GENERATE(IpFamily::kIPv4, IpFamily::kIPv6);
  if (family == IpFamily::kIPv6 && !UdpSocket::open(loopback(family), {20000, 29999}).ok()) return;
  PacketPool pool;
  const auto sender = open(family);
  const auto receiver = open(family);
  const int traffic_class = 0xB8 | 0x03;  // expedited forwarding, congestion experienced
  if (family == IpFamily::kIPv4) {
    REQUIRE(setsockopt(sender->fd(), IPPROTO_IP, IP_TOS, &traffic_class, sizeof traffic_class) == 0);
  } else {
    REQUIRE(setsockopt(sender->fd(), IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class) == 0);
  }
  const std::uint8_t byte = 1;
  sender->send({{receiver->local(), 0}, {&byte, 1}}, pool);
  sender->flush(pool);
  ReceiveBatch batch(pool);
  REQUIRE(readable(*receiver));
  receiver->receive(batch, 0, read_clocks());
  REQUIRE(batch.datagrams().size() == 1);
  // IPv4's TOS of a UDP socket cannot set the ECN bits on every kernel; what the kernel kept is what must
  // arrive.
  int kept = 0;
  socklen_t size = sizeof kept;
  if (family == IpFamily::kIPv4) getsockopt(sender->fd(), IPPROTO_IP, IP_TOS, &kept, &size);
  if (family == IpFamily::kIPv6) getsockopt(sender->fd(), IPPROTO_IPV6, IPV6_TCLASS, &kept, &size);
  CHECK(batch.datagrams()[0].packet->ecn == (kept & 3));
}

TEST_CASE("a datagram longer than a buffer is dropped and counted, its neighbours are not") {
  PacketPool pool;
  const auto sender = open();
  const auto receiver = open();
  const std::vector<std::uint8_t> small(100, 1);
  const std::vector<std::uint8_t> largest(Packet::kCapacity, 2);
  const std::vector<std::uint8_t> long_one(Packet::kCapacity + 1, 3);
  for (const auto* bytes : {&small, &long_one, &largest})
    sender->send({{receiver->local(), 0}, *bytes}, pool);
  sender->flush(pool);
  ReceiveBatch batch(pool);
  REQUIRE(readable(*receiver));
  receiver->receive(batch, 0, read_clocks());
  REQUIRE(batch.datagrams().size() == 2);
  CHECK(batch.datagrams()[0].packet->size == 100);
  CHECK(batch.datagrams()[1].packet->size == Packet::kCapacity);
  CHECK(drops(*receiver, SocketDrop::kTooLongToReceive) == 1);
}

TEST_CASE("an exhausted pool drops and counts, and the socket runs dry all the same") {
  PacketPool pool(1);
  const auto sender = open();
  const auto receiver = open();
  const PacketRef taken = pool.allocate();
  const std::uint8_t byte = 1;
  for (int i = 0; i < 3; ++i) sender->send({{receiver->local(), 0}, {&byte, 1}}, pool);
  sender->flush(pool);
  ReceiveBatch batch(pool);
  REQUIRE(readable(*receiver));
  receiver->receive(batch, 0, read_clocks());
  CHECK(batch.datagrams().empty());
  CHECK(drops(*receiver, SocketDrop::kNoBuffer) == 3);
}

TEST_CASE("one refused datagram does not take its batch with it") {
  PacketPool pool;
  const auto sender = open();
  const auto receiver = open();
  const std::vector<std::uint8_t> small(100, 1);
  const std::vector<std::uint8_t> impossible(65'536, 2);  // no UDP datagram is this long
  for (const auto* bytes : {&small, &impossible, &small, &impossible, &small})
    sender->send({{receiver->local(), 0}, *bytes}, pool);
  sender->flush(pool);
  CHECK(sender->counters().datagrams_sent == 3);
  CHECK(drops(*sender, SocketDrop::kTooLongToSend) == 2);
  CHECK(sender->counters().bytes_sent == 300);
}

TEST_CASE(
    "what a full kernel does not take leaves later, in order; beyond the ring it is dropped and counted") {
  PacketPool pool;
  const auto sender = open();
  const auto receiver = open();
  const Path path{receiver->local(), 0};
  constexpr std::size_t kAll = 10 + UdpSocket::kMaxDeferred + 7;
  kernel_takes = 10;
  for (std::size_t i = 0; i < kAll; ++i) {
    // The bytes are gone after the flush, as the engine's are.
    const std::uint8_t number[2] = {static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
    sender->send({path, number}, pool);
    sender->flush(pool);
  }
  CHECK(sender->wants_writable());
  CHECK(sender->counters().datagrams_sent == 10);
  CHECK(sender->counters().deferred == UdpSocket::kMaxDeferred);
  CHECK(drops(*sender, SocketDrop::kSendBufferFull) == 7);
  CHECK(pool.in_use() == UdpSocket::kMaxDeferred);

  ReceiveBatch batch(pool);
  std::size_t next = 0;
  const auto read_all = [&] {
    do {
      receiver->receive(batch, 0, read_clocks());
      for (const ReceivedDatagram& datagram : batch.datagrams()) {
        CHECK(std::size_t{datagram.packet->data[0]} * 256 + datagram.packet->data[1] == next++);
      }
    } while (!batch.datagrams().empty());
  };
  while (sender->wants_writable()) {
    kernel_takes = 100;
    sender->on_writable();
    read_all();
  }
  kernel_takes = -1;
  CHECK(next == 10 + UdpSocket::kMaxDeferred);
  batch.release();
  CHECK(pool.in_use() == batch.reserved());

  const std::uint8_t last[2] = {static_cast<std::uint8_t>(next >> 8), static_cast<std::uint8_t>(next)};
  sender->send({path, last}, pool);
  sender->flush(pool);
  read_all();
  CHECK(next == 11 + UdpSocket::kMaxDeferred);
}

TEST_CASE("a taken port is told, and a range moves on to the next") {
  const auto first = open();
  const std::uint16_t port = first->local().port();
  const auto taken = UdpSocket::open(loopback(IpFamily::kIPv4), {port, port});
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == ErrorCode::kAlreadyExists);
  CHECK(taken.error().message ==
        "cannot bind UDP 127.0.0.1:" + std::to_string(port) + ": Address already in use");
  const auto next =
      UdpSocket::open(loopback(IpFamily::kIPv4), {port, static_cast<std::uint16_t>(port + 100)});
  REQUIRE(next.ok());
  CHECK((*next)->local().port() > port);
  const auto foreign = UdpSocket::open(*SocketAddress::parse("192.0.2.1", 0), {20000, 29999});
  REQUIRE_FALSE(foreign.ok());
  CHECK(foreign.error().code == ErrorCode::kNotFound);
}
