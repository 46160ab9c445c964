#include "transport/send_batch.h"

namespace sluice::transport {

void SendBatch::start_anew() {
  if (taken_) clear();
}

std::uint8_t* SendBatch::slot() {
  start_anew();
  const std::size_t index = queued_.size();
  if (index / kSlotsPerChunk >= chunks_.size())
    chunks_.push_back(std::make_unique<std::uint8_t[]>(kSlotsPerChunk * kSlotSize));
  return chunks_[index / kSlotsPerChunk].get() + (index % kSlotsPerChunk) * kSlotSize;
}

void SendBatch::queue(Destination& destination, const Path& path, std::size_t size, PacketRef payload) {
  const Bytes bytes(slot(), size);
  const auto index = static_cast<std::uint32_t>(queued_.size());
  queued_.push_back({path, bytes});
  next_.push_back(kEnd);
  if (destination.round_ == round_) {
    next_[destination.last_] = index;
    in_order_ = in_order_ && destination.last_ + 1 == index;
  } else {
    destination.round_ = round_;
    firsts_.push_back(index);
  }
  destination.last_ = index;
  if (payload) payloads_.push_back(std::move(payload));
}

bool SendBatch::queue_copy(Destination& destination, const Path& path, Bytes bytes) {
  if (bytes.size() > kSlotSize) return false;
  std::memcpy(slot(), bytes.data(), bytes.size());
  queue(destination, path, bytes.size());
  return true;
}

void SendBatch::finish() {
  protector_.flush();
  payloads_.clear();
}

std::span<const OutgoingDatagram> SendBatch::take() {
  start_anew();  // nothing new since the last time: an empty span
  taken_ = true;
  if (in_order_) return queued_;
  for (const std::uint32_t first : firsts_) {
    for (std::uint32_t i = first; i != kEnd; i = next_[i]) ordered_.push_back(queued_[i]);
  }
  return ordered_;
}

void SendBatch::clear() {
  queued_.clear();
  next_.clear();
  in_order_ = true;
  firsts_.clear();
  ordered_.clear();
  ++round_;
  taken_ = false;
}

}  // namespace sluice::transport
