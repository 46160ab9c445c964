#include "packetize/frames.h"

#include <algorithm>

#include "packetize/vp9_superframe.h"

namespace sluice::packetize {
namespace {

using Data = std::vector<std::uint8_t>;

/// Bytes without zeros, so that H.264 needs no emulation prevention.
void fill(Data& out, std::size_t size, Random& random) {
  const std::size_t at = out.size();
  out.resize(at + size);
  random.fill(MutableBytes(out).subspan(at));
  std::replace(out.begin() + static_cast<long>(at), out.end(), std::uint8_t{0}, std::uint8_t{1});
}

void add_nal(Data& out, std::initializer_list<std::uint8_t> head, std::size_t size, Random& random) {
  out.insert(out.end(), {0, 0, 0, 1});
  out.insert(out.end(), head);
  fill(out, size, random);
}

Data make_vp8(std::size_t size, bool key, Random& random) {
  // RFC 6386 §9.1: P, then of a key frame the start code, 320 and 180.
  Data out = {static_cast<std::uint8_t>(key ? 0x10 : 0x11)};
  if (key) out.insert(out.end(), {0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00});
  if (size > out.size()) fill(out, size - out.size(), random);
  return out;
}

Data make_vp9(std::size_t size, bool key, Random& random, unsigned spatial) {
  Data out;
  std::array<std::uint32_t, Vp9Superframe::kMaxFrames> sizes{};
  for (unsigned s = 0; s < spatial; ++s) {
    const std::size_t before = out.size();
    // §6.2: frame_marker 2, profile 0, then frame_type 0 for a key frame, show_frame; the sync code; 8 bits
    // of colour, 320 and 180, less one.
    out.push_back(key && s == 0 ? 0x82 : 0x86);
    if (key && s == 0) out.insert(out.end(), {0x49, 0x83, 0x42, 0x20, 0x13, 0xF0, 0x0B, 0x30});
    const std::size_t share = size / spatial;
    if (share > out.size() - before) fill(out, share - (out.size() - before), random);
    out.push_back(1);  // never taken for a superframe's marker
    sizes[s] = static_cast<std::uint32_t>(out.size() - before);
  }
  if (spatial > 1) Vp9Superframe::append_index(out, sizes, spatial);
  return out;
}

Data make_h264(std::size_t size, bool key, Random& random) {
  Data out;
  if (key) {
    // Baseline, 320 × 192: as openh264 writes it.
    out = {0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x0D, 0x8C, 0x8D, 0x40, 0xA0, 0xCF, 0x00, 0xF0, 0x88, 0x46, 0xA0};
    out.insert(out.end(), {0, 0, 0, 1, 0x68, 0xCE, 0x3C, 0x80});
  }
  // One to three slices, each of which begins with first_mb_in_slice (0: a single 1 bit).
  const unsigned slices = 1 + random.below(3);
  for (unsigned i = 0; i < slices; ++i) {
    const auto type = static_cast<std::uint8_t>(key ? 0x65 : 0x41);
    add_nal(out, {type, static_cast<std::uint8_t>(i == 0 ? 0x88 : 0x41)}, size / slices, random);
  }
  return out;
}

void add_obu(Data& out, std::uint8_t type, int spatial, std::size_t size, Random& random) {
  out.push_back(static_cast<std::uint8_t>(type << 3 | (spatial >= 0 ? 4 : 0) | 2));
  if (spatial >= 0) out.push_back(static_cast<std::uint8_t>(spatial << 3));
  codec::write_leb128(static_cast<std::uint32_t>(size), [&](std::uint8_t byte) { out.push_back(byte); });
  fill(out, size, random);
}

Data make_av1(std::size_t size, bool key, Random& random, unsigned spatial) {
  Data out = {0x12, 0x00};  // the temporal delimiter
  if (key) {
    // A sequence header of Chromium's, for 320 × 180.
    const Data sequence = {0x00, 0x00, 0x00, 0x02, 0x47, 0xFE, 0x6C, 0xFC, 0x3E, 0x00};
    out.push_back(codec::Obu::kSequenceHeader << 3 | 2);
    out.push_back(static_cast<std::uint8_t>(sequence.size()));
    out.insert(out.end(), sequence.begin(), sequence.end());
  }
  for (unsigned s = 0; s < spatial; ++s) {
    const int layer = spatial > 1 ? static_cast<int>(s) : -1;
    const std::size_t share = size / spatial;
    if (random.chance(0.3)) {
      add_obu(out, codec::Obu::kFrameHeader, layer, 1 + random.below(20), random);
      for (unsigned left = 1 + random.below(5), i = 0; i < left; ++i)
        add_obu(out, codec::Obu::kTileGroup, layer, share / left, random);
    } else {
      add_obu(out, codec::Obu::kFrame, layer, share, random);
    }
  }
  return out;
}

}  // namespace

std::string name_of(Format format) {
  constexpr const char* kNames[] = {"opus", "PCMU", "PCMA", "VP8", "VP9", "H264", "AV1"};
  return kNames[static_cast<std::size_t>(format)];
}

EncodedFrame make_frame(Format format, std::size_t size, bool key, std::uint32_t timestamp, Random& random,
                        unsigned spatial) {
  EncodedFrame frame;
  frame.metadata.rtp_timestamp = timestamp;
  frame.metadata.key_frame = key;
  switch (format) {
    case Format::kVp8:
      frame.data = make_vp8(size, key, random);
      break;
    case Format::kVp9:
      frame.data = make_vp9(size, key, random, spatial);
      break;
    case Format::kH264:
      frame.data = make_h264(size, key, random);
      break;
    case Format::kAv1:
      frame.data = make_av1(size, key, random, spatial);
      break;
    case Format::kOpus:
      frame.data = {0xF8};  // CELT, 20 ms, one frame
      fill(frame.data, size, random);
      break;
    case Format::kPcmu:
    case Format::kPcma:
      fill(frame.data, size, random);
      break;
  }
  if (key && !is_audio(format)) {
    frame.metadata.width = 320;
    frame.metadata.height = 180;
  }
  return frame;
}

std::vector<SentPacket> copy_of(std::span<const FrameSender::Packet> packets) {
  std::vector<SentPacket> out;
  for (const FrameSender::Packet& packet : packets) {
    SentPacket& copy = out.emplace_back();
    copy.packet = {packet.number, packet.timestamp, packet.marker, {}};
    copy.payload.assign(packet.payload.begin(), packet.payload.end());
    copy.descriptor.assign(packet.dependency_descriptor.begin(), packet.dependency_descriptor.end());
  }
  return out;
}

}  // namespace sluice::packetize
