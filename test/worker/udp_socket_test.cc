// Real sockets on loopback: batches in, batches out, what is dropped is counted.
#include "worker/udp_socket.h"

#include <numeric>
#include <random>

#include <poll.h>
#include <unistd.h>

#include "catch.h"

namespace {

/// How many messages the kernel takes before its buffer is "full"; loopback itself never is.
int kernel_takes = -1;
/// What the kernel says of a message to segment whose datagrams are larger than `segment_limit`.
int segment_error = 0;
std::size_t segment_limit = 0;

bool refused(const msghdr& message) {
  return segment_error != 0 && message.msg_iovlen > 1 && message.msg_iov[0].iov_len > segment_limit;
}

}  // namespace

/// Stand before the C library's, so that a test can say when the kernel is full, and what it refuses.
extern "C" int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags) {
  if (kernel_takes == 0) {
    errno = EAGAIN;
    return -1;
  }
  if (kernel_takes > 0) count = std::min(count, static_cast<unsigned int>(kernel_takes));
  for (unsigned int i = 0; i < count; ++i) {
    if (!refused(messages[i].msg_hdr)) continue;
    if (i == 0) {
      errno = segment_error;
      return -1;
    }
    count = i;
  }
  const auto sent = static_cast<int>(syscall(SYS_sendmmsg, fd, messages, count, flags));
  if (kernel_takes > 0 && sent > 0) kernel_takes -= sent;
  return sent;
}
extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  if (kernel_takes == 0) {
    errno = EAGAIN;
    return -1;
  }
  const ssize_t sent = syscall(SYS_sendmsg, fd, message, flags);
  if (kernel_takes > 0 && sent >= 0) --kernel_takes;
  return sent;
}

using namespace sluice;
using namespace sluice::worker;

namespace {

SocketAddress loopback(IpFamily family) {
  return family == IpFamily::kIPv4 ? *SocketAddress::parse("127.0.0.1", 0) : *SocketAddress::parse("::1", 0);
}

std::unique_ptr<UdpSocket> open(IpFamily family = IpFamily::kIPv4, const SocketOptions& options = {}) {
  auto socket = UdpSocket::open(loopback(family), {20000, 29999}, options);
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
  CHECK(sender->counters().messages_sent == 100);                      // each larger than the one before
  CHECK(sender->counters().send_batch.in_units_of(1).counts[6] == 2);  // of 64 and 36: above 32, to 64
  CHECK(sender->counters().message_segments.in_units_of(1).counts[0] == 100);

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
  CHECK(pool.in_use() == 0);
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
  CHECK(pool.in_use() == 0);

  const std::uint8_t last[2] = {static_cast<std::uint8_t>(next >> 8), static_cast<std::uint8_t>(next)};
  sender->send({path, last}, pool);
  sender->flush(pool);
  read_all();
  CHECK(next == 11 + UdpSocket::kMaxDeferred);
}

namespace {

using Bytes = std::vector<std::uint8_t>;

/// All that a socket has received so far.
std::vector<Bytes> read_all(UdpSocket& socket, ReceiveBatch& batch) {
  std::vector<Bytes> out;
  do {
    socket.receive(batch, 0, read_clocks());
    for (const ReceivedDatagram& datagram : batch.datagrams()) {
      const auto bytes = datagram.packet->bytes();
      out.emplace_back(bytes.begin(), bytes.end());
    }
  } while (!batch.datagrams().empty());
  return out;
}

}  // namespace

TEST_CASE("neighbours for one receiver leave as one message, and arrive as they were") {
  PacketPool pool;
  const bool gro = GENERATE(true, false);
  const auto sender = open();
  const auto receiver = open(IpFamily::kIPv4, {.gro = gro});
  std::vector<Bytes> sent;
  for (std::uint8_t i = 0; i < 9; ++i) sent.emplace_back(i == 8 ? 300 : 1200, i);  // a frame
  sent.emplace_back(1200, 9);  // after a smaller one the next frame begins anew
  for (const Bytes& bytes : sent) sender->send({{receiver->local(), 0}, bytes}, pool);
  sender->flush(pool);
  CHECK(sender->counters().send_calls == 1);
  CHECK(sender->counters().messages_sent == 2);
  CHECK(sender->counters().datagrams_sent == 10);
  CHECK(sender->counters().bytes_sent == 9 * 1200 + 300);
  CHECK(sender->counters().segmented == 9);
  CHECK(sender->counters().send_batch.in_units_of(1).sum == 10);
  CHECK(sender->counters().message_segments.in_units_of(1).counts[4] == 1);  // above 8, to 16
  CHECK(sender->counters().message_segments.in_units_of(1).counts[0] == 1);
  CHECK_FALSE(sender->take_notice());

  ReceiveBatch batch(pool);
  REQUIRE(readable(*receiver));
  const Moment moment = read_clocks();
  receiver->receive(batch, 0, moment);
  REQUIRE(batch.datagrams().size() == 10);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const Packet& packet = *batch.datagrams()[i].packet;
    CHECK(Bytes(packet.bytes().begin(), packet.bytes().end()) == sent[i]);
    CHECK(packet.arrival <= moment.now);
    CHECK(packet.arrival > moment.now - 1s);
    CHECK(batch.datagrams()[i].path.remote == sender->local());
  }
  CHECK(receiver->counters().messages_coalesced == (gro ? 1 : 0));
  CHECK(receiver->counters().datagrams_received == 10);
  CHECK(receiver->counters().receive_batch.in_units_of(1).counts[4] == 1);
}

TEST_CASE("the largest burst for one receiver is split into messages that the kernel takes") {
  PacketPool pool;
  const std::size_t size = GENERATE(1, 1000, 1472);
  const auto sender = open();
  const auto receiver = open();
  const Bytes bytes(size, 7);
  ReceiveBatch batch(pool);
  std::size_t arrived = 0;
  for (int i = 0; i < 300; ++i) sender->send({{receiver->local(), 0}, bytes}, pool);
  sender->flush(pool);
  for (const Bytes& one : read_all(*receiver, batch)) arrived += one == bytes ? 1 : 0;
  CHECK(arrived == 300);
  CHECK(sender->counters().datagrams_sent == 300);
  CHECK(sender->counters().messages_sent == (size == 1472 ? 7 : 5));  // 44 of 1,472 bytes fit a message
}

TEST_CASE("ECN bits hold for every datagram of a message") {
  PacketPool pool;
  const auto sender = open();
  const auto receiver = open();
  const int traffic_class = 0x02;  // ECT(0)
  REQUIRE(setsockopt(sender->fd(), IPPROTO_IP, IP_TOS, &traffic_class, sizeof traffic_class) == 0);
  const Bytes bytes(500, 1);
  for (int i = 0; i < 4; ++i) sender->send({{receiver->local(), 0}, bytes}, pool);
  sender->flush(pool);
  ReceiveBatch batch(pool);
  REQUIRE(readable(*receiver));
  receiver->receive(batch, 0, read_clocks());
  REQUIRE(batch.datagrams().size() == 4);
  CHECK(receiver->counters().messages_coalesced == 1);
  for (const auto& datagram : batch.datagrams()) CHECK(datagram.packet->ecn == 2);
}

TEST_CASE("a kernel that cannot segment is not asked again, and that is told once") {
  PacketPool pool;
  const auto sender = open();
  const auto receiver = open();
  ReceiveBatch batch(pool);
  const Bytes bytes(1000, 1);
  segment_limit = 0;
  segment_error = GENERATE(EIO, EOPNOTSUPP);
  std::size_t arrived = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i) sender->send({{receiver->local(), 0}, bytes}, pool);
    sender->flush(pool);
    arrived += read_all(*receiver, batch).size();
  }
  segment_error = 0;
  CHECK(arrived == 15);
  CHECK(sender->counters().datagrams_sent == 15);
  CHECK(sender->counters().segmenting_refused == 1);
  CHECK_FALSE(sender->segments());
  const auto notice = sender->take_notice();
  REQUIRE(notice);
  CHECK_THAT(*notice, Catch::Matchers::Contains("UDP_SEGMENT") && Catch::Matchers::Contains("singly"));
  CHECK_FALSE(sender->take_notice());
}

TEST_CASE("a path with a small MTU is served singly while the others go on") {
  PacketPool pool;
  const auto sender = open();
  const auto receiver = open();
  const auto other = open();
  ReceiveBatch batch(pool);
  segment_error = GENERATE(EINVAL, EMSGSIZE);
  segment_limit = 1000;
  const Bytes large(1200, 1);
  const Bytes small(900, 2);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i) sender->send({{receiver->local(), 0}, large}, pool);
    for (int i = 0; i < 5; ++i) sender->send({{other->local(), 0}, small}, pool);
    sender->flush(pool);
    CHECK(read_all(*receiver, batch) == std::vector<Bytes>(5, large));
    CHECK(read_all(*other, batch) == std::vector<Bytes>(5, small));
  }
  segment_error = 0;
  CHECK(sender->segments());
  CHECK(sender->counters().segmenting_refused == 1);
  CHECK(sender->counters().segmented == 15);
  const auto notice = sender->take_notice();
  REQUIRE(notice);
  CHECK_THAT(*notice, Catch::Matchers::Contains("MTU"));
}

TEST_CASE("whatever is sent in whatever batches arrives once and in order, segmented or not") {
  const unsigned seed = GENERATE(range(1U, 41U));
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  PacketPool pool;
  const auto sender = open(IpFamily::kIPv4, {.gso = seed % 4 != 0});
  std::vector<std::unique_ptr<UdpSocket>> receivers;
  for (int i = 0; i < 3; ++i) receivers.push_back(open(IpFamily::kIPv4, {.gro = below(2) == 0}));
  constexpr int kErrors[] = {0, 0, EIO, EINVAL};
  segment_error = kErrors[seed % 4];
  segment_limit = 800;
  std::vector<std::vector<Bytes>> sent(receivers.size());
  std::vector<std::vector<Bytes>> arrived(receivers.size());
  ReceiveBatch batch(pool);
  const auto collect = [&] {
    for (std::size_t i = 0; i < receivers.size(); ++i) {
      for (Bytes& bytes : read_all(*receivers[i], batch)) arrived[i].push_back(std::move(bytes));
    }
  };
  std::uint32_t number = 0;
  for (int round = 0; round < 30; ++round) {
    kernel_takes = below(3) == 0 ? static_cast<int>(below(20)) : -1;
    std::vector<std::pair<std::size_t, Bytes>> burst;
    for (unsigned runs = 1 + below(20); runs > 0; --runs) {
      const std::size_t to = below(3);
      const std::size_t size = 4 + below(1400);
      for (unsigned i = below(20); i > 0; --i) {
        Bytes bytes(below(5) == 0 ? 4 + below(1400) : size);
        std::memcpy(bytes.data(), &++number, sizeof number);
        burst.emplace_back(to, std::move(bytes));
      }
    }
    for (const auto& [to, bytes] : burst) {
      sender->send({{receivers[to]->local(), 0}, bytes}, pool);
      sent[to].push_back(bytes);
    }
    sender->flush(pool);
    collect();
    kernel_takes = below(2) == 0 ? static_cast<int>(below(30)) : -1;
    if (sender->wants_writable()) sender->on_writable();
    collect();
  }
  kernel_takes = -1;
  sender->on_writable();
  collect();
  segment_error = 0;
  CHECK_FALSE(sender->wants_writable());
  CHECK(arrived == sent);
  CHECK(sender->counters().datagrams_sent == number);
  CHECK(pool.in_use() == 0);
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
