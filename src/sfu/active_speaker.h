// Who has the floor: dominant speaker identification after I. Volfin and I. Cohen, "Dominant Speaker
// Identification for Multipoint Videoconferencing" (Computer Speech and Language 27, 2013).
//
// As there, speech is judged at three time scales at once, and somebody takes the floor only who beats its
// holder at each of them:
//
//   immediate  the last 200 ms: how far above noise            says: speaking now
//   medium     blocks of 100 ms with speech, of the last 5     says: words, not a click
//   long       blocks of 100 ms with speech, of the last 15    says: a turn, not a cough or a "yes"
//
// Their scores are log-likelihood ratios that grow with these counts, the numbers of trials being constant;
// so the counts themselves are compared. Three rules are added, so that the picture of a page is calm: who
// has spoken in two of the last five blocks keeps the floor (of two who talk at once, the first); nobody
// takes it within 1.5 s of the last change, nor without half a second of speech. Who is silent keeps the
// floor until another takes it.
//
// Owned by the engine's observer; its meters are fed by producers. No clock.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sfu/level_meter.h"

namespace sluice::sfu {

class ActiveSpeaker {
 public:
  explicit ActiveSpeaker(Duration interval) : interval_(interval) {}

  /// The meter for the producer to feed; it stays where it is until remove().
  LevelMeter& add(const std::string& producer, Instant now);
  /// Null when it is not there.
  [[nodiscard]] LevelMeter* find(std::string_view producer);
  void remove(std::string_view producer);

  /// Judges, when it is time. The producer that has the floor from now on, when that is another.
  std::optional<std::string> advance(Instant now);
  /// Never, while there is nobody to listen to.
  [[nodiscard]] Instant next_deadline() const { return next_; }

 private:
  struct Scores {
    int immediate = 0;
    int medium = 0;
    int long_term = 0;
  };
  static Scores score(const LevelMeter& meter);

  Duration interval_;
  std::map<std::string, LevelMeter, std::less<>> meters_;
  std::string dominant_;  ///< Empty: nobody yet, or it was removed.
  Instant changed_{};
  Instant next_ = kNever;
};

}  // namespace sluice::sfu
