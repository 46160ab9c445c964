// A network in virtual time, from a seed: datagrams between hosts and a server are lost, delayed, reordered,
// duplicated and queued as each host's link says. Hosts sit behind a NAT whose outer address may change under
// way; the server does not.
#pragma once

#include <cstdint>
#include <queue>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "sluice/address.h"
#include "sluice/time.h"

namespace sluice::net {

/// One direction of a host's link.
struct LinkSpec {
  double loss = 0;         ///< Probability.
  double duplication = 0;  ///< Probability.
  Duration delay = 10ms;
  Duration jitter{};  ///< Up to so much more, evenly; reorders when larger than the packets' distance.
  std::uint64_t bandwidth = 0;   ///< bps; 0: without limit.
  std::uint32_t queue = 64'000;  ///< Bytes that wait for the bandwidth; what comes then is lost.
};

struct Datagram {
  SocketAddress from;  ///< As the receiver sees it.
  SocketAddress to;    ///< The receiver's own address, behind its NAT.
  std::vector<std::uint8_t> bytes;
};

class VirtualNetwork {
 public:
  struct Counts {
    std::uint64_t sent = 0;
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;  ///< By chance.
    std::uint64_t duplicated = 0;
    std::uint64_t overflowed = 0;     ///< The queue was full.
    std::uint64_t undeliverable = 0;  ///< To nobody, or a link that is cut.
  };

  explicit VirtualNetwork(std::uint64_t seed) : random_(seed) {}

  void add_server(const SocketAddress& address) { servers_.push_back(address); }
  void add_host(const SocketAddress& inner, const LinkSpec& up, const LinkSpec& down);
  void remove_host(const SocketAddress& inner);
  void set_link(const SocketAddress& inner, const LinkSpec& up, const LinkSpec& down);
  /// Nothing passes either way.
  void cut(const SocketAddress& inner, bool is_cut);
  /// The NAT forgets its binding: from now on the host is seen at `outer`; what is sent to the old address is
  /// lost.
  void rebind(const SocketAddress& inner, const SocketAddress& outer);
  [[nodiscard]] SocketAddress outer(const SocketAddress& inner) const;

  /// `from` and `to` as the sender knows them: a host's inner address, the server's address, a host's outer
  /// address.
  void send(const SocketAddress& from, const SocketAddress& to, Bytes bytes, Instant now);
  [[nodiscard]] Instant next_delivery() const { return queue_.empty() ? kNever : queue_.top().at; }
  /// Takes the next datagram that is due.
  bool receive(Instant now, Datagram& out);
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::size_t in_flight() const { return queue_.size(); }

 private:
  struct Direction {
    LinkSpec spec;
    Instant free_at{};  ///< When the last byte of the queue has left.
  };
  struct Host {
    SocketAddress outer;
    Direction up;
    Direction down;
    bool is_cut = false;
  };
  struct Flight {
    Instant at;
    std::uint64_t order;  ///< Equal times keep their order.
    std::uint32_t slot;
    bool operator<(const Flight& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  [[nodiscard]] bool is_server(const SocketAddress& address) const;
  /// When a datagram handed in now comes out; kNever when it does not.
  Instant pass(Direction& direction, std::size_t size, Instant now);
  void fly(const SocketAddress& from, const SocketAddress& to, Bytes bytes, Instant at);

  Random random_;
  std::vector<SocketAddress> servers_;
  std::unordered_map<SocketAddress, Host> hosts_;              ///< By inner address.
  std::unordered_map<SocketAddress, SocketAddress> inner_of_;  ///< By outer address.
  std::priority_queue<Flight> queue_;
  std::vector<Datagram> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t order_ = 0;
  Counts counts_;
};

}  // namespace sluice::net
