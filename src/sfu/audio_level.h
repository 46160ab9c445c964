// The loudest producers of each interval, for meters in a page.
//
// A producer counts with the mean of what its packets told in the interval (dBov, as RFC 6464 has them), when
// that is above the threshold and enough packets told it. When none counts any more, that is silence, told
// once. Owned by the engine's observer; its meters are fed by producers. No clock.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sfu/level_meter.h"
#include "sluice/event.h"

namespace sluice::sfu {

class AudioLevel {
 public:
  struct Options {
    std::size_t max_entries = 1;
    int threshold = -80;  ///< dBov
    Duration interval = 1s;
  };
  using Volumes = std::vector<AudioLevels::Volume>;

  explicit AudioLevel(Options options) : options_(options) {}

  /// The meter for the producer to feed; it stays where it is until remove().
  LevelMeter& add(const std::string& producer, Instant now);
  /// Null when it is not there.
  [[nodiscard]] LevelMeter* find(std::string_view producer);
  void remove(std::string_view producer);

  /// When it is time and there is something to tell: the loudest, loudest first; empty for silence.
  std::optional<Volumes> advance(Instant now);
  /// Never, while there is nobody to listen to and no silence to tell.
  [[nodiscard]] Instant next_deadline() const { return next_; }

 private:
  Options options_;
  std::map<std::string, LevelMeter, std::less<>> meters_;
  bool silent_ = true;  ///< As it was told.
  Instant next_ = kNever;
};

}  // namespace sluice::sfu
