// One message on its way through a room, and why one goes no further for a consumer.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sluice/data.h"

namespace sluice::sfu {

/// The payload is shared by all who are to get it.
struct DataMessage {
  std::uint32_t ppid = 0;  ///< RFC 8831 §8.
  Payload payload;
};

enum class DataDrop : std::uint8_t {
  kQueueFull,  ///< The consumer is too slow: its queue, or its transport's, holds no more.
  kTooLarge,   ///< More than the other end takes in one message.
  kExpired,    ///< Waited longer than its stream's maxPacketLifeTime.
};
inline constexpr std::size_t kDataDropCount = static_cast<std::size_t>(DataDrop::kExpired) + 1;

/// Counts by reason.
class DataDrops {
 public:
  void add(DataDrop reason) { ++counts_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] std::uint64_t operator[](DataDrop reason) const {
    return counts_[static_cast<std::size_t>(reason)];
  }
  DataDrops& operator+=(const DataDrops& other) {
    for (std::size_t i = 0; i < kDataDropCount; ++i) counts_[i] += other.counts_[i];
    return *this;
  }
  [[nodiscard]] std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }
  /// Reasons that never happened are left out.
  [[nodiscard]] std::map<std::string, std::uint64_t> named() const {
    static constexpr std::string_view kNames[kDataDropCount] = {"queue-full", "too-large", "expired"};
    std::map<std::string, std::uint64_t> out;
    for (std::size_t i = 0; i < kDataDropCount; ++i) {
      if (counts_[i] != 0) out.emplace(kNames[i], counts_[i]);
    }
    return out;
  }

 private:
  std::array<std::uint64_t, kDataDropCount> counts_{};
};

}  // namespace sluice::sfu
