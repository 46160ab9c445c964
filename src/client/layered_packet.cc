#include "client/layered_packet.h"

#include "client/vp9_descriptor.h"
#include "codec/vp8.h"

namespace sluice::client {
namespace {

/// Fills what the payload descriptor tells and gives its size.
std::optional<std::size_t> read_descriptor(LayeredCodec codec, Bytes payload, LayeredPacket& out) {
  if (codec == LayeredCodec::kVp8) {
    const auto vp8 = codec::Vp8::parse(payload);
    if (!vp8 || !vp8->picture_id || !vp8->tl0_pic_idx) return std::nullopt;
    out.has_picture = true;
    out.picture_id = *vp8->picture_id;
    out.tl0_pic_idx = *vp8->tl0_pic_idx;
    out.starts_frame = vp8->is_frame_start();
    return vp8->descriptor_size;
  }
  if (codec == LayeredCodec::kVp9) {
    const auto vp9 = Vp9Descriptor::parse(payload);
    if (!vp9) return std::nullopt;
    out.has_picture = true;
    out.picture_id = vp9->picture_id;
    out.tl0_pic_idx = vp9->tl0_pic_idx;
    out.starts_frame = vp9->begin;
    return vp9->size;
  }
  return 0;
}

}  // namespace

std::optional<LayeredPacket> LayeredPacket::read(LayeredCodec codec, Bytes payload,
                                                 std::optional<Bytes> dependency) {
  LayeredPacket out;
  const auto descriptor = read_descriptor(codec, payload, out);
  if (!descriptor) return std::nullopt;
  const auto marker = Marker::parse(payload.subspan(*descriptor));
  const auto frame = FrameInfo::parse(payload.subspan(*descriptor));
  if (!marker || !frame) return std::nullopt;
  out.marker = *marker;
  out.frame = *frame;
  if (dependency && dependency->size() >= 3) {
    out.frame_number = load16(dependency->data() + 1);  // AV1 RTP, A.8.1: after flags and template id
    out.starts_frame = (dependency->front() & 0x80) != 0;
  }
  return out;
}

std::string LayeredPacket::name() const {
  std::string out = "number " + std::to_string(static_cast<std::uint16_t>(number));
  out += ": stream " + std::to_string(marker.stream) + " encoding " + std::to_string(marker.layer);
  out += ", frame " + std::to_string(frame.number) + (frame.key ? " (key)" : "");
  out += " S" + std::to_string(frame.spatial) + " T" + std::to_string(frame.temporal);
  out += ", packet " + std::to_string(frame.index + 1) + " of " + std::to_string(frame.count);
  return out;
}

}  // namespace sluice::client
