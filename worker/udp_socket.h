// One bound UDP socket: datagrams in by recvmmsg, out by sendmmsg, both in batches, and where the kernel can
// do it many datagrams a message (UDP GRO and GSO). Non-blocking; the shell watches the descriptor.
//
// Nothing is allocated after open(), except the ring of deferred datagrams the first time that the kernel's
// send buffer is full.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "base/log2_histogram.h"
#include "sluice/engine.h"
#include "sluice/result.h"
#include "worker/clock.h"
#include "worker/message_batch.h"
#include "worker/receive_batch.h"
#include "worker/sockaddr.h"

namespace sluice::worker {

/// Why a datagram was dropped between the engine and the wire.
enum class SocketDrop : std::uint8_t {
  kTooLongToReceive,  ///< Longer than a pooled buffer.
  kNoBuffer,          ///< The packet pool is exhausted.
  kSendBufferFull,    ///< The kernel's buffer and ours are full (EAGAIN).
  kNoKernelMemory,    ///< ENOBUFS, ENOMEM.
  kTooLongToSend,     ///< EMSGSIZE.
  kNotPermitted,      ///< EPERM, EACCES: a firewall refused.
  kUnreachable,       ///< ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL.
  kOther
};
inline constexpr std::size_t kSocketDrops = 8;
std::string_view to_string(SocketDrop drop);

struct SocketCounters {
  std::uint64_t receive_calls = 0;
  std::uint64_t datagrams_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_coalesced = 0;  ///< Received as several datagrams in one (GRO).
  std::uint64_t send_calls = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t datagrams_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t segmented = 0;           ///< Of datagrams_sent: those that shared a message (GSO).
  std::uint64_t segmenting_refused = 0;  ///< Messages that the kernel would not segment: sent one by one.
  std::uint64_t deferred = 0;            ///< Datagrams sent later, because the kernel's buffer was full.
  std::array<std::uint64_t, kSocketDrops> drops{};
  Log2Histogram<11, 1> receive_batch;    ///< Datagrams a call that gave any; to 512.
  Log2Histogram<11, 1> send_batch;       ///< Datagrams a call that took any.
  Log2Histogram<8, 1> message_segments;  ///< Datagrams a message sent; to 64.

  SocketCounters& operator+=(const SocketCounters& other);
};

struct PortRange {
  std::uint16_t min = 10000;
  std::uint16_t max = 59999;
};

struct SocketOptions {
  int receive_buffer = 4 << 20;  ///< Bytes; the kernel may grant less.
  int send_buffer = 4 << 20;
  bool reuse_port = false;  ///< SO_REUSEPORT.
  bool gso = true;          ///< Sends many datagrams a message, where the kernel can.
  bool gro = true;          ///< Receives so.
};

class UdpSocket {
 public:
  static constexpr std::size_t kMaxDeferred = 8192;

  /// Binds `ip` to the first free port of the range. Fails with kAlreadyExists (port taken), kNotFound (no
  /// such local address), kLimitExceeded (no descriptor is left) or kInternal; the message is a whole
  /// sentence.
  static Result<std::unique_ptr<UdpSocket>> open(const SocketAddress& ip, PortRange ports,
                                                 const SocketOptions& options = {});
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  /// One recvmmsg. True when the batch came full, so that more may wait.
  bool receive(ReceiveBatch& batch, SocketId id, const Moment& moment);

  /// Puts a datagram into the batch, which leaves when it is full. `datagram.bytes` must stay valid until
  /// flush().
  void send(const OutgoingDatagram& datagram, PacketPool& pool);
  void flush(PacketPool& pool);
  /// Deferred datagrams wait: watch for writability and call on_writable().
  [[nodiscard]] bool wants_writable() const { return deferred_count_ != 0; }
  void on_writable();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const SocketAddress& local() const { return local_; }
  [[nodiscard]] const SocketCounters& counters() const { return counters_; }
  /// What the kernel granted, in bytes.
  [[nodiscard]] int receive_buffer() const { return receive_buffer_; }
  [[nodiscard]] int send_buffer() const { return send_buffer_; }
  [[nodiscard]] bool segments() const { return gso_; }
  [[nodiscard]] bool coalesces() const { return gro_; }
  /// Something that whoever runs the worker should know, one sentence, each once.
  std::optional<std::string> take_notice() { return std::exchange(notice_, std::nullopt); }

 private:
  struct Deferred {
    PacketRef packet;
    SocketAddress remote;
  };

  UdpSocket(int fd, const SocketAddress& local, const SocketOptions& options);
  void configure(const SocketOptions& options);
  void add(std::span<const std::uint8_t> bytes, const SocketAddress& remote);
  std::size_t send_messages();
  void count_sent(std::size_t message);
  void on_segmenting_refused(int error, const SocketAddress& remote);
  std::size_t send_singly(std::size_t message);
  [[nodiscard]] bool may_segment(const SocketAddress& remote) const;
  void defer(std::span<const std::uint8_t> bytes, const SocketAddress& remote, PacketPool& pool);
  void drop(SocketDrop reason, std::size_t n = 1) { counters_.drops[static_cast<std::size_t>(reason)] += n; }

  int fd_;
  SocketAddress local_;
  int receive_buffer_ = 0;
  int send_buffer_ = 0;
  SocketCounters counters_;

  MessageBatch batch_;
  bool gso_ = false;
  bool gro_ = false;
  /// Receivers whose path takes no messages of ours, as its MTU is too small: by hash, the latest of each
  /// place.
  std::array<SocketAddress, 64> refused_{};
  std::size_t refused_count_ = 0;
  bool refusal_told_ = false;
  std::optional<std::string> notice_;

  std::vector<Deferred> deferred_;  // a ring of kMaxDeferred once it was needed
  std::size_t deferred_first_ = 0;
  std::size_t deferred_count_ = 0;
};

}  // namespace sluice::worker
