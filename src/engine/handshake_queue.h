// DTLS handshakes wait their turn here, so that media does not wait for them: a flight costs hundreds of
// microseconds of public-key cryptography, a packet less than two, and hundreds of people may join at once.
//
// Invariants: datagrams of one transport keep their order; at most kCapacity wait, and a client repeats what
// was dropped (RFC 9147 §5.8). Owned by State, which serves it in settle().
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "sluice/packet.h"
#include "sluice/time.h"

namespace sluice::engine {

class HandshakeQueue {
 public:
  static constexpr std::size_t kCapacity = 4096;
  /// Datagrams served between two looks at the media: about 2 ms at most.
  static constexpr int kAtOnce = 4;

  /// False when it is full.
  bool push(ReceivedDatagram datagram, Instant now) {
    if (size() >= kCapacity) return false;
    if (empty()) since_ = now;
    datagrams_.push_back(std::move(datagram));
    return true;
  }
  ReceivedDatagram pop() {
    ReceivedDatagram datagram = std::move(datagrams_[first_++]);
    if (first_ == datagrams_.size()) {
      datagrams_.clear();
      first_ = 0;
    }
    return datagram;
  }
  [[nodiscard]] bool empty() const { return datagrams_.empty(); }
  [[nodiscard]] std::size_t size() const { return datagrams_.size() - first_; }
  /// Due at once while something waits.
  [[nodiscard]] Instant next_deadline() const { return empty() ? kNever : since_; }

 private:
  std::vector<ReceivedDatagram> datagrams_;
  std::size_t first_ = 0;
  Instant since_{};
};

}  // namespace sluice::engine
