// Payloads that wait to become frames, by sequence number: a ring that grows with what is waiting, up to its
// owner's limit. Buffers of payloads that were released are used again. Held by FrameReceiver.
//
// The owner keeps the numbers that it inserts, and asks for, within capacity() of each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "sluice/time.h"

namespace sluice::packetize {

class PacketWindow {
 public:
  struct Slot {
    std::vector<std::uint8_t> payload;
    Instant arrival{};
    RtpTimestamp timestamp;
    bool present = false;
    bool marker = false;
    bool starts_frame = false;  ///< As far as the payload tells, as the next.
    bool starts_key_frame = false;
  };

  PacketWindow() : slots_(16) {}

  [[nodiscard]] std::size_t capacity() const { return slots_.size(); }
  /// Bytes of payloads that are held.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Makes room for `span` numbers from `first`, the oldest one that is held.
  void reserve(std::int64_t first, std::size_t span);

  [[nodiscard]] const Slot* find(std::int64_t number) const {
    const Slot& slot = slots_[index(number)];
    return slot.present ? &slot : nullptr;
  }
  Slot& insert(std::int64_t number, Bytes payload);
  /// Nothing happens when it is not there.
  void release(std::int64_t number);
  /// Releases everything.
  void clear();

 private:
  static constexpr std::size_t kMaxSpare = 32;

  [[nodiscard]] std::size_t index(std::int64_t number) const {
    return static_cast<std::size_t>(number) & (slots_.size() - 1);
  }
  void release(Slot& slot);

  std::vector<Slot> slots_;  ///< A power of two.
  std::vector<std::vector<std::uint8_t>> spare_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::packetize
