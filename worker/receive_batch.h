// Everything recvmmsg needs, laid out once: headers, pooled buffers, addresses and control messages for one
// batch.
//
// One batch serves all sockets of a worker. Buffers that a receive did not fill stay here for the next, so
// `reserved()` packets of the pool are in use even when nothing happens.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <sys/socket.h>

#include "sluice/engine.h"
#include "worker/clock.h"

namespace sluice::worker {

class ReceiveBatch {
 public:
  static constexpr std::size_t kSize = 64;

  explicit ReceiveBatch(PacketPool& pool);
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  /// Headers with a fresh buffer each; fewer than kSize, or none, when the pool is exhausted.
  std::span<mmsghdr> prepare();
  /// Makes datagrams() of the first `count` headers. Returns how many were longer than a buffer and so left
  /// out.
  std::size_t accept(std::size_t count, SocketId socket, const Moment& moment);
  [[nodiscard]] std::span<ReceivedDatagram> datagrams() { return {datagrams_.data(), accepted_}; }
  /// Gives back the packets that the engine did not take.
  void release();
  [[nodiscard]] std::size_t reserved() const;

 private:
  static constexpr std::size_t kControlSize = 96;  // a timespec and an int, with their headers
  struct alignas(8) Control {
    std::array<std::byte, kControlSize> bytes;
  };

  void read_control(const msghdr& header, const Moment& moment, Packet& packet);

  PacketPool& pool_;
  std::array<PacketRef, kSize> buffers_;
  std::array<mmsghdr, kSize> headers_{};
  std::array<iovec, kSize> vectors_{};
  std::array<sockaddr_storage, kSize> addresses_{};
  std::array<Control, kSize> controls_{};
  std::array<ReceivedDatagram, kSize> datagrams_;
  std::size_t accepted_ = 0;
};

}  // namespace sluice::worker
