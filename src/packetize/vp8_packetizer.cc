#include "packetize/vp8_packetizer.h"

#include <array>

namespace sluice::packetize {

//       0 1 2 3 4 5 6 7
//      +-+-+-+-+-+-+-+-+
//      |X|R|N|S|R| PID |  X = 1
//      +-+-+-+-+-+-+-+-+
// X:   |I|L|T|K| RSV   |  I = 1, L and T with layers, K with a key index
//      +-+-+-+-+-+-+-+-+
// I:   |M| PictureID   |  M = 1
//      +-+-+-+-+-+-+-+-+
//      |   PictureID   |
//      +-+-+-+-+-+-+-+-+
// L:   |   TL0PICIDX   |
//      +-+-+-+-+-+-+-+-+
// T/K: |TID|Y| KEYIDX  |
//      +-+-+-+-+-+-+-+-+
void Vp8Descriptor::write(ByteWriter& out) const {
  out.u8(static_cast<std::uint8_t>(0x80 | (non_reference ? 0x20 : 0) | (start_of_partition ? 0x10 : 0) |
                                   (partition & 0x07)));
  out.u8(static_cast<std::uint8_t>(has_layers ? 0xE0 | (key_index ? 0x10 : 0) : 0x80));
  out.u16(static_cast<std::uint16_t>(0x8000 | (picture_id & 0x7FFF)));
  if (!has_layers) return;
  out.u8(tl0_pic_idx);
  out.u8(static_cast<std::uint8_t>((temporal & 0x03) << 6 | (layer_sync ? 0x20 : 0) |
                                   (key_index.value_or(0) & 0x1F)));
}

bool Vp8Packetizer::packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out) {
  if (frame.data.empty()) return false;
  const FrameMetadata& told = frame.metadata;
  Vp8Descriptor descriptor;
  descriptor.non_reference = told.discardable;
  descriptor.start_of_partition = true;
  descriptor.picture_id = picture_id_;
  descriptor.has_layers = has_layers_;
  // §4.2: TL0PICIDX counts frames of the base layer; the others carry that of the one they build on.
  if (told.temporal_index == 0) ++tl0_pic_idx_;
  descriptor.tl0_pic_idx = tl0_pic_idx_;
  descriptor.temporal = told.temporal_index;
  descriptor.layer_sync = told.layer_sync || told.key_frame;
  picture_id_ = static_cast<std::uint16_t>((picture_id_ + 1) & 0x7FFF);

  std::array<std::uint8_t, Vp8Descriptor::kMaxSize> head{};
  const std::size_t room = limits.max_payload - (has_layers_ ? head.size() : 4);
  EvenParts parts(frame.data, room - limits.first_shorter_by, room);
  while (!parts.done()) {
    Payloads::Part& part = out.begin();
    part.begins_layer = descriptor.start_of_partition;
    ByteWriter writer(head);
    descriptor.write(writer);
    out.put(writer.written());
    out.put(parts.next());
    // §4.3: the frame is cut anywhere, not at its partitions: then S is for the first packet only, PID 0.
    descriptor.start_of_partition = false;
  }
  out.last().ends_layer = true;
  return true;
}

}  // namespace sluice::packetize
