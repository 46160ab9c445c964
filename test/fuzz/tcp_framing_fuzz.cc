// RFC 4571 framing fed by anything, and what leaves by a connection that the kernel cuts anywhere.
//
// The first byte chooses the way. Receiving: the rest is a stream, cut into reads by another byte; the
// datagrams that come out must be the same however it is cut. Sending: the rest says how long frames are and
// how much of them "the kernel" takes; the stream that it took must be the frames that entered, whole and in
// order.
#include <cstdlib>
#include <vector>

#include "worker/tcp_deframer.h"
#include "worker/tcp_send_queue.h"

using namespace sluice;
using worker::TcpDeframer;
using Stream = std::vector<std::uint8_t>;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::vector<Stream> datagrams;
  std::size_t empty = 0;
  bool lost = false;
  bool operator==(const Outcome&) const = default;
};

Outcome deframe(std::span<const std::uint8_t> stream, std::size_t step, PacketPool& pool) {
  Outcome out;
  TcpDeframer deframer;
  while (!stream.empty() && !out.lost) {
    auto bytes = stream.first(std::min(step, stream.size()));
    stream = stream.subspan(bytes.size());
    for (bool more = true; more;) {
      switch (deframer.next(bytes, pool)) {
        case TcpDeframer::Status::kFrame: {
          const PacketRef packet = deframer.take();
          require(packet->size != 0 && packet->size <= Packet::kCapacity);
          out.datagrams.emplace_back(packet->bytes().begin(), packet->bytes().end());
          break;
        }
        case TcpDeframer::Status::kEmpty:
          ++out.empty;
          break;
        case TcpDeframer::Status::kTooLong:
          out.lost = true;
          more = false;
          break;
        case TcpDeframer::Status::kNoBuffer:
          std::abort();  // the pool is large
        case TcpDeframer::Status::kNeedMore:
          require(bytes.empty());
          more = false;
      }
    }
    require(pool.in_use() <= 1);
  }
  return out;
}

void receive(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  PacketPool pool;
  const auto stream = bytes.subspan(1);
  require(deframe(stream, std::size_t{bytes[0]} + 1, pool) == deframe(stream, 1U << 20, pool));
  require(pool.in_use() == 0);
}

void append(Stream& to, std::span<const std::uint8_t> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void send(std::span<const std::uint8_t> bytes) {
  worker::TcpSendQueue queue(700);
  Stream entered;
  Stream taken;
  std::size_t frames = 0;
  std::size_t complete = 0;
  std::uint8_t next = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const Stream datagram(bytes[i], next++);
    const std::uint8_t prefix[] = {0, bytes[i]};
    if (queue.empty() && (bytes[i + 1] & 1) != 0) {
      // As after a writev that stopped within this frame.
      const std::size_t cut = 1 + bytes[i + 1] % (datagram.size() + 1);
      const auto of_prefix = std::min<std::size_t>(cut, 2);
      append(taken, std::span(prefix).first(of_prefix));
      append(taken, std::span(datagram).first(cut - of_prefix));
      queue.push_rest(std::span(prefix).subspan(of_prefix), std::span(datagram).subspan(cut - of_prefix));
    } else if (!queue.push(prefix, datagram)) {
      continue;
    }
    ++frames;
    append(entered, prefix);
    append(entered, datagram);
    require(queue.size() <= queue.capacity());
    const std::size_t take = std::min<std::size_t>(queue.size(), bytes[i + 1]);
    std::size_t left = take;
    for (const iovec& part : queue.parts()) {
      const std::size_t count = std::min(left, part.iov_len);
      append(taken, {static_cast<const std::uint8_t*>(part.iov_base), count});
      left -= count;
    }
    require(left == 0);
    complete += queue.pop(take);
    require(frames - complete == queue.frames());
  }
  require(taken.size() + queue.size() == entered.size());
  require(std::equal(taken.begin(), taken.end(), entered.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span bytes(data, size);
  if ((data[0] & 1) == 0) {
    receive(bytes.subspan(1));
  } else {
    send(bytes.subspan(1));
  }
  return 0;
}
