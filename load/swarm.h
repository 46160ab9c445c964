// All synthetic peers of the tool and their network: one thread, one loop, one heap of deadlines. A peer that
// has nothing to do costs nothing.
//
// The owner adds peers, signals for them, and calls step() until it is done. After it has changed a peer by
// itself it calls touch(). Addresses of members stay; they are taken away only with the swarm.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/deadline_heap.h"
#include "client/peer.h"
#include "load/impairment.h"
#include "load/udp_ports.h"

namespace sluice::load {

class Swarm : private UdpPorts::Sink {
 public:
  struct Options {
    PortSharing sharing = PortSharing::kNone;
    std::uint64_t seed = 1;
    Impairment::Options impairment;
  };
  struct Member {
    Member(const client::Shared& shared, client::Connection::Options options)
        : peer(shared, options), deadline(this) {}
    client::Peer peer;
    Deadline deadline;
    bool dirty = false;
    bool gone = false;  ///< Closed; what still comes for it is thrown away.
  };

  explicit Swarm(const Options& options);
  ~Swarm() override;

  Result<Member*> add();
  /// The owner has changed this peer.
  void touch(Member& member);
  /// Says goodbye; nothing is sent or taken afterwards.
  void leave(Member& member);

  /// Waits for at most until `until` or until one of `watched` is ready, and does what is to be done.
  /// `watched`: the descriptors of the owner, in an epoll of its own, or -1.
  void step(Instant until, int watched);
  [[nodiscard]] Instant now() const { return moment_.now; }
  Instant read_clock();

  [[nodiscard]] client::Shared& shared() { return shared_; }
  [[nodiscard]] const UdpPorts::Counts& counts() const { return ports_.counts(); }
  [[nodiscard]] const UdpPorts& ports() const { return ports_; }
  [[nodiscard]] const Impairment& impairment() const { return impairment_; }
  [[nodiscard]] std::size_t size() const { return members_.size(); }

 private:
  void on_datagram(SocketId port, Packet& packet, const SocketAddress& from) override;
  void deliver(SocketId port, Packet& packet, const SocketAddress& from);
  void advance();
  void flush();
  void settle();

  worker::Moment moment_;
  WallClock wall_clock_;
  Random random_;
  dtls::Context dtls_;
  std::unique_ptr<srtp::Backend> srtp_;
  transport::SendBatch batch_;
  PacketPool pool_;
  client::Shared shared_;
  UdpPorts ports_;
  Impairment impairment_;
  std::vector<OutgoingDatagram> delayed_;   ///< What the impairment lets through now,
  std::vector<PacketRef> delayed_packets_;  ///< and its memory.
  DeadlineHeap deadlines_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<Member*> dirty_;
  int epoll_ = -1;
  int watched_ = -1;
  bool more_ = false;  ///< The sockets were not read empty.
};

}  // namespace sluice::load
