#include "packetize/packetizer.h"

#include "base/check.h"

namespace sluice::packetize {

Result<Packetizer> Packetizer::make(const Options& options) {
  const auto in_range = [](std::uint8_t layers) { return layers >= 1 && layers <= 3; };
  if (!in_range(options.scalability.spatial) || !in_range(options.scalability.temporal))
    return invalid_argument("scalability", "expected 1 to 3 spatial and 1 to 3 temporal layers");
  if (options.scalability.spatial > 1 && options.format != Format::kVp9 && options.format != Format::kAv1)
    return invalid_argument("scalability", "spatial layers are of VP9 and AV1 only");
  if (options.ptime < 1ms || options.ptime > 200ms)
    return invalid_argument("ptime", "expected 1 ms to 200 ms (RFC 3551 §4.5)");
  switch (options.format) {
    case Format::kOpus:
      return Packetizer(OpusPacketizer());
    case Format::kPcmu:
    case Format::kPcma:
      return Packetizer(PcmPacketizer(options.ptime));
    case Format::kVp8:
      return Packetizer(Vp8Packetizer(options.scalability, options.first_picture_id));
    case Format::kVp9:
      return Packetizer(Vp9Packetizer(options.scalability, options.vp9_flexible, options.first_picture_id));
    case Format::kH264:
      return Packetizer(H264Packetizer(options.h264_format));
    case Format::kAv1:
      return Packetizer(Av1Packetizer());
  }
  return invalid_argument("format", "there is no packetizer for it");
}

bool Packetizer::packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out) {
  SLUICE_CHECK(limits.valid());
  out.clear();
  return std::visit([&](auto& codec) { return codec.packetize(frame, limits, out); }, state_);
}

void Packetizer::flush(std::uint32_t timestamp, Payloads& out) {
  out.clear();
  if (auto* pcm = std::get_if<PcmPacketizer>(&state_)) pcm->flush(timestamp, out);
}

bool Packetizer::set_parameter_sets(Bytes nals) {
  auto* h264 = std::get_if<H264Packetizer>(&state_);
  return h264 != nullptr && h264->set_parameter_sets(nals);
}

}  // namespace sluice::packetize
