#include "transport/send_batch.h"

namespace sluice::transport {

void SendBatch::start_anew() {
  if (std::exchange(taken_, false)) clear();
}

std::uint8_t* SendBatch::slot() {
  start_anew();
  const std::size_t index = datagrams_.size();
  if (index / kSlotsPerChunk >= chunks_.size())
    chunks_.push_back(std::make_unique<std::uint8_t[]>(kSlotsPerChunk * kSlotSize));
  return chunks_[index / kSlotsPerChunk].get() + (index % kSlotsPerChunk) * kSlotSize;
}

void SendBatch::queue(const Path& path, std::size_t size, PacketRef payload) {
  datagrams_.push_back({path, {slot(), size}});
  if (payload) payloads_.push_back(std::move(payload));
}

bool SendBatch::queue_copy(const Path& path, Bytes bytes) {
  if (bytes.size() > kSlotSize) return false;
  std::memcpy(slot(), bytes.data(), bytes.size());
  queue(path, bytes.size());
  return true;
}

void SendBatch::finish() {
  protector_.flush();
  payloads_.clear();
}

std::span<const OutgoingDatagram> SendBatch::take() {
  start_anew();  // nothing new since the last time: an empty span
  taken_ = true;
  return datagrams_;
}

void SendBatch::clear() {
  datagrams_.clear();
}

}  // namespace sluice::transport
