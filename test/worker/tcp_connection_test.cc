// A connection over real sockets: what one end frames the other end reads, also when the kernel takes little
// and the peer reads late or never.
#include "worker/tcp_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "catch.h"
#include "worker/sockaddr.h"
#include "worker/tcp_listener.h"

using namespace sluice;
using namespace sluice::worker;
using Datagram = std::vector<std::uint8_t>;

namespace {

/// A connection on 127.0.0.1, accepted by a real listener, and the plain socket at its other end.
struct Wire {
  explicit Wire(int send_buffer = 0, std::size_t queue_bytes = TcpConnection::kQueueBytes) {
    auto opened = TcpListener::open(*SocketAddress::parse("127.0.0.1", 0), {20000, 29999});
    REQUIRE(opened.ok());
    listener = std::move(*opened);
    peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int small = 4096;
    if (send_buffer != 0) setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    KernelAddress address{};
    const socklen_t size = to_sockaddr(listener->local(), address);
    REQUIRE(connect(peer, &address.any, size) == 0);
    pollfd ready{listener->fd(), POLLIN, 0};
    REQUIRE(poll(&ready, 1, 5000) == 1);
    const TcpListener::Accepted accepted = listener->accept();
    REQUIRE(accepted.fd >= 0);
    if (send_buffer != 0) setsockopt(accepted.fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    connection.emplace(accepted.fd, accepted.remote, counters, queue_bytes);
  }
  ~Wire() {
    if (peer >= 0) close(peer);
  }
  /// Reads what has come at the peer's end and splits it by its prefixes.
  std::vector<Datagram> received() {
    std::uint8_t chunk[16384];
    for (ssize_t count = 0; (count = recv(peer, chunk, sizeof chunk, MSG_DONTWAIT)) > 0;)
      stream.insert(stream.end(), chunk, chunk + count);
    std::vector<Datagram> out;
    std::size_t at = 0;
    while (at + 2 <= stream.size()) {
      const std::size_t length = std::size_t{stream[at]} << 8 | stream[at + 1];
      if (at + 2 + length > stream.size()) break;
      out.emplace_back(stream.begin() + static_cast<std::ptrdiff_t>(at + 2),
                       stream.begin() + static_cast<std::ptrdiff_t>(at + 2 + length));
      at += 2 + length;
    }
    stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(at));
    return out;
  }
  bool peer_readable() const {
    pollfd ready{peer, POLLIN, 0};
    return poll(&ready, 1, 5000) == 1;
  }
  bool readable() const {
    pollfd ready{connection->fd(), POLLIN, 0};
    return poll(&ready, 1, 5000) == 1;
  }
  bool writable() const {
    pollfd ready{connection->fd(), POLLOUT, 0};
    return poll(&ready, 1, 5000) == 1;
  }
  std::uint64_t drops(TcpDrop reason) const { return counters.drops[static_cast<std::size_t>(reason)]; }

  std::unique_ptr<TcpListener> listener;
  TcpCounters counters;
  std::optional<TcpConnection> connection;
  int peer = -1;
  Datagram stream;
  PacketPool pool;
};

/// Media, numbered, of a size that varies.
Datagram media(std::uint32_t number) {
  Datagram out(4 + number * 37 % 1200, static_cast<std::uint8_t>(number));
  out[0] = 0x80;
  out[1] = static_cast<std::uint8_t>(number >> 16);
  out[2] = static_cast<std::uint8_t>(number >> 8);
  out[3] = static_cast<std::uint8_t>(number);
  return out;
}

std::uint32_t number_of(const Datagram& datagram) {
  return std::uint32_t{datagram[1]} << 16 | std::uint32_t{datagram[2]} << 8 | datagram[3];
}

}  // namespace

TEST_CASE("all frames of a flush leave with one writev, in order") {
  Wire wire;
  std::vector<Datagram> sent;
  for (std::uint32_t i = 0; i < 60; ++i) sent.push_back(media(i));
  for (const Datagram& datagram : sent) wire.connection->send(datagram);
  CHECK(wire.counters.write_calls == 0);
  wire.connection->flush();
  CHECK(wire.counters.write_calls == 1);
  CHECK(wire.counters.frames_sent == 60);
  std::vector<Datagram> got;
  while (got.size() < sent.size() && wire.peer_readable()) {
    const auto more = wire.received();
    got.insert(got.end(), more.begin(), more.end());
  }
  CHECK(got == sent);
  CHECK(wire.counters.deferred == 0);
}

TEST_CASE("accepted connections have Nagle's algorithm off and the listener's buffers") {
  Wire wire;
  int value = 0;
  socklen_t size = sizeof value;
  REQUIRE(getsockopt(wire.connection->fd(), IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0);
  CHECK(value == 1);
  REQUIRE(getsockopt(wire.connection->fd(), SOL_SOCKET, SO_SNDBUF, &value, &size) == 0);
  CHECK(value / 2 == wire.listener->send_buffer());
}

TEST_CASE("what the kernel takes in part arrives whole, in order, however slowly it is read") {
  Wire wire(2048);
  std::vector<Datagram> got;
  std::uint32_t next = 0;
  while (got.size() < 2000) {
    // Little at a time, so that nothing must be dropped; the peer reads only when the connection is stuck.
    std::vector<Datagram> batch;
    while (batch.size() < 20 && next < 2000) batch.push_back(media(next++));
    for (const Datagram& datagram : batch) wire.connection->send(datagram);
    wire.connection->flush();
    do {
      for (const auto& datagram : wire.received()) got.push_back(datagram);
      if (wire.connection->wants_writable() && wire.writable()) wire.connection->on_writable();
    } while (wire.connection->wants_writable());
    if (next == 2000 && got.size() < 2000) REQUIRE(wire.peer_readable());
  }
  for (std::uint32_t i = 0; i < 2000; ++i) REQUIRE(got[i] == media(i));
  CHECK(wire.counters.deferred > 0);
  CHECK(wire.counters.frames_sent == 2000);
  CHECK(wire.drops(TcpDrop::kQueueFull) == 0);
}

TEST_CASE(
    "a peer that does not read costs a bounded queue; whole frames are dropped and the stream stays exact") {
  Wire wire(2048, 16 << 10);
  constexpr std::uint32_t kSent = 5000;
  for (std::uint32_t i = 0; i < kSent; ++i) {
    const Datagram datagram = media(i);
    wire.connection->send(datagram);
    wire.connection->flush();
    REQUIRE(wire.connection->queued() <= 16 << 10);
  }
  const std::uint64_t dropped = wire.drops(TcpDrop::kQueueFull);
  CHECK(dropped > 0);
  // STUN still has room where media has none.
  const Datagram check(100, 0x01);
  wire.connection->send(check);
  wire.connection->flush();
  CHECK(wire.drops(TcpDrop::kQueueFull) == dropped);

  std::vector<Datagram> got;
  while (wire.counters.frames_sent + dropped < kSent + 1) {
    for (const auto& datagram : wire.received()) got.push_back(datagram);
    if (wire.writable()) wire.connection->on_writable();
  }
  while (got.size() + dropped < kSent + 1 && wire.peer_readable()) {
    for (const auto& datagram : wire.received()) got.push_back(datagram);
  }
  REQUIRE(got.size() + dropped == kSent + 1);
  CHECK(got.back() == check);
  for (std::size_t i = 0; i + 1 < got.size(); ++i) {
    REQUIRE(got[i] == media(number_of(got[i])));
    if (i > 0) REQUIRE(number_of(got[i]) > number_of(got[i - 1]));
  }
}

TEST_CASE("many frames of one read become datagrams, and half a frame waits for its rest") {
  Wire wire;
  Datagram stream;
  for (std::uint32_t i = 0; i < 30; ++i) {
    const Datagram datagram = media(i);
    stream.push_back(static_cast<std::uint8_t>(datagram.size() >> 8));
    stream.push_back(static_cast<std::uint8_t>(datagram.size()));
    stream.insert(stream.end(), datagram.begin(), datagram.end());
  }
  const std::size_t cut = stream.size() - 10;
  std::vector<std::uint8_t> chunk(65536);
  std::uint32_t next = 0;
  const auto read_until = [&](std::uint32_t count) {
    while (next < count && wire.readable()) {
      auto bytes = wire.connection->read(chunk);
      while (const PacketRef packet = wire.connection->next_datagram(bytes, wire.pool)) {
        const Datagram expected = media(next++);
        CHECK(std::equal(expected.begin(), expected.end(), packet->bytes().begin(), packet->bytes().end()));
      }
    }
  };
  REQUIRE(::send(wire.peer, stream.data(), cut, 0) == ssize_t(cut));
  read_until(29);
  CHECK(next == 29);
  REQUIRE(::send(wire.peer, stream.data() + cut, 10, 0) == 10);
  read_until(30);
  CHECK(next == 30);
  CHECK(wire.counters.read_calls < 30);
  CHECK(wire.pool.in_use() == 0);
}

TEST_CASE("a huge length ends the connection with its reason") {
  Wire wire;
  const std::string request = "GET / HTTP/1.1\r\nHost: example\r\n\r\n";
  REQUIRE(::send(wire.peer, request.data(), request.size(), 0) == ssize_t(request.size()));
  REQUIRE(wire.readable());
  std::vector<std::uint8_t> chunk(65536);
  auto bytes = wire.connection->read(chunk);
  CHECK_FALSE(wire.connection->next_datagram(bytes, wire.pool));
  CHECK(wire.connection->ended() == TcpEnd::kFrameTooLong);
}

TEST_CASE(
    "a peer that closes or resets ends the connection; what is sent then is dropped, without a signal") {
  Wire wire;
  const bool reset = GENERATE(false, true);
  if (reset) {
    const linger now{1, 0};
    setsockopt(wire.peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  close(wire.peer);
  wire.peer = -1;
  const Datagram datagram = media(1);
  std::vector<std::uint8_t> chunk(65536);
  REQUIRE(wire.readable());
  if (reset) {
    wire.connection->send(datagram);
    wire.connection->flush();
  } else {
    CHECK(wire.connection->read(chunk).empty());
  }
  CHECK(wire.connection->ended() == (reset ? TcpEnd::kReset : TcpEnd::kByPeer));
  wire.connection->send(datagram);
  wire.connection->flush();
  CHECK(wire.drops(TcpDrop::kNoConnection) == (reset ? 2 : 1));
  CHECK(wire.counters.frames_sent == 0);
  CHECK(wire.connection->read(chunk).empty());
}

TEST_CASE("an occupied TCP port is passed over in a range, and named when it was asked for") {
  const auto first = TcpListener::open(*SocketAddress::parse("127.0.0.1", 0), {20000, 29999});
  REQUIRE(first.ok());
  const std::uint16_t port = (*first)->local().port();
  const auto second = TcpListener::open(*SocketAddress::parse("127.0.0.1", 0), {port, 29999});
  REQUIRE(second.ok());
  CHECK((*second)->local().port() > port);
  const auto third = TcpListener::open(*SocketAddress::parse("127.0.0.1", 0), {port, port});
  REQUIRE_FALSE(third.ok());
  CHECK(third.error().code == ErrorCode::kAlreadyExists);
  CHECK(third.error().message ==
        "cannot bind TCP 127.0.0.1:" + std::to_string(port) + ": Address already in use");
}
