// RFC 4571 framing, both ways: streams cut anywhere, and the queue of what the kernel did not take.
#include <numeric>

#include "catch.h"
#include "worker/tcp_admission.h"
#include "worker/tcp_deframer.h"
#include "worker/tcp_send_queue.h"

using namespace sluice;
using namespace sluice::worker;
using Status = TcpDeframer::Status;
using Bytes_ = std::vector<std::uint8_t>;

namespace {

void append_frame(Bytes_& stream, const Bytes_& datagram) {
  stream.push_back(static_cast<std::uint8_t>(datagram.size() >> 8));
  stream.push_back(static_cast<std::uint8_t>(datagram.size()));
  stream.insert(stream.end(), datagram.begin(), datagram.end());
}

/// Feeds `stream` in pieces of `step` bytes and collects what comes out.
std::vector<Bytes_> deframe(const Bytes_& stream, std::size_t step, PacketPool& pool) {
  TcpDeframer deframer;
  std::vector<Bytes_> out;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    auto bytes = std::span(stream).subspan(at, std::min(step, stream.size() - at));
    for (;;) {
      const Status status = deframer.next(bytes, pool);
      if (status == Status::kNeedMore || status == Status::kTooLong) break;
      if (status != Status::kFrame) continue;
      const PacketRef packet = deframer.take();
      out.emplace_back(packet->bytes().begin(), packet->bytes().end());
    }
  }
  return out;
}

Bytes_ sequence(std::size_t size, std::uint8_t first = 0) {
  Bytes_ out(size);
  std::iota(out.begin(), out.end(), first);
  return out;
}

Bytes_ waiting(const TcpSendQueue& queue) {
  Bytes_ out;
  for (const iovec& part : queue.parts()) {
    const auto* bytes = static_cast<const std::uint8_t*>(part.iov_base);
    out.insert(out.end(), bytes, bytes + part.iov_len);
  }
  return out;
}

}  // namespace

TEST_CASE("frames come out whole and in order, however the stream is cut") {
  const auto step =
      GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{1200}, std::size_t{65536});
  PacketPool pool;
  std::vector<Bytes_> sent;
  Bytes_ stream;
  for (const std::size_t size : {1UL, 2UL, 20UL, 1200UL, 3UL, Packet::kCapacity, 255UL, 256UL}) {
    sent.push_back(sequence(size, static_cast<std::uint8_t>(size)));
    append_frame(stream, sent.back());
  }
  CHECK(deframe(stream, step, pool) == sent);
  CHECK(pool.in_use() == 0);
}

TEST_CASE("a frame of length 0 is told of, and the next one is taken") {
  PacketPool pool;
  TcpDeframer deframer;
  const Bytes_ stream{0, 0, 0, 1, 7};
  std::span<const std::uint8_t> bytes(stream);
  CHECK(deframer.next(bytes, pool) == Status::kEmpty);
  CHECK(deframer.next(bytes, pool) == Status::kFrame);
  CHECK(deframer.take()->data[0] == 7);
  CHECK(bytes.empty());
}

TEST_CASE("after a frame longer than any datagram nothing of the stream is believed") {
  PacketPool pool;
  TcpDeframer deframer;
  const auto length = static_cast<std::uint16_t>(Packet::kCapacity + 1);
  Bytes_ stream{static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
  append_frame(stream, {1, 2, 3});
  std::span<const std::uint8_t> bytes(stream);
  CHECK(deframer.next(bytes, pool) == Status::kTooLong);
  CHECK(deframer.next(bytes, pool) == Status::kTooLong);
  CHECK(pool.in_use() == 0);
}

TEST_CASE("half a frame holds one packet of the pool, and gives it back when the connection goes") {
  PacketPool pool;
  {
    TcpDeframer deframer;
    const Bytes_ stream{4, 0, 1, 2, 3};
    std::span<const std::uint8_t> bytes(stream);
    CHECK(deframer.next(bytes, pool) == Status::kNeedMore);
    CHECK(pool.in_use() == 1);
  }
  CHECK(pool.in_use() == 0);
}

TEST_CASE("without a buffer a frame is passed over and the one after it taken") {
  PacketPool pool(64);
  std::vector<PacketRef> taken;
  while (PacketRef packet = pool.allocate()) taken.push_back(std::move(packet));
  TcpDeframer deframer;
  Bytes_ stream;
  append_frame(stream, sequence(100));
  append_frame(stream, {42});
  std::span<const std::uint8_t> bytes(stream);
  auto first_half = bytes.first(50);
  CHECK(deframer.next(first_half, pool) == Status::kNoBuffer);
  CHECK(deframer.next(first_half, pool) == Status::kNeedMore);
  taken.clear();
  bytes = bytes.subspan(50);
  CHECK(deframer.next(bytes, pool) == Status::kFrame);
  CHECK(deframer.take()->data[0] == 42);
}

TEST_CASE("the send queue keeps the stream exact around its end, and counts whole frames") {
  TcpSendQueue queue(64);
  std::uint8_t next = 0;
  Bytes_ expected;
  std::size_t pushed = 0;
  std::size_t popped = 0;
  for (int round = 0; round < 200; ++round) {
    const Bytes_ datagram = sequence(static_cast<std::size_t>(round % 30), next++);
    const std::uint8_t prefix[] = {0, static_cast<std::uint8_t>(datagram.size())};
    if (queue.push(prefix, datagram)) {
      append_frame(expected, datagram);
      ++pushed;
    } else {
      CHECK(queue.size() + 2 + datagram.size() > 64);
    }
    REQUIRE(waiting(queue) == expected);
    const std::size_t count = std::min(queue.size(), static_cast<std::size_t>(round * 7 % 40));
    popped += queue.pop(count);
    expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(count));
  }
  popped += queue.pop(queue.size());
  CHECK(popped == pushed);
  CHECK(queue.frames() == 0);
  CHECK(queue.empty());
}

TEST_CASE("the rest of a half-sent frame goes first and counts as one frame") {
  TcpSendQueue queue(64);
  const Bytes_ rest = sequence(5);
  queue.push_rest({}, rest);
  const std::uint8_t prefix[] = {0, 1};
  const std::uint8_t datagram[] = {9};
  CHECK(queue.push(prefix, datagram));
  CHECK(waiting(queue) == Bytes_{0, 1, 2, 3, 4, 0, 1, 9});
  CHECK(queue.pop(4) == 0);
  CHECK(queue.pop(3) == 1);
  CHECK(queue.pop(1) == 1);
}

TEST_CASE("an address may hold few connections that have proved nothing, and any number that have") {
  TcpAdmission admission({6, 2});
  const auto at = [](const char* ip, std::uint16_t port) { return *SocketAddress::parse(ip, port); };
  CHECK_FALSE(admission.admit(at("192.0.2.1", 1)));
  CHECK_FALSE(admission.admit(at("192.0.2.1", 2)));
  CHECK(admission.admit(at("192.0.2.1", 3)) == TcpRefusal::kTooManyFromAddress);
  admission.proved(at("192.0.2.1", 1));
  CHECK_FALSE(admission.admit(at("192.0.2.1", 3)));
  // Of IPv6, a /64 is one address.
  CHECK_FALSE(admission.admit(at("2001:db8::1", 1)));
  CHECK_FALSE(admission.admit(at("2001:db8::2", 1)));
  CHECK(admission.admit(at("2001:db8::3", 1)) == TcpRefusal::kTooManyFromAddress);
  CHECK_FALSE(admission.admit(at("2001:db8:0:1::1", 1)));
  CHECK(admission.admit(at("192.0.2.9", 1)) == TcpRefusal::kTooMany);
  admission.ended(at("192.0.2.1", 1), true);
  CHECK_FALSE(admission.admit(at("192.0.2.9", 1)));
  for (const auto& [ip, port, proved] :
       {std::tuple("192.0.2.1", 2, false), std::tuple("192.0.2.1", 3, false),
        std::tuple("2001:db8::1", 1, false), std::tuple("2001:db8::2", 1, false),
        std::tuple("2001:db8:0:1::1", 1, false), std::tuple("192.0.2.9", 1, false)})
    admission.ended(at(ip, static_cast<std::uint16_t>(port)), proved);
  CHECK(admission.open() == 0);
  CHECK(admission.addresses() == 0);
}
