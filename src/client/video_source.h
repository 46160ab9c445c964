// A camera and encoder: VP8 frames of realistic sizes at a bitrate and a rate, as packets in bursts; a key
// frame first and whenever one is asked for. What it sends is a still (vp8_picture.h) or a clip from a file,
// whose frames keep their sizes. Owned by MediaSender.
#pragma once

#include <optional>

#include "base/random.h"
#include "client/clip.h"
#include "client/media_unit.h"
#include "sluice/time.h"

namespace sluice::client {

class VideoSource {
 public:
  /// How a frame is cut into packets. `kEqual` as libwebrtc does it: about equal, sizes one byte apart at
  /// most, the small ones first. `kFull` as other senders do: all full but the last.
  enum class Split : std::uint8_t { kEqual, kFull };
  struct Options {
    std::uint32_t bitrate = 600'000;    ///< bps, of the payloads. Not of a clip from a file.
    std::uint32_t frame_rate = 30;      ///< Frames a second. Not of a clip from a file.
    std::uint16_t max_payload = 1100;   ///< Bytes.
    std::uint8_t key_frame_factor = 5;  ///< A key frame's size in usual frames.
    Duration min_key_interval =
        100ms;  ///< Requests that come sooner wait, as an encoder's rate control has it.
    Split split = Split::kEqual;
    /// Frames that are due for less than this are still made, at once; others are left out.
    Duration catch_up{};
    std::uint16_t width = 640;
    std::uint16_t height = 360;
    const VideoClip* clip = nullptr;  ///< From a file; outlives the source. Null: a still of width x height.
    std::uint8_t layer = 0;           ///< In every marker.
  };

  VideoSource(const Options& options, std::uint32_t stream, Random& random);

  void start(Instant now);
  void stop() { next_frame_ = kNever; }
  void request_key_frame() { key_wanted_ = true; }
  /// From the next frame on; a source that runs goes on at once.
  void set_options(const Options& options, Instant now);
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
  [[nodiscard]] const VideoClip& clip() const { return options_.clip != nullptr ? *options_.clip : still_; }
  [[nodiscard]] bool is_still() const { return clip().frame_interval == Duration::zero(); }
  void begin_frame(Instant now);
  void choose_frame();
  [[nodiscard]] std::uint32_t usual_size();
  [[nodiscard]] std::uint32_t next_part() const;

  Options options_;
  std::uint32_t stream_;
  Random& random_;
  VideoClip still_;  ///< Empty with a clip from a file.
  Instant next_frame_ = kNever;
  Instant started_{};
  Instant last_key_{};
  bool key_wanted_ = true;
  std::uint32_t counter_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t key_frames_ = 0;
  std::size_t position_ = 0;  ///< In a clip from a file: the frame that comes next.
  // The frame that is being sent:
  Bytes coded_;
  std::uint32_t size_ = 0;  ///< Bytes of VP8: coded data, filler and markers.
  std::uint32_t sent_ = 0;  ///< Of those.
  std::uint32_t parts_ = 0;
  bool key_ = false;
  std::uint16_t picture_id_;
  RtpTimestamp first_timestamp_;
  RtpTimestamp timestamp_;
};

}  // namespace sluice::client
