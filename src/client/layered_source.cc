#include "client/layered_source.h"

#include <algorithm>
#include <cmath>

#include "packetize/vp8_packetizer.h"
#include "packetize/vp9_packetizer.h"

namespace sluice::client {
namespace {

constexpr double kClockRate = 90'000;

bool is_layer_sync(std::uint32_t position) {
  return position == 1 || position == 2;
}

}  // namespace

LayeredSource::LayeredSource(const Options& options, std::uint32_t stream, Random& random)
    : options_(options),
      stream_(stream),
      random_(random),
      first_timestamp_{random.u32()},
      dependencies_(options.scalability, static_cast<std::uint16_t>(random.u32())),
      picture_id_(static_cast<std::uint16_t>(random.below(0x8000))),
      tl0_pic_idx_(static_cast<std::uint8_t>(random.below(0x100))) {}

/// All encodings capture together, on a grid.
void LayeredSource::start(Instant now) {
  if (next_frame_ != kNever) return;
  const auto grid = interval();
  next_frame_ = Instant((now.time_since_epoch() + grid - Duration(1)) / grid * grid);
  key_wanted_ = true;
}

std::uint32_t LayeredSource::media_time(Instant at) const {
  const double seconds = static_cast<double>(at.time_since_epoch().count()) / 1e6;
  return static_cast<std::uint32_t>(std::llround(seconds * kClockRate * (1 + options_.drift_ppm * 1e-6)));
}

RtpTimestamp LayeredSource::timestamp_at(Instant at) const {
  return {first_timestamp_.value + media_time(at)};
}

void LayeredSource::begin_picture(Instant now) {
  key_ = key_wanted_ && (pictures_ == 0 || now - last_key_ >= options_.min_key_interval);
  if (key_) {
    key_wanted_ = false;
    last_key_ = now;
    ++key_pictures_;
    ++key_index_;
    position_ = 0;
    newest_ = {};
  } else {
    position_ = (position_ + 1) % kPattern;
  }
  ++pictures_;
  captured_ = now;
  picture_id_ = static_cast<std::uint16_t>((picture_id_ + 1) & 0x7FFF);
  frame_ = {};
  frame_.media_time = media_time(now);
  frame_.temporal = options_.scalability.temporal_at(position_ % options_.scalability.period());
  if (frame_.temporal == 0) ++tl0_pic_idx_;
  frame_.key = key_;
  in_picture_ = true;
  next_frame_ += interval();
  if (next_frame_ <= now) {  // late: no burst to catch up
    next_frame_ = kNever;
    const bool wanted = key_wanted_;
    start(now + Duration(1));
    key_wanted_ = wanted;
  }
  begin_frame();
}

/// Which frames a decoder must have had, as the pattern of the codec tells it.
void LayeredSource::refer() {
  const auto refer_to = [&](std::uint8_t spatial, std::uint8_t temporal) {
    if (newest_[spatial][temporal].known) frame_.refer_to(newest_[spatial][temporal].number);
  };
  const std::uint8_t spatial = frame_.spatial;
  if (spatial > 0 && (key_ || !options_.scalability.key_only)) frame_.refer_to(frame_.number - 1);
  if (key_) return;
  if (options_.codec == LayeredCodec::kVp8) {
    const std::uint8_t highest = is_layer_sync(position_) ? 0 : frame_.temporal;
    for (std::uint8_t t = 0; t <= highest; ++t) refer_to(spatial, t);
    return;
  }
  const std::uint32_t position = position_ % options_.scalability.period();
  const std::uint32_t back = options_.scalability.distance_at(position);
  refer_to(spatial, options_.scalability.temporal_at(position >= back ? position - back : 0));
}

std::uint32_t LayeredSource::frame_size() {
  // Each spatial layer has about three times the bytes of the one below.
  constexpr std::array<std::uint32_t, 3> kShare = {1, 3, 9};
  std::uint32_t whole = 0;
  for (unsigned s = 0; s < options_.scalability.spatial; ++s) whole += kShare[s];
  const std::uint32_t usual = options_.bitrate / 8 / options_.frame_rate * kShare[frame_.spatial] / whole;
  const std::uint32_t size = usual * 3 / 4 + random_.below(usual / 2 + 1);
  return key_ ? size * options_.key_frame_factor : size;
}

void LayeredSource::begin_frame() {
  frame_.number = next_number_++;
  frame_.reference_count = 0;
  frame_.references = {};
  refer();
  const unsigned halvings = options_.scalability.spatial - 1U - frame_.spatial;
  frame_.width = static_cast<std::uint16_t>(options_.width >> halvings);
  frame_.height = static_cast<std::uint16_t>(options_.height >> halvings);
  const std::uint32_t size = frame_size();
  frame_.index = 0;
  frame_.count = static_cast<std::uint16_t>(size / options_.max_payload + 1);
  left_ = size;
  newest_[frame_.spatial][frame_.temporal] = {true, frame_.number};
  if (options_.codec == LayeredCodec::kAv1)
    dependencies_.begin_frame({key_, frame_.spatial, frame_.temporal, options_.width, options_.height});
}

std::optional<MediaUnit> LayeredSource::next(Instant now) {
  if (!in_picture_) {
    if (now < next_frame_) return std::nullopt;
    begin_picture(now);
  }
  MediaUnit unit;
  unit.kind = MediaUnit::Kind::kLayered;
  unit.key_frame = key_;
  unit.timestamp = timestamp_at(captured_);
  unit.marker = {stream_, counter_++, captured_, options_.encoding};
  unit.frame = frame_;
  write_head(unit, frame_.is_last());
  const auto least = static_cast<std::uint32_t>(unit.head.size() + FrameInfo::kSize + Marker::kSize);
  const std::uint32_t part =
      std::min<std::uint32_t>(left_ / (frame_.count - frame_.index), options_.max_payload);
  unit.size = static_cast<std::uint16_t>(std::max(least, part));
  left_ -= part;
  if (!frame_.is_last()) {
    ++frame_.index;
  } else if (frame_.spatial + 1 < options_.scalability.spatial) {
    ++frame_.spatial;
    begin_frame();
  } else {
    unit.marker_bit = true;
    in_picture_ = false;
  }
  return unit;
}

// --- What stands before the coded bytes

void LayeredSource::write_head(MediaUnit& unit, bool last) {
  switch (options_.codec) {
    case LayeredCodec::kVp8:
      write_vp8(unit.head);
      unit.descriptor_size = 6;
      break;
    case LayeredCodec::kVp9:
      write_vp9(unit.head, last);
      unit.descriptor_size = static_cast<std::uint8_t>(unit.head.size());
      break;
    case LayeredCodec::kAv1:
      write_av1(unit, last);
      break;
  }
}

// RFC 7741 §4.2: X N S PID, I L T K, picture id of 15 bits, TL0PICIDX, TID Y KEYIDX; then the payload header
// (§4.3) with start code and size on key frames.
void LayeredSource::write_vp8(std::vector<std::uint8_t>& out) const {
  packetize::Vp8Descriptor descriptor;
  descriptor.non_reference = options_.scalability.temporal > 1 && position_ == kPattern - 1;
  descriptor.start_of_partition = frame_.is_first();
  descriptor.picture_id = picture_id_;
  descriptor.has_layers = true;
  descriptor.tl0_pic_idx = tl0_pic_idx_;
  descriptor.temporal = frame_.temporal;
  descriptor.layer_sync = key_ || is_layer_sync(position_);
  descriptor.key_index = key_index_ & 0x1F;
  std::array<std::uint8_t, packetize::Vp8Descriptor::kMaxSize> head{};
  ByteWriter writer(head);
  descriptor.write(writer);
  out.assign(writer.written().begin(), writer.written().end());
  if (!frame_.is_first()) return;
  out.insert(out.end(), {static_cast<std::uint8_t>(key_ ? 0x10 : 0x11), 0, 0});
  if (!key_) return;
  out.insert(out.end(),
             {0x9D, 0x01, 0x2A, static_cast<std::uint8_t>(frame_.width),
              static_cast<std::uint8_t>(frame_.width >> 8), static_cast<std::uint8_t>(frame_.height),
              static_cast<std::uint8_t>(frame_.height >> 8)});
}

void LayeredSource::write_vp9(std::vector<std::uint8_t>& out, bool last) const {
  packetize::Vp9Descriptor descriptor;
  descriptor.predicted = !key_;
  descriptor.begin = frame_.is_first();
  descriptor.end = last;
  descriptor.structure = key_ && frame_.spatial == 0 && frame_.is_first();
  descriptor.not_upward =
      frame_.spatial + 1 == options_.scalability.spatial || (options_.scalability.key_only && !key_);
  descriptor.picture_id = picture_id_;
  descriptor.temporal = frame_.temporal;
  descriptor.switching_up = true;  // as Chromium's: from every picture on one can go up (RFC 9628 §4.2, U)
  descriptor.spatial = frame_.spatial;
  descriptor.from_below = frame_.spatial > 0 && (key_ || !options_.scalability.key_only);
  descriptor.tl0_pic_idx = tl0_pic_idx_;
  std::array<std::uint8_t, packetize::Vp9Descriptor::kMaxSize> head{};
  ByteWriter writer(head);
  descriptor.write(writer, options_.scalability, options_.width, options_.height);
  out.assign(writer.written().begin(), writer.written().end());
}

// The aggregation header (AV1 RTP §4.4: Z Y W N), then an OBU_FRAME with extension (AV1 §5.3.2, §5.3.3).
void LayeredSource::write_av1(MediaUnit& unit, bool last) const {
  const bool first = frame_.is_first();
  const bool new_sequence = first && key_ && frame_.spatial == 0;
  unit.head = {
      static_cast<std::uint8_t>((first ? 0 : 0x80) | (last ? 0 : 0x40) | 0x10 | (new_sequence ? 0x08 : 0))};
  if (first) {
    unit.head.push_back(6 << 3 | 0x04);
    unit.head.push_back(static_cast<std::uint8_t>(frame_.temporal << 5 | frame_.spatial << 3));
  }
  std::array<std::uint8_t, packetize::DependencyWriter::kMaxSize> descriptor{};
  const std::size_t size = dependencies_.write(descriptor, first, last);
  unit.dependency.assign(descriptor.begin(), descriptor.begin() + static_cast<long>(size));
}

}  // namespace sluice::client
