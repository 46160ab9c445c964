// One accepted TCP connection: frames in by large reads, frames out by one writev a flush. Non-blocking;
// whoever owns it watches the descriptor (tcp_sockets.cc).
//
// Invariants:
// - The stream's framing holds whatever the kernel takes: the rest of a half-sent frame goes before all else,
//   and what is dropped is dropped as whole frames.
// - What waits is bounded: kQueueBytes of frames to send, one half-received packet.
// - Nothing is allocated after the connection is made, except the queue the first time that the kernel is
// full.
// - An error never closes the descriptor here; it shows in ended(), and the owner closes when it is safe to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include <sys/socket.h>
#include <sys/uio.h>

#include "sluice/address.h"
#include "sluice/packet.h"
#include "worker/tcp_counters.h"
#include "worker/tcp_deframer.h"
#include "worker/tcp_send_queue.h"

namespace sluice::worker {

class TcpConnection {
 public:
  static constexpr std::size_t kFramesPerWrite = 64;
  /// About a second of video behind a kernel buffer that is full already: later than that nobody wants it.
  static constexpr std::size_t kQueueBytes = 128 << 10;
  /// The queue's last bytes are for STUN and DTLS, so that a link full of media does not also lose consent.
  static constexpr std::size_t kQueueReserve = 16 << 10;

  /// `fd` is owned from here on; `counters` are shared with others and outlive it.
  TcpConnection(int fd, const SocketAddress& remote, TcpCounters& counters,
                std::size_t queue_bytes = kQueueBytes);
  ~TcpConnection();
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  /// One read into `chunk`; gives what came, nothing when nothing waits or the connection has ended.
  std::span<const std::uint8_t> read(std::span<std::uint8_t> chunk);
  /// The next datagram, off the front of what was read. Empty when the bytes are used up.
  PacketRef next_datagram(std::span<const std::uint8_t>& bytes, PacketPool& pool);

  /// Puts a datagram into the batch, which leaves when it is full. `bytes` must stay valid until flush().
  void send(std::span<const std::uint8_t> bytes);
  void flush();
  /// Frames wait for the kernel: watch for writability and call on_writable().
  [[nodiscard]] bool wants_writable() const { return !queue_.empty() && !ended_; }
  void on_writable();

  /// Why nothing more comes or goes; empty while it lives.
  [[nodiscard]] std::optional<TcpEnd> ended() const { return ended_; }
  /// The first reason stays.
  void end(TcpEnd reason);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const SocketAddress& remote() const { return remote_; }
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }

 private:
  /// How many bytes the kernel took.
  std::size_t write(std::span<iovec> vectors);
  void keep_unsent(std::size_t written);
  void enqueue(std::span<const std::uint8_t> prefix, std::span<const std::uint8_t> bytes);

  int fd_;
  SocketAddress remote_;
  TcpCounters& counters_;
  TcpDeframer deframer_;
  TcpSendQueue queue_;
  std::optional<TcpEnd> ended_;

  using Prefix = std::array<std::uint8_t, kTcpPrefixSize>;
  std::array<Prefix, kFramesPerWrite> prefixes_{};
  std::array<iovec, 2 * kFramesPerWrite> vectors_{};  ///< Prefix and datagram by turns.
  std::size_t used_ = 0;                              ///< Frames of the batch.
};

}  // namespace sluice::worker
