#include "client/packet_order.h"

#include <cstdlib>

namespace sluice::client {
namespace {

std::uint16_t picture_steps(const LayeredPacket& before, const LayeredPacket& after) {
  return static_cast<std::uint16_t>((after.picture_id - before.picture_id) & 0x7FFF);
}

}  // namespace

void PacketOrder::complain(const std::string& what, const LayeredPacket& before, const LayeredPacket& after) {
  violations_.add(what + ": " + before.name() + "; then " + after.name());
}

bool PacketOrder::insert(const LayeredPacket& packet) {
  const auto [it, added] = packets_.try_emplace(packet.number, packet);
  if (!added) {
    const bool same = it->second.marker.counter == packet.marker.counter && it->second.same_frame(packet);
    if (!same) complain("one number for two packets", it->second, packet);
    return false;
  }
  if (empty_.contains(packet.number)) violations_.add("empty before, and now a packet: " + packet.name());
  if (packets_.size() == 1) offset_ = packet.timestamp.value - packet.frame.media_time;
  check_timestamp(packet);
  check_after(it);
  check_after(std::next(it));
  return true;
}

bool PacketOrder::insert_empty(std::int64_t number) {
  if (!empty_.insert(number).second) return false;
  if (const auto it = packets_.find(number); it != packets_.end())
    violations_.add("a packet before, and now empty: " + it->second.name());
  check_after(packets_.upper_bound(number));
  return true;
}

/// Judges a packet and the one before it once nothing is missing between them.
void PacketOrder::check_after(Packets::const_iterator after) {
  if (after == packets_.end() || after == packets_.begin()) return;
  const LayeredPacket& before = std::prev(after)->second;
  if (missing_between(before, after->second) == 0) check_neighbours(before, after->second);
}

std::int64_t PacketOrder::empty_between(std::int64_t from, std::int64_t to) const {
  return std::distance(empty_.lower_bound(from), empty_.lower_bound(to));
}

std::int64_t PacketOrder::missing_between(const LayeredPacket& before, const LayeredPacket& after) const {
  return after.number - before.number - 1 - empty_between(before.number + 1, after.number);
}

void PacketOrder::check_timestamp(const LayeredPacket& packet) {
  const auto error = static_cast<std::int32_t>(packet.timestamp.value - packet.frame.media_time - offset_);
  if (std::abs(error) > std::abs(worst_)) worst_ = error;
  const auto limit = static_cast<std::int32_t>(options_.tolerance.count() * 9 / 100);
  if (std::abs(error) <= limit || error == complained_) return;
  complained_ = error;
  violations_.add("timestamp " + std::to_string(packet.timestamp.value) + " is " +
                  std::to_string(std::int64_t{error} * 100 / 9) +
                  " us from its capture time: " + packet.name());
}

Duration PacketOrder::timestamp_error() const {
  return Duration(std::int64_t{std::abs(worst_)} * 100 / 9);
}

void PacketOrder::check_neighbours(const LayeredPacket& before, const LayeredPacket& after) {
  if (before.track() != after.track()) return complain("another track's packet", before, after);
  if (before.same_frame(after)) return check_frame(before, after);
  const bool anew = after.frame.key && after.frame.is_first() && after.frame.spatial == 0;
  const bool cut = !before.marker_bit && anew && !options_.strict;
  if (cut) ++cut_;
  if (!before.frame.is_last() && !cut) complain("a frame was left before its end", before, after);
  if (!after.frame.is_first()) complain("a frame was entered after its start", before, after);
  if (before.source() == after.source()) {
    if (static_cast<std::int32_t>(after.frame.number - before.frame.number) <= 0)
      complain("frames are not in their coding order", before, after);
  } else if (!after.frame.key || after.frame.spatial != 0) {
    complain("another encoding begins without a key frame", before, after);
  }
  check_picture(before, after);
}

void PacketOrder::check_frame(const LayeredPacket& before, const LayeredPacket& after) {
  if (after.frame.index != before.frame.index + 1) complain("packets of a frame left out", before, after);
  if (after.number != before.number + 1) complain("an empty packet within a frame", before, after);
  if (before.timestamp != after.timestamp) complain("the timestamp changes within a frame", before, after);
  if (before.marker_bit) complain("a marker bit within a frame", before, after);
  if (before.has_picture && before.picture_id != after.picture_id)
    complain("the picture id changes within a frame", before, after);
  if (before.has_picture && before.tl0_pic_idx != after.tl0_pic_idx)
    complain("TL0PICIDX changes within a frame", before, after);
}

void PacketOrder::check_picture(const LayeredPacket& before, const LayeredPacket& after) {
  const int forward = after.timestamp.minus(before.timestamp);
  const std::uint16_t steps = picture_steps(before, after);
  const bool has_picture = before.has_picture && after.has_picture;
  if (before.same_picture(after)) {
    if (before.marker_bit) complain("a marker bit within a picture", before, after);
    if (forward != 0) complain("the timestamp changes within a picture", before, after);
    if (has_picture && steps != 0) complain("the picture id changes within a picture", before, after);
    return;
  }
  const bool anew = after.frame.key && after.frame.is_first() && after.frame.spatial == 0;
  if (!before.marker_bit && (!anew || options_.strict))
    complain("a picture ends without a marker bit", before, after);
  if (forward <= 0) complain("the timestamp goes on by " + std::to_string(forward) + " ticks", before, after);
  if (!has_picture) return;
  // An empty packet stands for a picture that was lost when nobody knew yet that it was not wanted.
  const std::int64_t limit = options_.picture_step + (after.number - before.number - 1);
  if (steps < 1 || steps > limit)
    complain("the picture id goes from " + std::to_string(before.picture_id) + " to " +
                 std::to_string(after.picture_id),
             before, after);
  // The same with TL0PICIDX, where another run of pictures begins.
  const std::int64_t empty = anew ? after.number - before.number - 1 : 0;
  const auto wanted = static_cast<std::uint8_t>(before.tl0_pic_idx + (after.frame.temporal == 0 ? 1 : 0));
  if (static_cast<std::uint8_t>(after.tl0_pic_idx - wanted) > empty)
    complain("TL0PICIDX goes from " + std::to_string(before.tl0_pic_idx) + " to " +
                 std::to_string(after.tl0_pic_idx),
             before, after);
}

void PacketOrder::finish() {
  const LayeredPacket* before = nullptr;
  for (const auto& [number, packet] : packets_) {
    if (before != nullptr && missing_between(*before, packet) > 0) check_hole(*before, packet);
    before = &packet;
  }
  if (options_.strict && !packets_.empty()) {
    const LayeredPacket& first = packets_.begin()->second;
    if (!first.frame.key || !first.frame.is_first())
      violations_.add("begins without a key frame: " + first.name());
  }
}

/// Each number that is missing was a packet that the publisher made and that was lost.
void PacketOrder::check_hole(const LayeredPacket& before, const LayeredPacket& after) {
  const std::int64_t missing = missing_between(before, after);
  if (options_.strict)
    return complain("a hole of " + std::to_string(missing) + " though nothing was lost", before, after);
  if (after.timestamp.minus(before.timestamp) < 0) complain("the timestamp goes back", before, after);
  if (before.source() != after.source()) return;
  const std::int64_t made = std::int64_t{after.marker.counter} - before.marker.counter - 1;
  if (missing > made)
    complain(
        "a hole of " + std::to_string(missing) + " where only " + std::to_string(made) + " packets were made",
        before, after);
  if (!before.has_picture || !after.has_picture) return;
  const std::int64_t limit = (after.number - before.number) * options_.picture_step;
  if (picture_steps(before, after) > limit)
    complain("the picture id goes from " + std::to_string(before.picture_id) + " to " +
                 std::to_string(after.picture_id) + " over a hole of " + std::to_string(missing),
             before, after);
}

bool PacketOrder::hole_between(std::int64_t from, std::int64_t to) const {
  if (to <= from) return false;
  const auto come = std::distance(packets_.lower_bound(from), packets_.lower_bound(to));
  return come + empty_between(from, to) < to - from;
}

std::size_t PacketOrder::holes() const {
  if (packets_.empty()) return 0;
  const std::int64_t first = packets_.begin()->first;
  const std::int64_t end = packets_.rbegin()->first + 1;
  return static_cast<std::size_t>(end - first - empty_between(first, end)) - packets_.size();
}

}  // namespace sluice::client
