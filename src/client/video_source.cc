#include "client/video_source.h"

#include <algorithm>

namespace sluice::client {
namespace {

constexpr std::int64_t kClockRate = 90'000;
/// A packet holds at least its headers and the marker.
constexpr std::uint32_t kMinPayload =
    static_cast<std::uint32_t>(video_header_size(true, true) + Marker::kSize);

}  // namespace

VideoSource::VideoSource(Options options, std::uint32_t stream, Random& random)
    : options_(options),
      stream_(stream),
      random_(random),
      picture_id_(static_cast<std::uint16_t>(random.below(0x8000))),
      first_timestamp_{random.u32()} {}

void VideoSource::start(Instant now) {
  if (next_frame_ != kNever) return;
  if (frames_ == 0) started_ = now;
  next_frame_ = now;
  key_wanted_ = true;
}

void VideoSource::begin_frame(Instant now) {
  key_ = key_wanted_ && (frames_ == 0 || now - last_key_ >= options_.min_key_interval);
  if (key_) {
    key_wanted_ = false;
    last_key_ = now;
    ++key_frames_;
  }
  ++frames_;
  const std::uint32_t usual = options_.bitrate / 8 / options_.frame_rate;
  const std::uint32_t spread = usual / 2;
  left_ = usual - spread / 2 + (spread > 0 ? random_.below(spread) : 0);
  if (key_) left_ *= options_.key_frame_factor;
  left_ = std::max(left_, kMinPayload);
  at_start_ = true;
  picture_id_ = static_cast<std::uint16_t>((picture_id_ + 1) & 0x7FFF);
  timestamp_ = timestamp_at(now);
  next_frame_ += Duration(1'000'000 / options_.frame_rate);
  if (next_frame_ <= now)
    next_frame_ = now + Duration(1'000'000 / options_.frame_rate);  // late: no burst to catch up
}

std::optional<MediaUnit> VideoSource::next(Instant now) {
  if (left_ == 0) {
    if (now < next_frame_) return std::nullopt;
    begin_frame(now);
  }
  MediaUnit unit;
  unit.kind = at_start_ ? MediaUnit::Kind::kVideoStart : MediaUnit::Kind::kVideoRest;
  unit.key_frame = key_;
  unit.picture_id = picture_id_;
  unit.timestamp = timestamp_;
  // Equal parts, as encoders' packetizers make them, so that the last one is not a crumb.
  const std::uint32_t parts = (left_ + options_.max_payload - 1) / options_.max_payload;
  const std::uint32_t size = std::max((left_ + parts - 1) / parts, kMinPayload);
  unit.size = static_cast<std::uint16_t>(size);
  left_ -= std::min(left_, size);
  at_start_ = false;
  unit.marker_bit = left_ == 0;
  unit.marker = {stream_, counter_++, now};
  return unit;
}

RtpTimestamp VideoSource::timestamp_at(Instant at) const {
  const std::int64_t ticks = (at - started_).count() * kClockRate / 1'000'000;
  return {static_cast<std::uint32_t>(first_timestamp_.value + static_cast<std::uint64_t>(ticks))};
}

}  // namespace sluice::client
