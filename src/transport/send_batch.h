// Everything that leaves in one wake-up: slots that packets are written and encrypted into, in order, and
// handed out at the flush.
//
// Invariants: a slot's memory stays where it is until clear(); slots are reused, so that a steady load
// allocates nothing. The payload of a queued packet is kept alive by its reference until finish(), because a
// batched cipher reads it only then. One per engine.
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

  explicit SendBatch(srtp::Backend& backend) : protector_(backend) {}

  /// The next free slot's memory. Nothing is sent before queue().
  [[nodiscard]] std::uint8_t* slot();
  /// Sends the first `size` bytes of the current slot; `payload` is held until finish().
  void queue(const Path& path, std::size_t size, PacketRef payload = {});
  /// Copies a whole datagram into a slot and queues it; oversized ones are refused.
  bool queue_copy(const Path& path, Bytes bytes);
  [[nodiscard]] srtp::Batch& protector() { return protector_; }

  [[nodiscard]] std::size_t pending() const { return taken_ ? 0 : datagrams_.size(); }
  /// Ends all encryption and releases the payloads. Call before a transport with queued packets is destroyed.
  void finish();
  /// All queued datagrams, finished. Valid until the next slot() or queue(), which start anew.
  [[nodiscard]] std::span<const OutgoingDatagram> take();
  /// Forgets the datagrams: their memory is free again.
  void clear();

 private:
  static constexpr std::size_t kSlotsPerChunk = 64;

  srtp::Batch protector_;
  std::vector<std::unique_ptr<std::uint8_t[]>> chunks_;
  void start_anew();

  std::vector<OutgoingDatagram> datagrams_;
  bool taken_ = false;  ///< What stands in datagrams_ has been handed out.
  std::vector<PacketRef> payloads_;
};

}  // namespace sluice::transport
