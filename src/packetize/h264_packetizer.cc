#include "packetize/h264_packetizer.h"

#include <algorithm>

#include "codec/annex_b.h"

namespace sluice::packetize {
namespace {

constexpr std::uint8_t kIdrSlice = 5;
constexpr std::uint8_t kAccessUnitDelimiter = 9;
constexpr std::uint8_t kStapA = 24;
constexpr std::uint8_t kFuA = 28;
constexpr std::size_t kFragmentHead = 2;

std::uint8_t type_of(Bytes nal) {
  return nal[0] & 0x1F;
}

}  // namespace

bool H264Packetizer::find_units(Bytes frame) {
  units_.clear();
  if (format_ == H264Format::kAnnexB) {
    codec::AnnexBReader reader(frame);
    for (Bytes nal; reader.next(nal);) units_.push_back(nal);
    return !units_.empty();
  }
  ByteReader reader(frame);
  while (reader.remaining() > 0) {
    const Bytes nal = reader.bytes(reader.u32());
    if (!reader.ok()) return false;
    if (!nal.empty()) units_.push_back(nal);
  }
  return !units_.empty();
}

bool H264Packetizer::set_parameter_sets(Bytes nals) {
  if (!find_units(nals)) return false;
  sets_.begin_frame();
  for (const Bytes nal : units_) sets_.note(nal);
  return true;
}

bool H264Packetizer::packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out) {
  if (!find_units(frame.data)) return false;
  sets_.begin_frame();
  for (const Bytes nal : units_) sets_.note(nal);
  const bool is_idr =
      std::any_of(units_.begin(), units_.end(), [](Bytes nal) { return type_of(nal) == kIdrSlice; });
  if (is_idr && !sets_.frame_has_both()) {
    // H.264 §7.4.1.2.3: a delimiter stays first.
    auto at = units_.begin() + (type_of(units_[0]) == kAccessUnitDelimiter ? 1 : 0);
    sets_.visit_lacking([&](Bytes nal) { at = units_.insert(at, nal) + 1; });
  }

  std::size_t shorter = limits.first_shorter_by;
  for (std::size_t i = 0; i < units_.size();) {
    const std::size_t room = limits.max_payload - shorter;
    if (units_[i].size() > room) {
      put_fragments(units_[i], limits, shorter, out);
      ++i;
    } else {
      // As many as fit together: a byte of header, and two of length before each.
      std::size_t count = 0;
      std::size_t size = 1;
      while (i + count < units_.size() && size + 2 + units_[i + count].size() <= room &&
             units_[i + count].size() <= 0xFFFF) {
        size += 2 + units_[i + count].size();
        ++count;
      }
      put_together(i, std::max<std::size_t>(count, 1), out);
      i += std::max<std::size_t>(count, 1);
    }
    shorter = 0;
  }
  out.last().ends_layer = true;
  return true;
}

//  +---------------+---------------+
//  |0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |F|NRI|  28     |S|E|0|  Type   |   RFC 6184 §5.8; the NAL unit's own header is not repeated
//  +---------------+---------------+
void H264Packetizer::put_fragments(Bytes nal, const Limits& limits, std::size_t first_shorter_by,
                                   Payloads& out) const {
  const std::size_t room = limits.max_payload - kFragmentHead;
  EvenParts parts(nal.subspan(1), room - first_shorter_by, room);
  std::uint8_t start = 0x80;
  while (!parts.done()) {
    const Bytes bytes = parts.next();
    const bool is_first = out.empty();
    out.begin().begins_layer = is_first;
    out.put(static_cast<std::uint8_t>((nal[0] & 0xE0) | kFuA));
    out.put(static_cast<std::uint8_t>(start | (parts.done() ? 0x40 : 0) | type_of(nal)));
    out.put(bytes);
    start = 0;
  }
}

//  +---------------+---------------+---------------+---------------+
//  |F|NRI|  24     |         NALU 1 Size           | NALU 1 …      |   RFC 6184 §5.7.1
//  +---------------+---------------+---------------+---------------+
void H264Packetizer::put_together(std::size_t first, std::size_t count, Payloads& out) const {
  const bool is_first = out.empty();
  out.begin().begins_layer = is_first;
  if (count == 1) return out.put(units_[first]);
  // §5.7: F if any has it, the highest NRI of all.
  std::uint8_t header = kStapA;
  for (std::size_t i = first; i < first + count; ++i) {
    const std::uint8_t nri = std::max(header & 0x60, units_[i][0] & 0x60) & 0x60;
    header = static_cast<std::uint8_t>((header & 0x9F) | (units_[i][0] & 0x80) | nri);
  }
  out.put(header);
  for (std::size_t i = first; i < first + count; ++i) {
    out.put16(static_cast<std::uint16_t>(units_[i].size()));
    out.put(units_[i]);
  }
}

}  // namespace sluice::packetize
