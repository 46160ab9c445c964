// A microphone and Opus encoder that are not there: one packet every 20 ms, with turns of speech and silence
// in its level. Owned by MediaSender.
#pragma once

#include <optional>

#include "base/random.h"
#include "client/media_unit.h"
#include "rtp/header_extensions.h"
#include "sluice/time.h"

namespace sluice::client {

class AudioSource {
 public:
  static constexpr Duration kInterval = 20ms;

  AudioSource(std::uint32_t stream, Random& random);

  void start(Instant now);
  void stop() { next_ = kNever; }
  [[nodiscard]] Instant next_deadline() const { return next_; }
  /// The packet that is due; call until it gives nothing.
  std::optional<MediaUnit> next(Instant now);
  /// Of the packet last given (RFC 6464).
  [[nodiscard]] rtp::AudioLevel level() const { return level_; }
  [[nodiscard]] std::uint32_t packets() const { return counter_; }
  /// The media clock at `at`, for sender reports (RFC 3550 §6.4.1).
  [[nodiscard]] RtpTimestamp timestamp_at(Instant at) const;

 private:
  std::uint32_t stream_;
  Random& random_;
  Instant next_ = kNever;
  std::uint32_t counter_ = 0;
  Instant started_{};
  RtpTimestamp first_timestamp_;
  rtp::AudioLevel level_;
  std::uint32_t turn_left_ = 0;  ///< Packets until speech and silence change places.
};

}  // namespace sluice::client
