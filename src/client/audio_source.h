// A microphone and Opus encoder: one packet every 20 ms, with turns of speech and silence; or the packets of
// a file, with their durations. Owned by MediaSender.
#pragma once

#include <optional>

#include "base/random.h"
#include "client/clip.h"
#include "client/media_unit.h"
#include "rtp/header_extensions.h"
#include "sluice/time.h"

namespace sluice::client {

class AudioSource {
 public:
  struct Options {
    const AudioClip* clip = nullptr;  ///< From a file; outlives the source. Null: a humming voice.
    double drift_ppm = 0;  ///< The media clock runs fast by so much against the clock of sender reports.
  };

  AudioSource(const Options& options, std::uint32_t stream, Random& random);

  void start(Instant now);
  void stop() { next_ = kNever; }
  /// Another time between packets than they last: for measurements of what many senders together would cost.
  /// Packets that are due for less than `catch_up` are still made.
  void set_interval(Duration interval, Duration catch_up) {
    interval_ = interval;
    catch_up_ = catch_up;
  }
  [[nodiscard]] Instant next_deadline() const { return next_; }
  /// The packet that is due; call until it gives nothing.
  std::optional<MediaUnit> next(Instant now);
  /// Of the packet last given (RFC 6464).
  [[nodiscard]] rtp::AudioLevel level() const { return level_; }
  [[nodiscard]] std::uint32_t packets() const { return counter_; }
  /// The media clock at `at`, for sender reports (RFC 3550 §6.4.1).
  [[nodiscard]] RtpTimestamp timestamp_at(Instant at) const;

 private:
  [[nodiscard]] const AudioClip& clip() const { return options_.clip != nullptr ? *options_.clip : humming_; }

  Options options_;
  std::uint32_t stream_;
  Random& random_;
  Duration interval_{};  ///< Zero: as long as the packet lasts.
  Duration catch_up_{};
  AudioClip humming_;  ///< Empty with a clip from a file.
  Instant next_ = kNever;
  std::uint32_t counter_ = 0;
  Instant started_{};
  RtpTimestamp first_timestamp_;
  rtp::AudioLevel level_;
  std::size_t position_ = 0;     ///< In the voice.
  std::uint32_t turn_left_ = 0;  ///< Packets until speech and silence change places.
};

}  // namespace sluice::client
