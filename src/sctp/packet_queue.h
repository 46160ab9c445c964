// Packets in the order in which they were made, in one block of memory that is used again.
//
// Invariant: at most kMaxPackets wait; more are refused, and SCTP sends them again. For StackUser.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace sluice::sctp {

class PacketQueue {
 public:
  static constexpr std::size_t kMaxPackets = 8192;

  bool push(Bytes packet) {
    if (sizes_.size() - next_ >= kMaxPackets) {
      ++refused_;
      return false;
    }
    if (next_ == sizes_.size()) clear();
    bytes_.insert(bytes_.end(), packet.begin(), packet.end());
    sizes_.push_back(static_cast<std::uint32_t>(packet.size()));
    return true;
  }
  /// Valid until the next push().
  std::optional<Bytes> pop() {
    if (next_ == sizes_.size()) return std::nullopt;
    const Bytes packet(bytes_.data() + offset_, sizes_[next_]);
    offset_ += sizes_[next_++];
    return packet;
  }
  /// Shows each packet once.
  template <typename Visit>
  void for_each_new(Visit visit) {
    for (; shown_ < sizes_.size(); ++shown_) {
      visit(Bytes(bytes_.data() + shown_offset_, sizes_[shown_]));
      shown_offset_ += sizes_[shown_];
    }
  }
  [[nodiscard]] bool empty() const { return next_ == sizes_.size(); }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  void clear() {
    bytes_.clear();
    sizes_.clear();
    next_ = offset_ = shown_ = shown_offset_ = 0;
  }

  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint32_t> sizes_;
  std::size_t next_ = 0;    ///< Of sizes_.
  std::size_t offset_ = 0;  ///< Of bytes_.
  std::size_t shown_ = 0;
  std::size_t shown_offset_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace sluice::sctp
