#include "worker/tcp_deframer.h"

#include <algorithm>
#include <cstring>

namespace sluice::worker {

TcpDeframer::Status TcpDeframer::next(std::span<const std::uint8_t>& bytes, PacketPool& pool) {
  if (lost_) return Status::kTooLong;
  if (missing_ == 0) {
    while (prefix_size_ < kTcpPrefixSize) {
      if (bytes.empty()) return Status::kNeedMore;
      prefix_[prefix_size_++] = bytes.front();
      bytes = bytes.subspan(1);
    }
    prefix_size_ = 0;
    const Status begun = begin_frame(std::size_t{prefix_[0]} << 8 | prefix_[1], pool);
    if (begun != Status::kFrame) return begun;
  }
  const std::size_t count = std::min(missing_, bytes.size());
  if (packet_) {
    std::memcpy(packet_->data + packet_->size, bytes.data(), count);
    packet_->size = static_cast<std::uint16_t>(packet_->size + count);
  }
  bytes = bytes.subspan(count);
  missing_ -= count;
  if (missing_ != 0) return Status::kNeedMore;
  // One without a buffer was told of when it began, and ends in silence.
  return packet_ ? Status::kFrame : next(bytes, pool);
}

TcpDeframer::Status TcpDeframer::begin_frame(std::size_t length, PacketPool& pool) {
  if (length == 0) return Status::kEmpty;
  if (length > Packet::kCapacity) {
    lost_ = true;
    return Status::kTooLong;
  }
  missing_ = length;
  packet_ = pool.allocate();
  return packet_ ? Status::kFrame : Status::kNoBuffer;
}

}  // namespace sluice::worker
