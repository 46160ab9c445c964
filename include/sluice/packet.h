// Pooled packet buffers with an intrusive reference count: the one shared thing on the packet's way.
//
// Invariants: a pool outlives its packets; counts are not atomic (one thread); bytes do not change once a
// packet has been unprotected and parsed (docs/packet-path.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "sluice/address.h"
#include "sluice/time.h"

namespace sluice {

class PacketPool;

/// One datagram in a pooled buffer. Handled through PacketRef.
struct Packet {
  static constexpr std::size_t kCapacity =
      1984;  ///< A block is 2 KiB; longer datagrams are refused where they are read.

  PacketPool* pool = nullptr;
  Packet* next_free = nullptr;
  Instant arrival{};  ///< Kernel receive time, or the wake-up's time where the kernel gave none.
  std::uint32_t references = 0;
  std::uint16_t size = 0;
  std::uint8_t ecn = 0;  ///< ECN bits of the IP header (RFC 3168).
  alignas(8) std::uint8_t data[kCapacity];

  [[nodiscard]] std::span<std::uint8_t> bytes() { return {data, size}; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data, size}; }
};

/// Counted reference to a Packet.
class PacketRef {
 public:
  PacketRef() = default;
  explicit PacketRef(Packet* packet) : packet_(packet) {
    if (packet_ != nullptr) ++packet_->references;
  }
  PacketRef(const PacketRef& other) : PacketRef(other.packet_) {}
  PacketRef(PacketRef&& other) noexcept : packet_(std::exchange(other.packet_, nullptr)) {}
  PacketRef& operator=(PacketRef other) noexcept {
    std::swap(packet_, other.packet_);
    return *this;
  }
  ~PacketRef() { reset(); }

  inline void reset();
  [[nodiscard]] Packet* get() const { return packet_; }
  Packet* operator->() const { return packet_; }
  Packet& operator*() const { return *packet_; }
  explicit operator bool() const { return packet_ != nullptr; }

 private:
  Packet* packet_ = nullptr;
};

/// Grows in slabs and never shrinks; `in_use()` must return to zero when everything is closed.
class PacketPool {
 public:
  /// `limit`: how many packets may be in use at once; allocate() gives an empty reference beyond it.
  explicit PacketPool(std::size_t limit = 1U << 20) : limit_(limit) {}
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  PacketRef allocate() {
    if (free_ == nullptr && !grow()) return {};
    Packet* packet = std::exchange(free_, free_->next_free);
    packet->size = 0;
    packet->ecn = 0;
    ++in_use_;
    return PacketRef(packet);
  }
  void release(Packet* packet) {
    packet->next_free = free_;
    free_ = packet;
    --in_use_;
  }
  [[nodiscard]] std::size_t in_use() const { return in_use_; }
  [[nodiscard]] std::size_t capacity() const { return slabs_.size() * kSlab; }

 private:
  static constexpr std::size_t kSlab = 64;
  bool grow();

  std::vector<std::unique_ptr<Packet[]>> slabs_;
  Packet* free_ = nullptr;
  std::size_t in_use_ = 0;
  std::size_t limit_;
};

inline void PacketRef::reset() {
  if (Packet* packet = std::exchange(packet_, nullptr); packet != nullptr && --packet->references == 0) {
    packet->pool->release(packet);
  }
}

/// What a socket has read, for the engine.
struct ReceivedDatagram {
  PacketRef packet;  ///< From Engine::pool(), size, arrival and ecn set.
  Path path;
};

/// What a socket is to send. The bytes are borrowed.
struct OutgoingDatagram {
  Path path;
  std::span<const std::uint8_t> bytes;
};

}  // namespace sluice
