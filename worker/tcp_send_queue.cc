#include "worker/tcp_send_queue.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "worker/tcp_deframer.h"

namespace sluice::worker {

bool TcpSendQueue::push(std::span<const std::uint8_t> prefix, std::span<const std::uint8_t> datagram,
                        std::size_t reserved) {
  if (size_ + prefix.size() + datagram.size() + reserved > capacity_) return false;
  append(prefix);
  append(datagram);
  ++frames_;
  return true;
}

void TcpSendQueue::push_rest(std::span<const std::uint8_t> prefix, std::span<const std::uint8_t> datagram) {
  SLUICE_CHECK(empty());
  frame_left_ = prefix.size() + datagram.size();
  append(prefix);
  append(datagram);
  ++frames_;
}

void TcpSendQueue::append(std::span<const std::uint8_t> bytes) {
  SLUICE_CHECK(size_ + bytes.size() <= capacity_);
  if (!ring_) ring_ = std::make_unique<std::uint8_t[]>(capacity_);
  const std::size_t end = (first_ + size_) % capacity_;
  const std::size_t before_wrap = std::min(bytes.size(), capacity_ - end);
  std::copy_n(bytes.begin(), before_wrap, ring_.get() + end);
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(before_wrap), bytes.end(), ring_.get());
  size_ += bytes.size();
}

std::array<iovec, 2> TcpSendQueue::parts() const {
  const std::size_t before_wrap = std::min(size_, capacity_ - first_);
  return {iovec{ring_.get() + first_, before_wrap}, iovec{ring_.get(), size_ - before_wrap}};
}

std::size_t TcpSendQueue::pop(std::size_t count) {
  SLUICE_CHECK(count <= size_);
  const std::size_t before = frames_;
  while (count != 0) {
    if (frame_left_ == 0) frame_left_ = kTcpPrefixSize + (std::size_t{at(0)} << 8 | at(1));
    const std::size_t taken = std::min(count, frame_left_);
    first_ = (first_ + taken) % capacity_;
    size_ -= taken;
    frame_left_ -= taken;
    count -= taken;
    if (frame_left_ == 0) --frames_;
  }
  return before - frames_;
}

}  // namespace sluice::worker
