#include "worker/control/deframer.h"

#include <algorithm>

namespace sluice::control {
namespace {

constexpr std::size_t kKeepCapacity = 256U << 10;  // a rare long frame does not cost its memory for ever

}  // namespace

Deframer::Status Deframer::next(std::span<const std::uint8_t>& bytes) {
  if (complete_) {
    complete_ = false;
    if (buffer_.capacity() > kKeepCapacity) {
      buffer_ = {};
    } else {
      buffer_.clear();
    }
  }
  take(bytes, kPrefixSize);
  if (buffer_.size() < kPrefixSize) return Status::kNeedMore;
  const std::size_t size = announced_size();
  if (size == 0 || size > kMaxFrameSize) return Status::kTooLong;
  take(bytes, kPrefixSize + size);
  complete_ = buffer_.size() == kPrefixSize + size;
  return complete_ ? Status::kFrame : Status::kNeedMore;
}

std::size_t Deframer::announced_size() const {
  if (buffer_.size() < kPrefixSize) return 0;
  return std::size_t{buffer_[0]} | std::size_t{buffer_[1]} << 8 | std::size_t{buffer_[2]} << 16 |
         std::size_t{buffer_[3]} << 24;
}

void Deframer::take(std::span<const std::uint8_t>& bytes, std::size_t up_to) {
  if (buffer_.size() >= up_to) return;
  const std::size_t count = std::min(up_to - buffer_.size(), bytes.size());
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
  bytes = bytes.subspan(count);
}

}  // namespace sluice::control
