// A bad network in front of the peers: losses, delay and jitter, seeded, to what they send and to what they
// receive.
//
// Sans-IO. Datagrams of one direction of one peer stay in order, as on a queue that gets longer and shorter.
// Used by Swarm.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "base/random.h"
#include "sluice/packet.h"

namespace sluice::load {

class Impairment {
 public:
  struct Options {
    double loss = 0;    ///< 0 to 1.
    Duration delay{};   ///< One way.
    Duration jitter{};  ///< Up to so much more, evenly spread.
    bool sending = true;
    bool receiving = true;
    std::uint64_t seed = 1;
  };
  enum class Direction : std::uint8_t { kSend, kReceive };
  struct Due {
    PacketRef packet;
    Path path;
    Direction direction = Direction::kSend;
  };

  explicit Impairment(const Options& options);

  [[nodiscard]] bool applies(Direction direction) const {
    return active_ && (direction == Direction::kSend ? options_.sending : options_.receiving);
  }
  /// Takes a datagram over, to drop it or to give it back later. `path.socket` is the peer.
  void take(Direction direction, Bytes bytes, const Path& path, Instant now);
  [[nodiscard]] Instant next_deadline() const { return waiting_.empty() ? kNever : waiting_.top().at; }
  /// What is through by `now`, its arrival time set; call until it gives nothing.
  std::optional<Due> pop_due(Instant now);

  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  /// Held, all memory in use: counted apart, because the tool is to blame.
  [[nodiscard]] std::uint64_t overflowed() const { return overflowed_; }

 private:
  struct Waiting {
    Instant at;
    std::uint64_t order;
    std::uint32_t slot;
    bool operator<(const Waiting& other) const {
      return at != other.at ? at > other.at : order > other.order;  // priority_queue gives the greatest
    }
  };

  Options options_;
  bool active_;
  Random random_;
  PacketPool pool_{1U << 17};
  std::priority_queue<Waiting> waiting_;
  std::vector<Due> held_;  ///< By slot.
  std::vector<std::uint32_t> free_;
  std::array<std::vector<Instant>, 2> newest_;  ///< By direction and peer.
  std::uint64_t order_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t overflowed_ = 0;
};

}  // namespace sluice::load
