// The sockets of one peer connection: bound UDP sockets, TCP connections it asks for, names it wants
// resolved.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "native/loop.h"

namespace sluice::native {

class Network {
 public:
  /// All outlive it. After anything that `pc` was told, the loop's idle call flushes it.
  Network(Loop::Impl& loop, sluice::PeerConnection& pc);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Binds and tells `pc`. An error names the address.
  Result<void> open(const NetworkOptions& options);
  /// What `pc` wants sent and asked.
  void flush();

 private:
  static constexpr std::size_t kMaxQueued = 4
                                            << 20;  ///< Bytes that the kernel did not take; beyond: dropped.
  static constexpr std::size_t kMaxStream = 16 << 20;  ///< Of a connection; beyond: it is closed.

  struct Udp;
  struct Tcp;
  struct Lookup;

  Result<void> bind(const SocketAddress& address);
  void send(const OutgoingDatagram& datagram);
  void send_stream(Tcp& connection, std::span<const std::uint8_t> bytes);
  void request(const NetworkRequest& request);
  void resolve(const std::string& host);
  void connect(const NetworkRequest& request);
  void on_read(Tcp& connection, std::span<const std::uint8_t> bytes);
  void end(SocketId connection, std::string_view why);

  Loop::Impl& loop_;
  sluice::PeerConnection& pc_;
  PacketPool pool_{1U << 14};
  std::vector<std::unique_ptr<Udp>> udp_;
  std::map<SocketId, std::unique_ptr<Tcp>> tcp_;
  std::vector<std::unique_ptr<Lookup>> lookups_;
  std::vector<std::uint8_t> scratch_;
};

}  // namespace sluice::native
