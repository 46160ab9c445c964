// A list with its room inside: what an RTCP packet lists is bounded by its count field, so it needs no heap.
#pragma once

#include <array>
#include <cstddef>

namespace sluice::rtcp {

template <typename T, std::size_t kCapacity>
class FixedList {
 public:
  /// False when full.
  bool push_back(const T& value) {
    if (full()) return false;
    items_[size_++] = value;
    return true;
  }
  void clear() { size_ = 0; }
  [[nodiscard]] bool full() const { return size_ == kCapacity; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return items_[i]; }
  [[nodiscard]] const T* begin() const { return items_.data(); }
  [[nodiscard]] const T* end() const { return items_.data() + size_; }
  friend bool operator==(const FixedList& a, const FixedList& b) {
    if (a.size_ != b.size_) return false;
    for (std::size_t i = 0; i < a.size_; ++i) {
      if (!(a.items_[i] == b.items_[i])) return false;
    }
    return true;
  }

 private:
  std::array<T, kCapacity> items_{};
  std::size_t size_ = 0;
};

}  // namespace sluice::rtcp
