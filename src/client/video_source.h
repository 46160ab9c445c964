// A camera and encoder that are not there: frames of realistic sizes at a bitrate and a rate, as VP8 packets
// in bursts; a key frame first and whenever one is asked for. Owned by MediaSender.
#pragma once

#include <optional>

#include "base/random.h"
#include "client/media_unit.h"
#include "sluice/time.h"

namespace sluice::client {

class VideoSource {
 public:
  struct Options {
    std::uint32_t bitrate = 600'000;    ///< bps, of the payloads.
    std::uint32_t frame_rate = 30;      ///< Frames a second.
    std::uint16_t max_payload = 1100;   ///< Bytes.
    std::uint8_t key_frame_factor = 5;  ///< A key frame's size in usual frames.
    Duration min_key_interval =
        100ms;  ///< Requests that come sooner wait, as an encoder's rate control has it.
  };

  VideoSource(Options options, std::uint32_t stream, Random& random);

  void start(Instant now);
  void stop() { next_frame_ = kNever; }
  void request_key_frame() { key_wanted_ = true; }
  /// When the next frame is to be made.
  [[nodiscard]] Instant next_deadline() const { return next_frame_; }
  /// The next packet of what is due; call until it gives nothing.
  std::optional<MediaUnit> next(Instant now);

  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] std::uint64_t key_frames() const { return key_frames_; }
  [[nodiscard]] std::uint32_t packets() const { return counter_; }
  /// The media clock at `at`, for sender reports (RFC 3550 §6.4.1).
  [[nodiscard]] RtpTimestamp timestamp_at(Instant at) const;

 private:
  void begin_frame(Instant now);

  Options options_;
  std::uint32_t stream_;
  Random& random_;
  Instant next_frame_ = kNever;
  Instant started_{};
  Instant last_key_{};
  bool key_wanted_ = true;
  std::uint32_t counter_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t key_frames_ = 0;
  // The frame that is being sent:
  std::uint32_t left_ = 0;  ///< Payload bytes still to be sent.
  bool at_start_ = false;
  bool key_ = false;
  std::uint16_t picture_id_;
  RtpTimestamp first_timestamp_;
  RtpTimestamp timestamp_;
};

}  // namespace sluice::client
