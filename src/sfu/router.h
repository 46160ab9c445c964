// From a received packet to everyone who watches: holds what each producer has received in one wake-up and
// forwards it viewer by viewer, each viewer the whole burst at once.
//
// Viewer by viewer, because a viewer's state and keys are then fetched once a burst, and because its packets
// come to lie side by side in the SendBatch, where they leave as one message. In portions, because a burst
// to hundreds of viewers does not fit the cache: run() stops when enough waits, and goes on when called
// again.
//
// Invariants: each packet is forwarded once to each consumer that is active, a producer's packets in their
// order. A consumer enters a producer's list of active ones at its end, and leaves through remove(). One per
// engine.
#pragma once

#include <cstddef>
#include <vector>

#include "sfu/media_packet.h"
#include "sluice/time.h"
#include "transport/send_batch.h"

namespace sluice::sfu {

class Consumer;
class Producer;

class Router {
 public:
  explicit Router(const transport::SendBatch& batch) : batch_(batch) {}
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// To be forwarded by run().
  void add(Producer& producer, MediaPacket packet, Instant now);
  /// Forwards until about `limit` datagrams wait in the batch, or all is done.
  void run(std::size_t limit, Instant now);
  /// The consumer is active no more.
  void remove(Producer& producer, const Consumer& consumer);
  /// The producer is going away: what waits of it is not forwarded.
  void forget(Producer& producer);
  [[nodiscard]] bool idle() const { return next_ == used_; }

 private:
  /// What one producer has received.
  struct Burst {
    Producer* producer = nullptr;
    std::vector<MediaPacket> packets;
    std::size_t consumers_done = 0;
  };

  bool serve(Burst& burst, std::size_t limit, Instant now);
  static void end(Burst& burst);

  const transport::SendBatch& batch_;
  std::vector<Burst> bursts_;  ///< Used again and again, with the memory of their packets.
  std::size_t used_ = 0;
  std::size_t next_ = 0;  ///< The first that is not done.
};

}  // namespace sluice::sfu
