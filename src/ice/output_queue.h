// First in, first out, with a limit, and no memory while empty: thousands of agents have several each and use
// few (a std::deque takes half a kilobyte before its first element). Used by the agents.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::ice {

template <typename T>
class OutputQueue {
 public:
  static constexpr std::size_t kLimit = 256;

  /// False when the owner has taken nothing for so long that there is no room.
  bool push(T value) {
    if (values_.size() - at_ >= kLimit) return false;
    if (at_ >= kLimit) {
      values_.erase(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(at_));
      at_ = 0;
    }
    values_.push_back(std::move(value));
    return true;
  }
  std::optional<T> poll() {
    if (at_ == values_.size()) return std::nullopt;
    T value = std::move(values_[at_++]);
    if (at_ == values_.size()) clear();
    return value;
  }
  void clear() {
    values_.clear();
    at_ = 0;
  }

 private:
  std::vector<T> values_;
  std::size_t at_ = 0;
};

}  // namespace sluice::ice
