// Synthetic peers over real UDP, one socket each, in one thread: the other end of a worker under measurement.
//
// Peers that connect, publish or are sampled are woken by their sockets and read all they get. Drained peers
// are the cheap receivers of a measurement: their sockets wake nobody (a wake-up would be charged to the
// worker that sends), are emptied in turns every few milliseconds, and of RTP only the start is read. They
// still answer everything a viewer answers: consent checks, receiver reports, transport-cc feedback.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/deadline_heap.h"
#include "bench/udp_io.h"
#include "client/ortc.h"
#include "client/peer.h"
#include "client/shared.h"
#include "sluice/result.h"

namespace sluice::bench {

class UdpPeers {
 public:
  struct Options {
    std::vector<std::uint16_t> srtp_profiles;  ///< What the peers offer; empty: all.
    Receivers receivers = Receivers::kPlain;
    Burst burst = Burst::kSendmmsg;
  };
  explicit UdpPeers(Options options);
  ~UdpPeers();
  UdpPeers(const UdpPeers&) = delete;
  UdpPeers& operator=(const UdpPeers&) = delete;

  /// Opens a socket on 127.0.0.1 and makes its peer.
  Result<client::Peer*> add();
  /// Lets time pass until `limit`, or until `done()` holds.
  template <typename Done>
  void run(Duration limit, Done done) {
    for (const Instant end = now() + limit; now() < end && !done();) step(end);
  }
  void run(Duration limit) {
    run(limit, [] { return false; });
  }
  /// The peer's deadline may have changed: something was called on it from outside.
  void touch(const client::Peer& peer) { schedule(*sockets_[peer.connection().socket()]); }

  void drain(const client::Peer& peer);
  /// From now on every RTP packet of this peer gives a sample: how long after it was handed to the
  /// publisher's kernel it was in this peer's (ns). Both are peers of this object.
  void sample(const client::Peer& peer, std::function<void(std::int64_t nanos)> take);
  void stop_sampling(const client::Peer& peer);
  /// What arrives meanwhile waits in the sockets, and deadlines pass: the peers are silent.
  void freeze(Duration time);

  [[nodiscard]] Instant now() const { return read_clock(); }
  [[nodiscard]] client::Shared& shared() { return shared_; }
  /// RTP packets that drained and sampled peers received.
  [[nodiscard]] std::uint64_t received() const { return received_; }

 private:
  struct Socket {
    explicit Socket(int descriptor) : fd(descriptor), deadline(this) {}
    int fd;
    bool drained = false;
    std::size_t unread = 0;  ///< RTP packets since the last one that was decrypted.
    std::unique_ptr<client::Peer> peer;
    std::function<void(std::int64_t)> take_sample;
    Deadline deadline;
  };
  /// When packets with this marker time really went to the kernel.
  struct Departure {
    Instant marked;
    std::int64_t nanos;
  };

  void step(Instant end);
  void wait(Instant until);
  void read(Socket& socket, Instant at);
  void read_drained(Instant at);
  void read_unwatched(Socket& socket, Instant at);
  void deliver(Socket& socket, const Received& received, Instant at);
  void decrypt_only(Socket& socket, const Received& received, Instant at);
  void take_sample(Socket& socket, const Received& received);
  void watch(Socket& socket, int operation);
  void schedule(Socket& socket);
  void send(Instant at);

  Random random_;
  WallClock wall_clock_;
  dtls::Context dtls_;
  std::unique_ptr<srtp::Backend> srtp_;
  transport::SendBatch batch_;
  PacketPool pool_;
  client::Shared shared_;
  Receivers receivers_;
  BurstSender sender_;
  DatagramReader whole_{Packet::kCapacity, Receivers::kPlain};
  DatagramReader starts_;
  int epoll_ = -1;
  DeadlineHeap deadlines_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::vector<Socket*> drained_;
  std::size_t next_drained_ = 0;  ///< Where the current turn stands; the end: none is under way.
  Instant turn_at_{};
  std::deque<Departure> departures_;
  bool sampling_ = false;
  std::uint64_t received_ = 0;
};

}  // namespace sluice::bench
