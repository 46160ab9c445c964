#include "sfu/level_meter.h"

#include <algorithm>

namespace sluice::sfu {

void LevelMeter::on_level(rtp::AudioLevel level, Instant now) {
  sum_ += level.level;
  ++count_;
  tells_voice_ = tells_voice_ || level.voice;
  const int loudness = tells_voice_ && !level.voice ? 0 : 127 - level.level;
  follow_noise(loudness);
  constexpr int kStep = 5;  // dB
  const int steps = std::clamp((loudness - noise_) / kStep, 0, kMaxSteps);

  const std::int64_t slot = slot_of(now);
  const bool first_of_slot = slot > heard_;
  fill(slot);
  if (slot < current_) return;
  last_steps_ = static_cast<std::uint8_t>(first_of_slot ? steps : std::max<int>(steps, last_steps_));
  heard_ = slot;
  slots_[static_cast<std::size_t>(slot) % kSlots] = last_steps_;
}

/// Down at once, up by 1 dB in 50 packets (a second): pauses between words are where noise is heard alone.
void LevelMeter::follow_noise(int loudness) {
  constexpr std::uint8_t kRise = 50;
  if (loudness <= noise_) {
    noise_ = loudness;
    since_rise_ = 0;
  } else if (++since_rise_ == kRise) {
    ++noise_;
    since_rise_ = 0;
  }
  noise_ = std::clamp(noise_, kLeastNoise, kMostNoise);
}

void LevelMeter::fill(std::int64_t slot) {
  if (slot - current_ > static_cast<std::int64_t>(kSlots))
    current_ = slot - static_cast<std::int64_t>(kSlots);
  while (current_ < slot) {
    ++current_;
    const bool held = heard_ >= 0 && current_ - heard_ <= kHold;
    slots_[static_cast<std::size_t>(current_) % kSlots] = held ? last_steps_ : std::uint8_t{0};
  }
}

std::optional<std::int8_t> LevelMeter::take_volume(std::uint32_t least) {
  std::optional<std::int8_t> volume;
  if (count_ != 0 && count_ >= least)
    volume = static_cast<std::int8_t>(-static_cast<int>((sum_ + count_ / 2) / count_));
  sum_ = count_ = 0;
  return volume;
}

}  // namespace sluice::sfu
