// Everything that leaves in one wake-up: slots that packets are written and encrypted into, and handed out at
// the flush, those of one destination side by side, so that they can leave as one message.
//
// Invariants: a slot's memory stays where it is until clear(); slots are reused, so that a steady load
// allocates nothing. The payload of a queued packet is kept alive by its reference until finish(), because a
// batched cipher reads it only then. The order of a destination is the order of its queue() calls. One per
// engine.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "sluice/address.h"
#include "sluice/packet.h"
#include "srtp/outbound.h"

namespace sluice::transport {

class SendBatch {
 public:
  /// Room in a slot: the largest packet we read, a larger header and the SRTP trailer. 33 cache lines, so
  /// that slots do not alias.
  static constexpr std::size_t kSlotSize = 2112;

  /// Whoever sends keeps one for each place it sends to: its datagrams are chained through it. A path that
  /// changes under it does no harm.
  class Destination {
    friend class SendBatch;
    std::uint64_t round_ = 0;  // of the batch that `last_` belongs to
    std::uint32_t last_ = 0;
  };

  explicit SendBatch(srtp::Backend& backend) : protector_(backend) {}

  /// The next free slot's memory. Nothing is sent before queue().
  [[nodiscard]] std::uint8_t* slot();
  /// Sends the first `size` bytes of the current slot; `payload` is held until finish().
  void queue(Destination& destination, const Path& path, std::size_t size, PacketRef payload = {});
  /// Copies a whole datagram into a slot and queues it; oversized ones are refused.
  bool queue_copy(Destination& destination, const Path& path, Bytes bytes);
  /// The same for one that needs no company.
  bool queue_copy(const Path& path, Bytes bytes) {
    Destination alone;
    return queue_copy(alone, path, bytes);
  }
  [[nodiscard]] srtp::Batch& protector() { return protector_; }

  [[nodiscard]] std::size_t pending() const { return taken_ ? 0 : queued_.size(); }
  /// Ends all encryption and releases the payloads. Call before a transport with queued packets is destroyed.
  void finish();
  /// All queued datagrams, finished. Valid until the next slot() or queue(), which start anew.
  [[nodiscard]] std::span<const OutgoingDatagram> take();
  /// Forgets the datagrams: their memory is free again.
  void clear();

 private:
  static constexpr std::size_t kSlotsPerChunk = 64;
  static constexpr std::uint32_t kEnd = 0xFFFFFFFF;

  void start_anew();

  srtp::Batch protector_;
  std::vector<std::unique_ptr<std::uint8_t[]>> chunks_;
  std::vector<OutgoingDatagram> queued_;  ///< In the order of queue(), which is the order of slots.
  std::vector<std::uint32_t> next_;       ///< Of the same destination, or kEnd.
  std::vector<std::uint32_t> firsts_;     ///< Of each destination.
  bool in_order_ = true;                  ///< Those of each destination lie side by side as they were queued.
  std::vector<OutgoingDatagram> ordered_;
  std::uint64_t round_ = 1;
  bool taken_ = false;  ///< What stands in queued_ has been handed out.
  std::vector<PacketRef> payloads_;
};

}  // namespace sluice::transport
