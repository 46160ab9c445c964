// Everything recvmmsg needs, laid out once: headers, addresses, control messages and landing room for one
// batch. What has landed is copied into pooled packets: with UDP GRO one message holds many datagrams, and
// their size is known only then. (A copy costs 20 ns, a way through the kernel 600.)
//
// One batch serves all sockets of a worker. The landing room is 4 MiB of address space, of which only what
// was ever written to takes memory.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <sys/socket.h>

#include "sluice/engine.h"
#include "worker/clock.h"

namespace sluice::worker {

class ReceiveBatch {
 public:
  static constexpr std::size_t kMessages = 64;
  /// The largest that the kernel makes of datagrams.
  static constexpr std::size_t kMessageBytes = 65'536;

  explicit ReceiveBatch(PacketPool& pool);
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  /// For recvmmsg.
  std::span<mmsghdr> prepare();

  struct Accepted {
    std::size_t datagrams = 0;
    std::size_t bytes = 0;
    std::size_t coalesced = 0;  ///< Messages that held several.
    std::size_t too_long = 0;   ///< Longer than a pooled buffer, and left out.
    std::size_t no_buffer = 0;  ///< Left out because the pool is exhausted.
  };
  /// Makes datagrams() of the first `count` messages.
  Accepted accept(std::size_t count, SocketId socket, const Moment& moment);
  [[nodiscard]] std::span<ReceivedDatagram> datagrams() { return datagrams_; }
  /// Gives back the packets that the engine did not take.
  void release() { datagrams_.clear(); }

 private:
  /// One cache set further each, or all messages would land in the same ones.
  static constexpr std::size_t kStride = kMessageBytes + 192;
  static constexpr std::size_t kControlSize = 128;  // a timespec and two ints, with their headers
  struct alignas(8) Control {
    std::array<std::byte, kControlSize> bytes;
  };
  /// What the kernel tells about a message, and so about each datagram in it.
  struct Facts {
    Instant arrival;
    std::uint8_t ecn = 0;
    std::size_t segment_size = 0;  ///< 0: the message is one datagram.
  };

  static Facts read_control(const msghdr& header, const Moment& moment);
  void take(std::span<const std::uint8_t> bytes, const Path& path, const Facts& facts, Accepted& accepted);

  PacketPool& pool_;
  std::unique_ptr<std::uint8_t[]> landing_;
  std::array<mmsghdr, kMessages> headers_{};
  std::array<iovec, kMessages> vectors_{};
  std::array<sockaddr_storage, kMessages> addresses_{};
  std::array<Control, kMessages> controls_{};
  std::vector<ReceivedDatagram> datagrams_;
};

}  // namespace sluice::worker
