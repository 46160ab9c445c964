// How long a viewer of video is asked to wait before it shows a frame, so that repairs come in time.
//
// A browser waits as long as frames are late by themselves; a repair is not counted, and the next frame that
// can be decoded is shown in place of one that no other needs and that is still incomplete. While packets are
// lost on the viewer's leg (its reports tell) or on the publisher's (ours do: what we had repaired the viewer
// takes for late), the playout-delay extension asks for the time of a repair: the next frame shows the gap,
// the request and the answer take a round trip of that leg. Owned by Consumer, of video with NACK.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "rtp/header_extensions.h"
#include "sluice/time.h"

namespace sluice::sfu {

class PlayoutHold {
 public:
  /// What is known of a leg.
  struct Leg {
    std::uint8_t fraction_lost = 0;  ///< Of 256, before repairs.
    std::optional<Duration> round_trip;
  };

  /// With each receiver report of the viewer, about one a second. True when the value has changed.
  bool on_report(const Leg& viewer, const Leg& publisher) {
    if (viewer.fraction_lost < kLossy && publisher.fraction_lost < kLossy) {
      if (least_ == Duration::zero() || ++clean_reports_ < kCleanReports) return false;
      least_ = Duration::zero();
      return true;
    }
    clean_reports_ = 0;
    // Seldom is one packet lost on both legs.
    const Duration wanted = std::max(time_of_repair(viewer), time_of_repair(publisher));
    // A viewer stretches and squeezes time to follow: not for every report.
    if (wanted == Duration::zero() || (wanted <= least_ && wanted >= least_ * 3 / 4)) return false;
    least_ = wanted;
    used_ = true;
    return true;
  }
  /// Of what the publisher asks for, if it does; nothing while there is nothing to ask for.
  [[nodiscard]] std::optional<rtp::PlayoutDelay> over(std::optional<rtp::PlayoutDelay> publisher) const {
    if (!used_) return publisher;
    // What was asked for holds until something else is: "as you like" has to be said, too.
    rtp::PlayoutDelay out = publisher.value_or(rtp::PlayoutDelay{0ms, kAnything});
    out.min = std::max(out.min, least_);
    out.max = std::max(out.min, out.max);
    return out;
  }
  [[nodiscard]] bool is_used() const { return used_; }

 private:
  static constexpr std::uint8_t kLossy = 3;  ///< Of 256.
  static constexpr std::uint8_t kCleanReports = 30;
  static constexpr Duration kDetection = 65ms;  ///< A frame of 30 fps, and the viewer's own timers.
  static constexpr Duration kMost = 250ms;      ///< More is worse than a frame left out now and then.
  static constexpr Duration kAnything = 10s;

  static Duration time_of_repair(const Leg& leg) {
    if (leg.fraction_lost < kLossy || !leg.round_trip) return Duration::zero();
    return round_up(std::min<Duration>(*leg.round_trip * 5 / 4 + kDetection, kMost));
  }
  static Duration round_up(Duration delay) { return (delay + 9999us) / 10ms * 10ms; }

  Duration least_{};
  std::uint8_t clean_reports_ = 0;
  bool used_ = false;
};

}  // namespace sluice::sfu
