#include "packetize/vp9_packetizer.h"

#include <algorithm>

#include "packetize/vp9_superframe.h"

namespace sluice::packetize {
namespace {

//      +-+-+-+-+-+-+-+-+
// V:   | N_S |Y|G|-|-|-|
//      +-+-+-+-+-+-+-+-+
// Y:   | width, height |  N_S + 1 times, two bytes each
//      +-+-+-+-+-+-+-+-+
// G:   |      N_G      |
//      +-+-+-+-+-+-+-+-+
//      | TID |U| R |-|-|  N_G times, each with R bytes of P_DIFF
//      +-+-+-+-+-+-+-+-+
void write_structure(ByteWriter& out, Scalability scalability, bool flexible, std::uint16_t width,
                     std::uint16_t height) {
  const unsigned layers = scalability.spatial;
  const bool has_sizes = width != 0 && height != 0;
  // Which pictures refer to which each packet of flexible mode tells itself.
  out.u8(static_cast<std::uint8_t>((layers - 1) << 5 | (has_sizes ? 0x10 : 0) | (flexible ? 0 : 0x08)));
  for (unsigned s = 0; has_sizes && s < layers; ++s) {
    out.u16(static_cast<std::uint16_t>(width >> (layers - 1 - s)));
    out.u16(static_cast<std::uint16_t>(height >> (layers - 1 - s)));
  }
  if (flexible) return;
  out.u8(static_cast<std::uint8_t>(scalability.period()));
  for (std::uint32_t position = 0; position < scalability.period(); ++position) {
    const unsigned up = 0x10;  // U
    out.u8(static_cast<std::uint8_t>(scalability.temporal_at(position) << 5 | up | 1U << 2));
    out.u8(static_cast<std::uint8_t>(scalability.distance_at(position)));
  }
}

}  // namespace

//       0 1 2 3 4 5 6 7
//      +-+-+-+-+-+-+-+-+
//      |I|P|L|F|B|E|V|Z|  I = 1, L = 1
//      +-+-+-+-+-+-+-+-+
// I:   |M| PICTURE ID  |  M = 1: 15 bits in two bytes
//      +-+-+-+-+-+-+-+-+
// L:   | TID |U| SID |D|
//      +-+-+-+-+-+-+-+-+
//      |   TL0PICIDX   |  non-flexible mode
//      +-+-+-+-+-+-+-+-+
// P,F: |   P_DIFF    |N|  flexible mode, N = 0
//      +-+-+-+-+-+-+-+-+
void Vp9Descriptor::write(ByteWriter& out, Scalability scalability, std::uint16_t width,
                          std::uint16_t height) const {
  out.u8(static_cast<std::uint8_t>(0x80 | (predicted ? 0x40 : 0) | 0x20 | (flexible ? 0x10 : 0) |
                                   (begin ? 0x08 : 0) | (end ? 0x04 : 0) | (structure ? 0x02 : 0) |
                                   (not_upward ? 0x01 : 0)));
  out.u16(static_cast<std::uint16_t>(0x8000 | (picture_id & 0x7FFF)));
  out.u8(static_cast<std::uint8_t>((temporal & 7) << 5 | (switching_up ? 0x10 : 0) | (spatial & 7) << 1 |
                                   (from_below ? 0x01 : 0)));
  if (!flexible) out.u8(tl0_pic_idx);
  if (flexible && predicted) out.u8(static_cast<std::uint8_t>(reference_diff << 1));
  if (structure) write_structure(out, scalability, flexible, width, height);
}

/// Pictures back to the newest one that a picture of this temporal layer refers to: one of the base layer for
/// itself, for the others the newest below them.
std::uint8_t Vp9Packetizer::reference_diff(std::uint8_t temporal) const {
  std::uint8_t nearest = ago_[0];
  for (std::uint8_t t = 1; t < temporal; ++t) {
    if (ago_[t] != 0 && (nearest == 0 || ago_[t] < nearest)) nearest = ago_[t];
  }
  return std::max<std::uint8_t>(nearest, 1);
}

bool Vp9Packetizer::packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out) {
  if (frame.data.empty()) return false;
  const FrameMetadata& told = frame.metadata;
  Vp9Superframe picture;
  if (scalability_.spatial > 1) {
    picture = Vp9Superframe::parse(frame.data);
  } else {  // a hidden frame may be in it as well, which is no layer
    picture.frames[0] = frame.data;
    picture.count = 1;
  }
  if (picture.count > scalability_.spatial) return false;

  const auto temporal = std::min<std::uint8_t>(told.temporal_index, 3);
  if (told.key_frame) ago_ = {};
  if (temporal == 0) ++tl0_pic_idx_;
  Vp9Descriptor descriptor;
  descriptor.predicted = !told.key_frame;
  descriptor.flexible = flexible_;
  descriptor.picture_id = picture_id_;
  descriptor.temporal = temporal;
  descriptor.switching_up = true;  // in the cycles of Scalability from every picture on one can go up
  descriptor.tl0_pic_idx = tl0_pic_idx_;
  descriptor.reference_diff = reference_diff(temporal);
  for (std::size_t i = 0; i < picture.count; ++i) {
    descriptor.spatial = static_cast<std::uint8_t>(i);
    descriptor.from_below = i > 0 && (told.key_frame || !scalability_.key_only);
    descriptor.not_upward = i + 1 == scalability_.spatial || (scalability_.key_only && !told.key_frame);
    descriptor.structure = told.key_frame && i == 0;
    put_layer(picture.frames[i], descriptor, limits, i == 0 ? limits.first_shorter_by : 0, told, out);
  }
  for (std::uint8_t& ago : ago_) {
    if (ago != 0) ago = static_cast<std::uint8_t>(std::min(ago + 1, 127));
  }
  ago_[temporal] = 1;
  picture_id_ = static_cast<std::uint16_t>((picture_id_ + 1) & 0x7FFF);
  return true;
}

void Vp9Packetizer::put_layer(Bytes data, Vp9Descriptor& descriptor, const Limits& limits,
                              std::size_t first_shorter_by, const FrameMetadata& told, Payloads& out) const {
  std::array<std::uint8_t, Vp9Descriptor::kMaxSize> head{};
  const auto write = [&] {
    ByteWriter writer(head);
    descriptor.write(writer, scalability_, told.width, told.height);
    return writer.written();
  };
  // The structure stands in the first packet only.
  const std::size_t first_head = write().size();
  const bool has_structure = descriptor.structure;
  descriptor.structure = false;
  const std::size_t room = limits.max_payload - write().size();
  EvenParts parts(data, limits.max_payload - first_head - first_shorter_by, room);
  descriptor.begin = true;
  descriptor.end = false;
  while (!parts.done()) {
    const Bytes bytes = parts.next();
    descriptor.end = parts.done();
    descriptor.structure = has_structure && descriptor.begin;
    Payloads::Part& part = out.begin();
    part.spatial_index = descriptor.spatial;
    part.begins_layer = descriptor.begin;
    part.ends_layer = descriptor.end;
    out.put(write());
    out.put(bytes);
    descriptor.begin = false;
  }
}

}  // namespace sluice::packetize
