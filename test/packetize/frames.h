// Frames for the tests of src/packetize: of every format and any size, with the bytes that tell of them real
// and the rest drawn from a seed; and packets on their way.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "packetize/frame_receiver.h"
#include "packetize/frame_sender.h"

namespace sluice::packetize {

inline const std::vector<Format> kVideoFormats = {Format::kVp8, Format::kVp9, Format::kH264, Format::kAv1};

std::string name_of(Format format);

/// About `size` bytes of coded data, at least what the format needs. `spatial`: layers of a VP9 picture or an
/// AV1 temporal unit. Key frames of H.264 have parameter sets, those of AV1 a sequence header.
EncodedFrame make_frame(Format format, std::size_t size, bool key, std::uint32_t timestamp, Random& random,
                        unsigned spatial = 1);

/// A packet that owns its payload.
struct SentPacket {
  FrameReceiver::Packet packet;
  std::vector<std::uint8_t> payload;
  std::vector<std::uint8_t> descriptor;
  [[nodiscard]] FrameReceiver::Packet view() const {
    FrameReceiver::Packet out = packet;
    out.payload = payload;
    return out;
  }
};
std::vector<SentPacket> copy_of(std::span<const FrameSender::Packet> packets);
inline EncodedFrameView view_of(const EncodedFrame& frame) {
  return {frame.data, frame.metadata};
}

}  // namespace sluice::packetize
