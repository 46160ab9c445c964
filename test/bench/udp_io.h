// UDP sockets of peers that must never be the bottleneck: batched calls, large buffers, kernel timestamps
// where asked for.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "sluice/address.h"
#include "sluice/result.h"
#include "sluice/time.h"

namespace sluice::bench {

/// CLOCK_MONOTONIC, as all peers count time.
Instant read_clock();
/// CLOCK_REALTIME in ns, as the kernel stamps packets.
std::int64_t read_wall_nanos();

sockaddr_in to_kernel(const SocketAddress& address);

/// A non-blocking socket on 127.0.0.1, any port, with room for bursts. Failure names the limit at fault.
Result<int> open_udp();
std::uint16_t port_of(int fd);
void set_option(int fd, int level, int name, int value);
/// As many descriptors as the system grants up to `wanted`; gives how many there are.
std::size_t raise_descriptor_limit(std::size_t wanted);

/// How viewers receive: every datagram by itself, or what the kernel has merged (UDP_GRO), which is cheaper
/// than any remote receiver is for a sender.
enum class Receivers : std::uint8_t { kPlain, kGro };
/// How a publisher's burst leaves: one sendmmsg, as browsers do on Linux, or one GSO message, which arrives
/// at once and so flatters whoever batches.
enum class Burst : std::uint8_t { kSendmmsg, kGso };

/// One datagram as a DatagramReader gives it.
struct Received {
  MutableBytes start;    ///< As much of it as the reader keeps.
  std::size_t size = 0;  ///< Of the whole datagram.
  SocketAddress from{};
  std::int64_t kernel_nanos = 0;  ///< CLOCK_REALTIME of its arrival; 0 without SO_TIMESTAMPNS.
};

/// Reads batches off sockets; `keep` bytes of each datagram.
class DatagramReader {
 public:
  DatagramReader(std::size_t keep, Receivers receivers);

  /// One recvmmsg. Calls visit(Received&) for each datagram (each segment of a merged one); false when there
  /// may be no more.
  template <typename Visit>
  bool read(int fd, Visit visit) {
    const int count = receive(fd);
    for (int i = 0; i < count; ++i) split(static_cast<std::size_t>(i), visit);
    return count == static_cast<int>(kBatch);
  }

 private:
  static constexpr std::size_t kBatch = 64;
  static constexpr std::size_t kControl = 128;

  int receive(int fd);
  struct Control {
    std::size_t segment = 0;  ///< Size of merged datagrams; 0: not merged.
    std::int64_t kernel_nanos = 0;
  };
  [[nodiscard]] Control read_control(std::size_t i);

  template <typename Visit>
  void split(std::size_t i, Visit& visit) {
    const Control control = read_control(i);
    const std::size_t total = headers_[i].msg_len;
    const std::size_t step = control.segment != 0 ? control.segment : std::max<std::size_t>(total, 1);
    for (std::size_t at = 0; at < total; at += step) {
      const std::size_t size = std::min(step, total - at);
      const std::size_t kept = at < keep_ ? std::min(size, keep_ - at) : 0;
      std::uint8_t ip[4];
      std::memcpy(ip, &addresses_[i].sin_addr, 4);
      Received received{{buffers_.get() + i * keep_ + at, kept},
                        size,
                        SocketAddress::ipv4(ip, ntohs(addresses_[i].sin_port)),
                        control.kernel_nanos};
      visit(received);
    }
  }

  std::size_t keep_;
  std::unique_ptr<std::uint8_t[]> buffers_;
  std::array<mmsghdr, kBatch> headers_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<sockaddr_in, kBatch> addresses_{};
  std::array<std::array<char, kControl>, kBatch> controls_{};
};

/// Collects datagrams of one socket and sends them together.
class BurstSender {
 public:
  explicit BurstSender(Burst burst) : burst_(burst) {}
  /// `bytes` must stay until flush().
  void add(const SocketAddress& to, Bytes bytes);
  [[nodiscard]] bool empty() const { return used_ == 0; }
  void flush(int fd);

 private:
  static constexpr std::size_t kBatch = 64;
  struct alignas(cmsghdr) SegmentSize {
    std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
  };
  [[nodiscard]] std::size_t merge();

  Burst burst_;
  std::size_t used_ = 0;
  std::array<mmsghdr, kBatch> headers_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<sockaddr_in, kBatch> addresses_{};
  std::array<SegmentSize, kBatch> segments_{};
  std::vector<std::pair<SocketAddress, Bytes>> more_;  ///< Beyond kBatch.
};

}  // namespace sluice::bench
