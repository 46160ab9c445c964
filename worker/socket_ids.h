// Numbers for sockets that come and go. One that was given back rests until many others have been given back
// too, so that nothing that still names it is taken for its successor's.
#pragma once

#include <cstddef>
#include <deque>
#include <limits>
#include <optional>

#include "sluice/address.h"

namespace sluice::worker {

class SocketIds {
 public:
  static constexpr std::size_t kResting = 256;

  /// Nothing when all are taken.
  std::optional<SocketId> take() {
    if (resting_.size() > kResting || (next_ > kLast && !resting_.empty())) {
      const SocketId id = resting_.front();
      resting_.pop_front();
      return id;
    }
    if (next_ > kLast) return std::nullopt;
    return static_cast<SocketId>(next_++);
  }
  void give_back(SocketId id) { resting_.push_back(id); }

 private:
  static constexpr std::size_t kLast = std::numeric_limits<SocketId>::max();
  std::size_t next_ = 0;
  std::deque<SocketId> resting_;
};

}  // namespace sluice::worker
