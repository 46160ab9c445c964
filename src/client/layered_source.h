// A camera and encoder with layers: VP8 with temporal layers (one encoding of a simulcast), VP9 or AV1 with
// spatial and temporal ones. Payload descriptors and dependency descriptors are real, coded bytes are not:
// nothing decodes them, FrameInfo tells what a decoder would have needed. Owned by MediaSender.
//
// Encodings of one track are one source each: they capture at the same instants, and everything that a
// receiver must not rely on (RTP timestamp, picture ids, frame numbers) starts somewhere else in each.
//
// VP8's pattern repeats after eight pictures, and only the first four of them are layer syncs (RFC 7741 §4.2,
// Y): who wants a higher temporal layer must wait for one.
#pragma once

#include <array>
#include <optional>

#include "base/random.h"
#include "client/layered_codec.h"
#include "client/media_unit.h"
#include "packetize/dependency_writer.h"
#include "sluice/time.h"

namespace sluice::client {

class LayeredSource {
 public:
  struct Options {
    LayeredCodec codec = LayeredCodec::kVp8;
    Scalability scalability{.spatial = 1, .temporal = 3};
    std::uint32_t bitrate = 300'000;  ///< bps, of all layers.
    std::uint32_t frame_rate = 30;
    std::uint16_t max_payload = 1100;   ///< Bytes.
    std::uint8_t key_frame_factor = 4;  ///< A key frame's size in usual frames.
    Duration min_key_interval = 100ms;
    std::uint16_t width = 640;  ///< Of the highest spatial layer.
    std::uint16_t height = 360;
    std::uint8_t encoding = 0;  ///< In every marker.
    /// The media clock runs fast by so much against the clock of sender reports: a drifting capture card.
    double drift_ppm = 0;
  };

  LayeredSource(const Options& options, std::uint32_t stream, Random& random);

  void start(Instant now);
  void stop() { next_frame_ = kNever; }
  void request_key_frame() { key_wanted_ = true; }
  [[nodiscard]] Instant next_deadline() const { return next_frame_; }
  /// The next packet of what is due; call until it gives nothing.
  std::optional<MediaUnit> next(Instant now);

  [[nodiscard]] std::uint64_t frames() const { return pictures_; }
  [[nodiscard]] std::uint64_t key_frames() const { return key_pictures_; }
  [[nodiscard]] std::uint32_t packets() const { return counter_; }
  /// The media clock at `at`, for sender reports (RFC 3550 §6.4.1).
  [[nodiscard]] RtpTimestamp timestamp_at(Instant at) const;

 private:
  static constexpr std::uint32_t kPattern = 8;  ///< Pictures; every period divides it.

  [[nodiscard]] std::uint32_t media_time(Instant at) const;
  [[nodiscard]] Duration interval() const { return Duration(1'000'000 / options_.frame_rate); }
  void begin_picture(Instant now);
  void begin_frame();
  void refer();
  [[nodiscard]] std::uint32_t frame_size();
  void write_head(MediaUnit& unit, bool last);
  void write_vp8(std::vector<std::uint8_t>& out) const;
  void write_vp9(std::vector<std::uint8_t>& out, bool last) const;
  void write_av1(MediaUnit& unit, bool last) const;

  Options options_;
  std::uint32_t stream_;
  Random& random_;
  Instant next_frame_ = kNever;
  Instant last_key_{};
  bool key_wanted_ = true;
  std::uint32_t counter_ = 0;
  std::uint64_t pictures_ = 0;
  std::uint64_t key_pictures_ = 0;
  RtpTimestamp first_timestamp_;  ///< At media time zero.
  packetize::DependencyWriter dependencies_;
  // The picture that is being sent:
  Instant captured_{};
  bool key_ = false;
  std::uint32_t position_ = 0;  ///< In the pattern.
  std::uint16_t picture_id_;
  std::uint8_t tl0_pic_idx_;
  std::uint8_t key_index_ = 0;
  // ...and its frame:
  FrameInfo frame_;
  std::uint32_t next_number_ = 0;
  std::uint32_t left_ = 0;  ///< Bytes of it to send.
  bool in_picture_ = false;
  /// The newest frame of each layer.
  struct Newest {
    bool known = false;
    std::uint32_t number = 0;
  };
  std::array<std::array<Newest, 3>, 3> newest_{};
};

}  // namespace sluice::client
