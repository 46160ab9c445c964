#include "sfu/router.h"

#include <algorithm>

#include "sfu/consumer.h"
#include "sfu/producer.h"

namespace sluice::sfu {
namespace {
constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);
}  // namespace

void Router::add(Producer& producer, MediaPacket packet, Instant now) {
  if (producer.active.empty()) return;
  // Those who have been served would miss this packet.
  if (producer.burst != Producer::kNoBurst && bursts_[producer.burst].consumers_done != 0)
    serve(bursts_[producer.burst], kNoLimit, now);
  if (producer.burst == Producer::kNoBurst) {
    if (used_ == bursts_.size()) bursts_.emplace_back();
    producer.burst = used_++;
    bursts_[producer.burst].producer = &producer;
  }
  bursts_[producer.burst].packets.push_back(std::move(packet));
}

void Router::run(std::size_t limit, Instant now) {
  while (next_ < used_) {
    if (!serve(bursts_[next_], limit, now)) return;
    ++next_;
  }
  used_ = next_ = 0;
}

/// False when the limit was reached before the end.
bool Router::serve(Burst& burst, std::size_t limit, Instant now) {
  if (burst.producer == nullptr) return true;
  const auto& active = burst.producer->active;
  const std::size_t count = active.size();
  for (std::size_t& i = burst.consumers_done; i < count;) {
    if (batch_.pending() >= limit) return false;
    // Hundreds of viewers do not fit the cache: fetched ahead, they cost no waiting.
    if (i + 3 < count) active[i + 3]->prefetch();
    if (i + 2 < count) active[i + 2]->prefetch_sender();
    if (i + 1 < count) active[i + 1]->prefetch_keys();
    active[i++]->forward(burst.packets, now);
  }
  end(burst);
  return true;
}

void Router::end(Burst& burst) {
  burst.producer->burst = Producer::kNoBurst;
  burst.producer = nullptr;
  burst.packets.clear();
  burst.consumers_done = 0;
}

void Router::remove(Producer& producer, const Consumer& consumer) {
  const auto it = std::find(producer.active.begin(), producer.active.end(), &consumer);
  if (it == producer.active.end()) return;
  if (producer.burst != Producer::kNoBurst) {
    Burst& burst = bursts_[producer.burst];
    if (static_cast<std::size_t>(it - producer.active.begin()) < burst.consumers_done) --burst.consumers_done;
  }
  producer.active.erase(it);
}

void Router::forget(Producer& producer) {
  if (producer.burst != Producer::kNoBurst) end(bursts_[producer.burst]);
}

}  // namespace sluice::sfu
