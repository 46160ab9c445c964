#include "sfu/history.h"

#include <algorithm>
#include <bit>

namespace sluice::sfu {

History::History(std::size_t capacity, Duration max_age)
    : mask_(std::bit_ceil(std::clamp<std::size_t>(capacity, 1, 32768)) - 1), max_age_(max_age) {}

void History::insert(const StoredPacket& packet, Instant now) {
  const std::int64_t number = unwrapper_.unwrap(packet.view.sequence_number());
  const auto capacity = static_cast<std::int64_t>(mask_ + 1);
  if (ring_.empty()) ring_.resize(mask_ + 1);
  if (end_ == 0) oldest_ = end_ = number;
  if (number < end_ - capacity) return let_go(number);

  if (number >= end_) {
    drop_before(number + 1 - capacity);
    end_ = number + 1;
  }
  std::optional<Entry>& place = slot(number);
  if (place) return;
  place.emplace(Entry{packet, now});
  ++size_;
  oldest_ = size_ == 1 ? number : std::min(oldest_, number);
  last_insert_ = now;
  advance(now);
}

const History::Entry* History::lookup(SequenceNumber number, Instant now) const {
  const std::int64_t wide = unwrapper_.peek(number);
  if (wide < oldest_ || wide >= end_) return nullptr;
  const std::optional<Entry>& place = ring_[static_cast<std::size_t>(wide) & mask_];
  return place && now - place->at <= max_age_ ? &*place : nullptr;
}

void History::advance(Instant now) {
  while (oldest_ < end_) {
    const std::optional<Entry>& place = slot(oldest_);
    if (place && now - place->at < max_age_) return;
    drop_before(oldest_ + 1);
  }
}

void History::drop_before(std::int64_t number) {
  for (const std::int64_t stop = std::min(number, end_); oldest_ < stop; ++oldest_) {
    std::optional<Entry>& place = slot(oldest_);
    if (!place) continue;
    --size_;
    place.reset();
    let_go(oldest_);
  }
}

void History::clear() {
  drop_before(end_);
}

}  // namespace sluice::sfu
