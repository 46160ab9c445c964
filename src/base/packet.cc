#include "sluice/packet.h"

namespace sluice {

bool PacketPool::grow() {
  if (capacity() + kSlab > limit_) return false;
  // Default-initialised on purpose: the data bytes are written before they are read.
  slabs_.push_back(std::unique_ptr<Packet[]>(new Packet[kSlab]));
  for (std::size_t i = kSlab; i-- > 0;) {
    Packet& packet = slabs_.back()[i];
    packet.pool = this;
    packet.next_free = free_;
    free_ = &packet;
  }
  return true;
}

}  // namespace sluice
