#include "load/impairment.h"

#include <algorithm>
#include <cstring>

namespace sluice::load {

Impairment::Impairment(const Options& options)
    : options_(options),
      active_(options.loss > 0 || options.delay > Duration::zero() || options.jitter > Duration::zero()),
      random_(options.seed) {}

void Impairment::take(Direction direction, Bytes bytes, const Path& path, Instant now) {
  if (options_.loss > 0 && random_.chance(options_.loss)) {
    ++dropped_;
    return;
  }
  PacketRef packet = bytes.size() <= Packet::kCapacity ? pool_.allocate() : PacketRef();
  if (!packet) {
    ++overflowed_;
    return;
  }
  const auto spread = static_cast<std::uint32_t>(options_.jitter.count());
  Instant at = now + options_.delay + Duration(spread > 0 ? random_.below(spread) : 0);
  auto& newest = newest_[static_cast<std::size_t>(direction)];
  if (path.socket >= newest.size()) newest.resize(path.socket + 1U);
  at = newest[path.socket] = std::max(at, newest[path.socket]);
  std::memcpy(packet->data, bytes.data(), bytes.size());
  packet->size = static_cast<std::uint16_t>(bytes.size());
  packet->arrival = at;
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(held_.size());
    held_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  held_[slot] = {std::move(packet), path, direction};
  waiting_.push({at, order_++, slot});
}

std::optional<Impairment::Due> Impairment::pop_due(Instant now) {
  if (waiting_.empty() || waiting_.top().at > now) return std::nullopt;
  const std::uint32_t slot = waiting_.top().slot;
  waiting_.pop();
  free_.push_back(slot);
  return std::move(held_[slot]);
}

}  // namespace sluice::load
