#include "packetize/packet_window.h"

#include <bit>
#include <utility>

#include "base/check.h"

namespace sluice::packetize {

void PacketWindow::reserve(std::int64_t first, std::size_t span) {
  if (span <= slots_.size()) return;
  std::vector<Slot> larger(std::bit_ceil(span));
  const auto held = static_cast<std::int64_t>(slots_.size());
  for (std::int64_t number = first; number < first + held; ++number) {
    Slot& slot = slots_[index(number)];
    if (slot.present) larger[static_cast<std::size_t>(number) & (larger.size() - 1)] = std::move(slot);
  }
  slots_ = std::move(larger);
}

PacketWindow::Slot& PacketWindow::insert(std::int64_t number, Bytes payload) {
  Slot& slot = slots_[index(number)];
  SLUICE_CHECK(!slot.present);
  if (!spare_.empty()) {
    slot.payload = std::move(spare_.back());
    spare_.pop_back();
  }
  slot.payload.assign(payload.begin(), payload.end());
  slot.present = true;
  bytes_ += payload.size();
  return slot;
}

void PacketWindow::release(std::int64_t number) {
  release(slots_[index(number)]);
}

void PacketWindow::release(Slot& slot) {
  if (!slot.present) return;
  bytes_ -= slot.payload.size();
  if (spare_.size() < kMaxSpare) spare_.push_back(std::move(slot.payload));
  slot = {};
}

void PacketWindow::clear() {
  for (Slot& slot : slots_) release(slot);
}

}  // namespace sluice::packetize
