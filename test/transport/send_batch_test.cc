#include "transport/send_batch.h"

#include <set>

#include "catch.h"

namespace sluice::transport {
namespace {

class SendBatchTest {
 public:
  SendBatchTest() : backend(srtp::make_backend(srtp::BackendKind::kOpenssl)), batch(*backend) {}
  void queue(std::uint8_t value, std::size_t size = 4) {
    std::fill_n(batch.slot(), size, value);
    batch.queue(destination, path, size);
  }
  std::unique_ptr<srtp::Backend> backend;
  SendBatch batch;
  SendBatch::Destination destination;
  Path path{*SocketAddress::parse("10.0.0.1", 5000), 3};
};

TEST_CASE_METHOD(SendBatchTest, "datagrams come out in the order they were queued, with their paths") {
  CHECK(batch.pending() == 0);
  for (std::uint8_t i = 0; i < 200; ++i) queue(i, i + 1U);
  CHECK(batch.pending() == 200);
  batch.finish();
  const auto out = batch.take();
  REQUIRE(out.size() == 200);
  std::set<const std::uint8_t*> places;
  for (std::uint8_t i = 0; i < 200; ++i) {
    CHECK(out[i].path == path);
    REQUIRE(out[i].bytes.size() == i + 1U);
    CHECK(out[i].bytes.front() == i);
    CHECK(out[i].bytes.back() == i);
    places.insert(out[i].bytes.data());
  }
  CHECK(places.size() == 200);
}

TEST_CASE_METHOD(SendBatchTest, "those of one destination come out side by side, in their order") {
  std::array<SendBatch::Destination, 3> destinations;
  for (int round = 0; round < 3; ++round) {
    for (std::uint8_t i = 0; i < 12; ++i) {
      const std::size_t to = i % 3;
      *batch.slot() = i;
      batch.queue(destinations[to], {*SocketAddress::parse("10.0.0.1", static_cast<std::uint16_t>(to)), 0},
                  1);
      if (i == 4) {
        const std::uint8_t alone = 99;
        CHECK(batch.queue_copy({*SocketAddress::parse("10.0.0.2", 9), 0}, {&alone, 1}));
      }
    }
    batch.finish();
    std::vector<int> out;
    for (const auto& datagram : batch.take()) out.push_back(datagram.bytes.front());
    CHECK(out == std::vector<int>{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, 99});
  }
}

TEST_CASE_METHOD(SendBatchTest, "what was taken is not taken twice, and its memory is used again") {
  queue(1);
  const std::uint8_t* place = batch.take().front().bytes.data();
  CHECK(batch.pending() == 0);
  CHECK(batch.take().empty());
  queue(2);
  CHECK(batch.pending() == 1);
  const auto out = batch.take();
  REQUIRE(out.size() == 1);
  CHECK(out.front().bytes.data() == place);
  CHECK(out.front().bytes.front() == 2);
}

TEST_CASE_METHOD(SendBatchTest, "a slot that is not queued is not sent, and is given again") {
  std::uint8_t* slot = batch.slot();
  CHECK(batch.slot() == slot);
  CHECK(batch.take().empty());
}

TEST_CASE_METHOD(SendBatchTest, "payloads are held until encryption has ended") {
  PacketPool pool;
  PacketRef packet = pool.allocate();
  (void)batch.slot();
  batch.queue(destination, path, 4, packet);
  packet.reset();
  CHECK(pool.in_use() == 1);
  batch.finish();
  CHECK(pool.in_use() == 0);
  CHECK(batch.take().size() == 1);
}

TEST_CASE_METHOD(SendBatchTest, "a datagram that is too large for a slot is refused") {
  const std::vector<std::uint8_t> large(SendBatch::kSlotSize + 1);
  CHECK_FALSE(batch.queue_copy(path, large));
  CHECK(batch.pending() == 0);
  CHECK(batch.queue_copy(path, Bytes(large).first(SendBatch::kSlotSize)));
  CHECK(batch.take().front().bytes.size() == SendBatch::kSlotSize);
}

}  // namespace
}  // namespace sluice::transport
