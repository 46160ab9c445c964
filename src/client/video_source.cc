#include "client/video_source.h"

#include <algorithm>

#include "client/vp8_picture.h"

namespace sluice::client {
namespace {

constexpr std::int64_t kClockRate = 90'000;

}  // namespace

VideoSource::VideoSource(const Options& options, std::uint32_t stream, Random& random)
    : options_(options),
      stream_(stream),
      random_(random),
      picture_id_(static_cast<std::uint16_t>(random.below(0x8000))),
      first_timestamp_{random.u32()} {
  if (options_.clip == nullptr) still_ = make_still(options_.width, options_.height);
}

void VideoSource::start(Instant now) {
  if (next_frame_ != kNever) return;
  if (frames_ == 0) started_ = now;
  next_frame_ = now;
  key_wanted_ = true;
}

void VideoSource::set_options(const Options& options, Instant now) {
  options_ = options;
  if (next_frame_ != kNever) next_frame_ = now;
}

/// A request that a file cannot fulfil at once is answered by the key frame that comes next in it.
void VideoSource::choose_frame() {
  const auto& frames = clip().frames;
  if (is_still()) {
    coded_ = frames[key_ ? 0 : 1].data;
    return;
  }
  if (key_ && !frames[position_].key) {
    std::size_t at = position_;
    while (at < frames.size() && !frames[at].key) ++at;
    position_ = at == frames.size() ? 0 : at;
  }
  key_ = frames[position_].key;
  coded_ = frames[position_].data;
  position_ = (position_ + 1) % frames.size();
}

std::uint32_t VideoSource::usual_size() {
  const std::uint32_t usual = options_.bitrate / 8 / options_.frame_rate;
  const std::uint32_t spread = usual / 2;
  const std::uint32_t size = usual - spread / 2 + (spread > 0 ? random_.below(spread) : 0);
  return key_ ? size * options_.key_frame_factor : size;
}

void VideoSource::begin_frame(Instant now) {
  key_ = key_wanted_ && (frames_ == 0 || now - last_key_ >= options_.min_key_interval);
  choose_frame();
  if (key_) {
    key_wanted_ = false;
    last_key_ = now;
    ++key_frames_;
  }
  ++frames_;
  // The last packet's marker stands behind all that is coded, and has room there however the frame is cut.
  const auto room = static_cast<std::uint32_t>(options_.max_payload - kVideoDescriptorSize);
  const auto least = static_cast<std::uint32_t>(coded_.size() + Marker::kSize);
  const std::uint32_t wanted = is_still() ? usual_size() : 0;
  const std::uint32_t packets = std::max(1U, (wanted + options_.max_payload - 1) / options_.max_payload);
  const auto descriptors = static_cast<std::uint32_t>(packets * kVideoDescriptorSize);
  size_ = std::max(least, wanted > descriptors ? wanted - descriptors : 0);
  if (const std::uint32_t crumb = size_ % room; crumb != 0 && crumb < Marker::kSize) size_ += Marker::kSize;
  parts_ = (size_ + room - 1) / room;
  sent_ = 0;
  picture_id_ = static_cast<std::uint16_t>((picture_id_ + 1) & 0x7FFF);
  timestamp_ = timestamp_at(now);
  const Duration interval = is_still() ? Duration(1'000'000 / options_.frame_rate) : clip().frame_interval;
  next_frame_ += interval;
  if (next_frame_ + options_.catch_up <= now) next_frame_ = now + interval;  // late: no burst to catch up
}

std::optional<MediaUnit> VideoSource::next(Instant now) {
  if (parts_ == 0) {
    if (now < next_frame_) return std::nullopt;
    begin_frame(now);
  }
  const std::uint32_t part = next_part();
  MediaUnit unit;
  unit.kind = sent_ == 0 ? MediaUnit::Kind::kVideoStart : MediaUnit::Kind::kVideoRest;
  unit.key_frame = key_;
  unit.picture_id = picture_id_;
  unit.timestamp = timestamp_;
  if (sent_ < coded_.size()) {
    unit.coded = coded_.subspan(sent_, std::min<std::size_t>(part, coded_.size() - sent_));
  } else if (is_still()) {
    unit.partition = 1;
  }
  unit.size = static_cast<std::uint16_t>(part + kVideoDescriptorSize);
  sent_ += part;
  unit.marked = sent_ >= coded_.size() + Marker::kSize;
  unit.marker_bit = --parts_ == 0;
  unit.marker = {stream_, counter_++, now, options_.layer};
  return unit;
}

std::uint32_t VideoSource::next_part() const {
  const std::uint32_t left = size_ - sent_;
  const auto room = static_cast<std::uint32_t>(options_.max_payload - kVideoDescriptorSize);
  return options_.split == Split::kEqual ? left / parts_ : std::min(left, room);
}

RtpTimestamp VideoSource::timestamp_at(Instant at) const {
  const std::int64_t ticks = (at - started_).count() * kClockRate / 1'000'000;
  return {static_cast<std::uint32_t>(first_timestamp_.value + static_cast<std::uint64_t>(ticks))};
}

}  // namespace sluice::client
