// Packets on their way to the controller, where a MediaSender of a direct transport leaves them.
#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "transport/drop_reason.h"

namespace sluice::transport {

class DirectQueue {
 public:
  /// `limit`: bytes that may wait; what is more is dropped and counted in `drops`.
  DirectQueue(std::size_t limit, DropCounters& drops) : limit_(limit), drops_(drops) {}

  void push(Bytes packet) {
    if (size_ + packet.size() > limit_) {
      drops_.add(DropReason::kControllerQueueFull);
      return;
    }
    size_ += packet.size();
    packets_.emplace_back(packet.begin(), packet.end());
  }
  [[nodiscard]] bool empty() const { return packets_.empty(); }
  [[nodiscard]] Bytes front() const { return packets_.front(); }
  std::vector<std::uint8_t> pop() {
    std::vector<std::uint8_t> packet = std::move(packets_.front());
    packets_.pop_front();
    size_ -= packet.size();
    return packet;
  }

 private:
  std::size_t limit_;
  DropCounters& drops_;
  std::size_t size_ = 0;
  std::deque<std::vector<std::uint8_t>> packets_;
};

}  // namespace sluice::transport
