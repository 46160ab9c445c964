// The sockets of many synthetic peers: datagrams in and out in batches, a source address for each peer.
//
// A server tells peers by address and port, so each needs its own. Over loopback, where all of 127.0.0.0/8 is
// this machine, a hundred peers share one socket and differ in the address: one recvmmsg then reads for many
// of them. To elsewhere each peer has a socket, and differs in the port. Received with UDP GRO and sent with
// GSO where the kernel has them. Used by Swarm.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "sluice/packet.h"
#include "sluice/result.h"
#include "worker/clock.h"

namespace sluice::load {

enum class PortSharing : std::uint8_t { kLoopback, kNone };

class UdpPorts {
 public:
  /// Who takes what was read. The bytes are in `packet` until the next call.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void on_datagram(SocketId port, Packet& packet, const SocketAddress& from) = 0;
  };
  struct Counts {
    std::uint64_t received = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t sent = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t kernel_drops = 0;  ///< Came while a socket of ours was full (SO_RXQ_OVFL): our fault.
    std::uint64_t send_drops = 0;    ///< The kernel did not take them.
    std::uint64_t truncated = 0;     ///< Longer than any that a server sends.
    std::uint64_t receive_calls = 0;
    std::uint64_t send_calls = 0;
  };

  explicit UdpPorts(PortSharing sharing);
  ~UdpPorts();
  UdpPorts(const UdpPorts&) = delete;
  UdpPorts& operator=(const UdpPorts&) = delete;

  /// A place to receive at.
  Result<SocketId> open();
  /// For epoll, once: readable when any socket is.
  [[nodiscard]] int epoll_fd() const { return epoll_; }
  /// Reads what is there, a bounded amount. True: there is more.
  bool receive(const worker::Moment& moment, Sink& sink);
  /// `path.socket` is the port.
  void send(std::span<const OutgoingDatagram> datagrams);

  [[nodiscard]] PortSharing sharing() const { return sharing_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::size_t sockets() const { return sockets_.size(); }

 private:
  static constexpr std::size_t kPeersPerSocket = 128;
  static constexpr std::size_t kReceiveBatch = 32;
  static constexpr std::size_t kReceiveSize = 65'535;  ///< GRO gives many datagrams in one.
  static constexpr std::size_t kSendBatch = 64;
  static constexpr std::size_t kMaxSegments = 44;  ///< In one GSO message: 64 KiB of 1,400 bytes.
  static constexpr std::size_t kControlSize = 160;

  struct Socket {
    int fd = -1;
    std::uint32_t kernel_drops = 0;  ///< As the kernel last told.
  };
  struct Port {
    std::uint16_t socket = 0;
    in_addr local{};  ///< With shared sockets.
  };
  struct alignas(8) Control {
    std::array<std::byte, kControlSize> bytes;
  };
  struct Received;
  struct Outgoing;

  Result<std::uint16_t> open_socket();
  std::size_t read_socket(std::size_t index, const worker::Moment& moment, Sink& sink);
  void take(std::size_t socket, std::size_t i, const worker::Moment& moment, Sink& sink);
  /// Lays the datagrams from `first` on that can leave as one message into the batch. Gives how many.
  std::size_t lay_out(std::span<const OutgoingDatagram> datagrams, std::size_t slot);
  void write_batch(int fd, std::size_t count, std::span<const std::size_t> sizes);

  PortSharing sharing_;
  int epoll_ = -1;
  bool gso_ = true;
  std::vector<Socket> sockets_;
  std::vector<Port> ports_;
  std::unique_ptr<Received> in_;
  std::unique_ptr<Outgoing> out_;
  Packet scratch_;
  Counts counts_;
};

}  // namespace sluice::load
