#include "sfu/active_speaker.h"

#include "sfu/observer_tick.h"

namespace sluice::sfu {
namespace {

constexpr int kSpeech = 3;             // steps above noise: 15 dB
constexpr std::size_t kBlock = 5;      // slots: 100 ms
constexpr std::size_t kImmediate = 2;  // blocks
constexpr std::size_t kMedium = 5;
constexpr std::size_t kLong = LevelMeter::kSlots / kBlock;

// By how much the holder of the floor must be beaten, and what it takes at least.
constexpr int kMediumMargin = 2;
constexpr int kMostMedium = 1;  // of the holder: nobody is interrupted
constexpr int kLongMargin = 1;
constexpr int kLeastMedium = 3;
constexpr int kLeastLong = 5;
constexpr Duration kHold = 1500ms;

}  // namespace

LevelMeter& ActiveSpeaker::add(const std::string& producer, Instant now) {
  if (meters_.empty()) next_ = next_tick(now + interval_);
  return meters_[producer];
}

LevelMeter* ActiveSpeaker::find(std::string_view producer) {
  const auto it = meters_.find(producer);
  return it == meters_.end() ? nullptr : &it->second;
}

void ActiveSpeaker::remove(std::string_view producer) {
  if (const auto it = meters_.find(producer); it != meters_.end()) meters_.erase(it);
  if (dominant_ == producer) dominant_.clear();
  if (meters_.empty()) next_ = kNever;
}

ActiveSpeaker::Scores ActiveSpeaker::score(const LevelMeter& meter) {
  Scores scores;
  for (std::size_t block = 0; block < kLong; ++block) {
    int speech = 0;
    for (std::size_t i = 0; i < kBlock; ++i) {
      const int steps = meter.steps(block * kBlock + i);
      if (steps >= kSpeech) ++speech;
      if (block < kImmediate) scores.immediate += steps;
    }
    if (2 * speech <= static_cast<int>(kBlock)) continue;
    ++scores.long_term;
    if (block < kMedium) ++scores.medium;
  }
  return scores;
}

std::optional<std::string> ActiveSpeaker::advance(Instant now) {
  if (now < next_) return std::nullopt;
  next_ = next_tick(now + interval_);
  for (auto& [id, meter] : meters_) meter.advance(now);
  const bool held = !dominant_.empty();
  if (held && now - changed_ < kHold) return std::nullopt;

  const Scores holder = held ? score(meters_.find(dominant_)->second) : Scores{};
  if (holder.medium > kMostMedium) return std::nullopt;
  const std::string* best = nullptr;
  Scores best_scores;
  for (const auto& [id, meter] : meters_) {
    if (id == dominant_) continue;
    const Scores scores = score(meter);
    if (scores.medium < kLeastMedium || scores.long_term < kLeastLong) continue;
    if (scores.immediate <= holder.immediate || scores.medium < holder.medium + kMediumMargin ||
        scores.long_term < holder.long_term + kLongMargin)
      continue;
    const bool better = scores.medium != best_scores.medium ? scores.medium > best_scores.medium
                                                            : scores.immediate > best_scores.immediate;
    if (best != nullptr && !better) continue;
    best = &id;
    best_scores = scores;
  }
  if (best == nullptr) return std::nullopt;
  dominant_ = *best;
  changed_ = now;
  return dominant_;
}

}  // namespace sluice::sfu
