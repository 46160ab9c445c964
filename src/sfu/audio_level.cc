#include "sfu/audio_level.h"

#include <algorithm>
#include <utility>

#include "sfu/observer_tick.h"

namespace sluice::sfu {

LevelMeter& AudioLevel::add(const std::string& producer, Instant now) {
  if (next_ == kNever) next_ = next_tick(now + options_.interval);
  return meters_[producer];
}

LevelMeter* AudioLevel::find(std::string_view producer) {
  const auto it = meters_.find(producer);
  return it == meters_.end() ? nullptr : &it->second;
}

void AudioLevel::remove(std::string_view producer) {
  if (const auto it = meters_.find(producer); it != meters_.end()) meters_.erase(it);
  if (meters_.empty() && silent_) next_ = kNever;
}

std::optional<AudioLevel::Volumes> AudioLevel::advance(Instant now) {
  if (now < next_) return std::nullopt;
  // One packet in 200 ms: fewer are those of discontinuous transmission.
  const auto least = static_cast<std::uint32_t>(std::max<std::int64_t>(1, options_.interval / 200ms));
  Volumes volumes;
  for (auto& [id, meter] : meters_) {
    const auto volume = meter.take_volume(least);
    if (volume && *volume >= options_.threshold) volumes.push_back({id, *volume});
  }
  next_ = meters_.empty() ? kNever : next_tick(now + options_.interval);
  if (volumes.empty()) {
    if (std::exchange(silent_, true)) return std::nullopt;
    return volumes;
  }
  silent_ = false;
  std::stable_sort(volumes.begin(), volumes.end(),
                   [](const auto& a, const auto& b) { return a.volume > b.volume; });
  if (volumes.size() > options_.max_entries) volumes.resize(options_.max_entries);
  return volumes;
}

}  // namespace sluice::sfu
