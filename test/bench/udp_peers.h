// Synthetic peers over real UDP, one socket each, in one thread: the other end of a worker under measurement.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "client/ortc.h"
#include "client/peer.h"
#include "client/shared.h"
#include "sluice/result.h"

namespace sluice::bench {

class UdpPeers {
 public:
  UdpPeers();
  ~UdpPeers();
  UdpPeers(const UdpPeers&) = delete;
  UdpPeers& operator=(const UdpPeers&) = delete;

  /// Opens a socket on 127.0.0.1 and makes its peer.
  Result<client::Peer*> add();
  /// Lets time pass until `until`, or until `done()` holds.
  template <typename Done>
  void run(Duration limit, Done done) {
    for (const Instant end = now() + limit; now() < end && !done();) step(end);
  }
  /// From now on what this peer's socket receives is counted and thrown away unread: the cheapest receiver
  /// there is.
  void drain_only(const client::Peer& peer);

  [[nodiscard]] Instant now() const;
  [[nodiscard]] client::Shared& shared() { return shared_; }
  /// RTP packets that drained sockets received.
  [[nodiscard]] std::uint64_t drained() const { return drained_; }

 private:
  struct Socket {
    int fd = -1;
    bool drain = false;
    std::unique_ptr<client::Peer> peer;
  };

  void step(Instant end);
  void read(Socket& socket, Instant at);
  void drain(Socket& socket);
  void send();

  Random random_;
  WallClock wall_clock_;
  dtls::Context dtls_;
  std::unique_ptr<srtp::Backend> srtp_;
  transport::SendBatch batch_;
  PacketPool pool_;
  client::Shared shared_;
  int epoll_ = -1;
  std::vector<Socket> sockets_;
  std::uint64_t drained_ = 0;
};

}  // namespace sluice::bench
