#include "client/decoder_model.h"

#include <algorithm>
#include <limits>

namespace sluice::client {
namespace {

/// Frames that miss something are tried again for so many numbers.
constexpr std::int64_t kPatience = 600;

std::uint32_t layer_key(std::uint8_t encoding, std::uint8_t spatial, std::uint8_t temporal) {
  return std::uint32_t{encoding} << 16 | std::uint32_t{spatial} << 8 | temporal;
}

}  // namespace

DecoderModel::DecoderModel(Options options) : order_(options, violations_), codec_(options.codec) {}

DecoderModel::Frame* DecoderModel::find(std::uint64_t source, std::uint32_t number) {
  const auto it = frames_.find({source, number});
  return it == frames_.end() ? nullptr : &it->second;
}

std::optional<LayeredPacket> DecoderModel::on_packet(const Arrival& arrival, Instant now) {
  if (arrival.payload.empty()) {
    if (order_.insert_empty(unwrapper_.unwrap(arrival.number))) ++counts_.empty;
    return std::nullopt;
  }
  auto packet = LayeredPacket::read(codec_, arrival.payload, arrival.dependency);
  if (!packet) {
    ++counts_.damaged;
    violations_.add("damaged: number " + std::to_string(arrival.number.value) + ", " +
                    std::to_string(arrival.payload.size()) + " bytes");
    return std::nullopt;
  }
  packet->number = unwrapper_.unwrap(arrival.number);
  packet->timestamp = arrival.timestamp;
  packet->marker_bit = arrival.marker_bit;
  if (packet->starts_frame != packet->frame.is_first() &&
      (codec_ != LayeredCodec::kAv1 || arrival.dependency))
    violations_.add("the descriptor is another packet's: " + packet->name());
  if (!order_.insert(*packet)) {
    ++counts_.repeated;
    return packet;
  }
  ++counts_.packets;
  if (arrival.repair) ++counts_.repaired;

  const FrameKey key{packet->source(), packet->frame.number};
  const std::int64_t first = packet->number - packet->frame.index;
  const auto [it, added] = frames_.try_emplace(key);
  Frame& frame = it->second;
  if (added) {
    frame.info = packet->frame;
    frame.encoding = packet->marker.layer;
    frame.first = first;
    if (packet->frame.key && packet->frame.spatial == 0) keys_.insert(first);
  } else if (frame.first != first) {
    violations_.add("a frame's packets are not in a row: " + packet->name());
  }
  ++frame.received;
  if (!frame.complete()) return packet;
  waiting_.emplace(frame.first, key);
  decode_waiting(now);
  return packet;
}

std::int64_t DecoderModel::last_key_before(std::int64_t number) const {
  const auto after = keys_.upper_bound(number);
  return after == keys_.begin() ? std::numeric_limits<std::int64_t>::max() : *std::prev(after);
}

/// A key picture ends what came before it: no frame behind it refers to one ahead of it.
bool DecoderModel::decodable(const FrameKey& key, const Frame& frame) {
  const std::int64_t start = last_key_before(frame.first);
  if (frame.first < start) return false;
  for (std::size_t i = 0; i < frame.info.reference_count; ++i) {
    const Frame* reference = find(key.first, frame.info.references[i]);
    if (reference == nullptr || !reference->decoded || reference->first < start) return false;
  }
  return frame.info.key || frame.info.reference_count > 0;
}

void DecoderModel::decode_waiting(Instant now) {
  const std::int64_t oldest = order_.all().rbegin()->first - kPatience;
  bool more = true;
  while (more) {
    more = false;
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      Frame& frame = frames_.at(it->second);
      if (decodable(it->second, frame)) {
        frame.decoded = true;
        more = true;
        show(frame, now);
      } else if (it->first >= oldest) {
        ++it;
        continue;
      }
      it = waiting_.erase(it);
    }
  }
}

void DecoderModel::show(const Frame& frame, Instant now) {
  if (frame.info.key && frame.info.spatial == 0) ++counts_.key_frames;
  const int newer = newest_time_ ? static_cast<std::int32_t>(frame.info.media_time - *newest_time_) : 1;
  if (newer < 0) {
    ++counts_.late;
    return;
  }
  if (newer > 0) {
    end_picture();
    newest_time_ = frame.info.media_time;
    ++counts_.pictures;
    if (last_picture_at_ != kNever) longest_gap_ = std::max(longest_gap_, now - last_picture_at_);
    if (first_picture_at_ == kNever) first_picture_at_ = now;
    last_picture_at_ = now;
  }
  newest_ = {frame.encoding, frame.info.spatial, frame.info.temporal, frame.info.width, frame.info.height};
}

void DecoderModel::end_picture() {
  if (!newest_time_) return;
  if (shown_ && !shown_->same_size(newest_)) ++counts_.switches;
  shown_ = newest_;
  ++pictures_by_layer_[layer_key(newest_.encoding, newest_.spatial, newest_.temporal)];
}

std::uint64_t DecoderModel::pictures_of(std::uint8_t encoding, std::uint8_t spatial,
                                        std::uint8_t temporal) const {
  const auto it = pictures_by_layer_.find(layer_key(encoding, spatial, temporal));
  return it == pictures_by_layer_.end() ? 0 : it->second;
}

void DecoderModel::reset_freeze() {
  last_picture_at_ = kNever;
  longest_gap_ = {};
}

// --- Judging

void DecoderModel::finish() {
  order_.finish();
  for (const auto& [key, frame] : frames_) {
    if (frame.complete() && !frame.decoded) judge(key, frame);
  }
}

/// A frame that came whole and could not be decoded: because of loss, or because it should not have been
/// sent.
void DecoderModel::judge(const FrameKey& key, const Frame& frame) {
  const std::string name = order_.all().at(frame.first).name();
  const std::int64_t start = last_key_before(frame.first);
  if (frame.first < start) {  // the stream's beginning was lost; PacketOrder knows when that cannot be
    ++counts_.lost;
    return;
  }
  for (std::size_t i = 0; i < frame.info.reference_count; ++i) {
    const FrameKey wanted{key.first, frame.info.references[i]};
    const Frame* reference = find(wanted.first, wanted.second);
    const std::string refers = "refers to frame " + std::to_string(wanted.second);
    if (reference != nullptr && reference->first < start) {
      violations_.add(refers + ", which lies before a key frame: " + name);
    } else if (reference != nullptr && reference->complete()) {
      continue;  // it misses something itself, and is judged for that
    } else if (reference == nullptr && !lost_on_the_way(wanted, start)) {
      violations_.add(refers + ", which was not forwarded: " + name);
    }
  }
  ++counts_.lost;
}

/// Behind the last packet that came of a frame; it may have been cut short there.
std::int64_t DecoderModel::end_of_row(const Frame& frame) const {
  if (frame.complete()) return frame.end();
  const auto& packets = order_.all();
  std::int64_t end = frame.first;
  for (auto it = packets.lower_bound(frame.first); it != packets.end() && it->first < frame.end(); ++it) {
    if (it->second.frame.number == frame.info.number) end = it->first + 1;
  }
  return end;
}

/// Whether there is a hole where the frame would lie: between those before and after it, behind the last key
/// picture.
bool DecoderModel::lost_on_the_way(const FrameKey& missing, std::int64_t start) const {
  const auto after = frames_.lower_bound(missing);
  if (after == frames_.end() || after->first.first != missing.first) return true;  // nothing tells
  std::int64_t from = start;
  if (after != frames_.begin()) {
    const auto before = std::prev(after);
    if (before->first.first == missing.first) from = std::max(from, end_of_row(before->second));
  }
  return order_.hole_between(from, after->second.first);
}

}  // namespace sluice::client
