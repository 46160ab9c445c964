// What the kernel did not take of one connection's frames: a ring of bytes, bounded, in the order of the
// stream.
//
// Invariants: frames enter whole or not at all, except that the rest of a half-sent one may be the first; so
// what leaves continues the stream exactly. The ring is allocated when it is first needed, once.
// Called by TcpConnection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <sys/uio.h>

namespace sluice::worker {

class TcpSendQueue {
 public:
  explicit TcpSendQueue(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t frames() const { return frames_; }

  /// A whole frame: prefix and datagram. False when it has no room, beside `reserved` bytes that it must
  /// leave free.
  bool push(std::span<const std::uint8_t> prefix, std::span<const std::uint8_t> datagram,
            std::size_t reserved = 0);
  /// What is left of a half-sent frame, into the empty queue.
  void push_rest(std::span<const std::uint8_t> prefix, std::span<const std::uint8_t> datagram);
  /// All that waits, for one writev. The second part is empty unless the ring wraps.
  [[nodiscard]] std::array<iovec, 2> parts() const;
  /// The kernel took so many bytes. Returns how many frames are complete with that.
  std::size_t pop(std::size_t count);

 private:
  void append(std::span<const std::uint8_t> bytes);
  [[nodiscard]] std::uint8_t at(std::size_t offset) const { return ring_[(first_ + offset) % capacity_]; }

  std::size_t capacity_;
  std::unique_ptr<std::uint8_t[]> ring_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::size_t frames_ = 0;      ///< The half-sent one included.
  std::size_t frame_left_ = 0;  ///< Bytes of the first frame, once it is known where it ends; else 0.
};

}  // namespace sluice::worker
