// Two agents joined by a network that loses, delays, reorders and duplicates, in virtual time and from a
// seed. Each side has sockets, and each socket an address as the other side sees it, which may change under
// way as behind a NAT.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "ice/agent.h"
#include "ice/drained.h"
#include "sluice/time.h"

namespace sluice::ice {

struct NetworkSpec {
  double loss = 0;
  double duplication = 0;
  Duration min_delay = 10ms;
  Duration max_delay = 10ms;
};

template <typename A, typename B>
class ToyNetwork {
 public:
  ToyNetwork(A& left, B& right, std::uint64_t seed, NetworkSpec spec)
      : left_(left), right_(right), random_(seed ^ 0x7E57), spec_(spec) {}

  std::vector<SocketAddress>
      left_addresses;  ///< By SocketId: how the right side sees the left side's sockets.
  std::vector<SocketAddress> right_addresses;             ///< The same the other way.
  std::set<std::pair<SocketAddress, SocketAddress>> cut;  ///< Address pairs (left, right) that pass nothing.
  bool down = false;                                      ///< Nothing passes at all.
  Instant now{5000s};
  std::uint64_t sent = 0;

  void set_spec(const NetworkSpec& spec) { spec_ = spec; }
  void run_for(Duration duration) {
    const Instant end = now + duration;
    run_until([&] { return false; }, end);
  }
  /// Runs until `done` holds; false when `end` came first.
  template <typename Done>
  bool run_until(Done done, Instant end) {
    int idle_rounds = 0;
    for (;;) {
      flush();
      if (done()) return true;
      const Instant arrival = queue_.empty() ? kNever : queue_.begin()->first;
      const Instant next = std::min({arrival, left_.next_deadline(), right_.next_deadline()});
      if (next > end) break;
      idle_rounds = next > now ? 0 : idle_rounds + 1;
      REQUIRE(idle_rounds < 1000);  // a deadline that is not served would spin for ever
      now = std::max(now, next);
      if (arrival <= now) {
        deliver();
      } else {
        left_.advance(now);
        right_.advance(now);
      }
    }
    now = std::max(now, end);
    return false;
  }
  template <typename Done>
  bool run_within(Done done, Duration limit) {
    return run_until(done, now + limit);
  }

 private:
  struct Datagram {
    bool to_right;
    Path path;  ///< As the receiver sees it.
    std::vector<std::uint8_t> bytes;
  };

  void flush() {
    for (const Transmit& t : drained(left_)) send(true, t, left_addresses, right_addresses);
    for (const Transmit& t : drained(right_)) send(false, t, right_addresses, left_addresses);
  }
  void send(bool to_right, const Transmit& t, const std::vector<SocketAddress>& from,
            const std::vector<SocketAddress>& to) {
    ++sent;
    const SocketAddress& source = from.at(t.path.socket);
    const auto link = to_right ? std::pair(source, t.path.remote) : std::pair(t.path.remote, source);
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (to[i] != t.path.remote || down || cut.contains(link)) continue;
      const int copies = 1 + (random_.chance(spec_.duplication) ? 1 : 0);
      for (int copy = 0; copy < copies; ++copy) {
        if (random_.chance(spec_.loss)) continue;
        const auto spread = static_cast<std::uint32_t>((spec_.max_delay - spec_.min_delay).count() + 1);
        const Instant at = now + spec_.min_delay + Duration(random_.below(spread));
        queue_.emplace(at, Datagram{to_right, {source, static_cast<SocketId>(i)}, t.bytes});
      }
    }
  }
  void deliver() {
    const Datagram d = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    if (d.to_right) {
      right_.receive(d.bytes, d.path, now);
    } else {
      left_.receive(d.bytes, d.path, now);
    }
  }

  A& left_;
  B& right_;
  Random random_;
  NetworkSpec spec_;
  std::multimap<Instant, Datagram> queue_;
};

}  // namespace sluice::ice
