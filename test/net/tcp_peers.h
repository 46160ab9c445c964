// Synthetic peers over real TCP, one connection each, in one thread: the other end of a worker's listeners.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "client/ortc.h"
#include "client/peer.h"
#include "client/shared.h"
#include "sluice/result.h"
#include "worker/tcp_deframer.h"

namespace sluice::net {

class TcpPeers {
 public:
  TcpPeers();
  ~TcpPeers();
  TcpPeers(const TcpPeers&) = delete;
  TcpPeers& operator=(const TcpPeers&) = delete;

  /// Connects to `server` (IPv4) and makes the peer of that connection. `receive_buffer`: of the kernel, 0
  /// for its default.
  Result<client::Peer*> add(const SocketAddress& server, int receive_buffer = 0);
  /// Lets time pass until `limit` is over or `done()` holds; says which.
  template <typename Done>
  bool run(Duration limit, Done done) {
    for (const Instant end = now() + limit; now() < end && !done();) step(end);
    return done();
  }
  /// What comes for this peer stays in the kernel.
  void stop_reading(const client::Peer& peer, bool stop = true);
  /// Ends the connection under the peer, without a word of DTLS.
  void hang_up(const client::Peer& peer);
  /// The server has ended the connection.
  [[nodiscard]] bool ended(const client::Peer& peer) const;

  [[nodiscard]] Instant now() const;
  [[nodiscard]] client::Shared& shared() { return shared_; }

 private:
  struct Connection {
    int fd = -1;
    bool stopped = false;
    SocketAddress server;
    worker::TcpDeframer deframer;
    std::vector<std::uint8_t> unsent;
    std::unique_ptr<client::Peer> peer;
  };

  void step(Instant end);
  void read(Connection& connection, Instant at);
  void write(Connection& connection);
  void send();
  Connection& of(const client::Peer& peer) const { return *connections_[peer.connection().socket()]; }

  Random random_;
  WallClock wall_clock_;
  PacketPool pool_;  // before what holds its packets
  dtls::Context dtls_;
  std::unique_ptr<srtp::Backend> srtp_;
  transport::SendBatch batch_;
  client::Shared shared_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace sluice::net
