#include "client/opus_clip.h"

#include <array>

#include "client/marker.h"
#include "client/opus_humming.h"
#include "codec/opus.h"

namespace sluice::client {
namespace {

constexpr std::size_t kMaxFrames = 48;  // 120 ms in frames of 2.5 ms
constexpr std::size_t kMaxFrameSize = 1275;

struct Frames {
  std::array<Bytes, kMaxFrames> frames;
  std::size_t count = 0;
};

/// RFC 6716 §3.2.1.
std::size_t read_length(ByteReader& reader) {
  const std::size_t first = reader.u8();
  return first < 252 ? first : first + std::size_t{4} * reader.u8();
}

void write_length(std::vector<std::uint8_t>& out, std::size_t length) {
  if (length < 252) {
    out.push_back(static_cast<std::uint8_t>(length));
    return;
  }
  out.push_back(static_cast<std::uint8_t>(252 + length % 4));
  out.push_back(static_cast<std::uint8_t>((length - out.back()) / 4));
}

/// §3.2.5.
bool read_code_3(ByteReader& reader, Frames& out) {
  const std::uint8_t head = reader.u8();
  out.count = head & 0x3F;
  if (out.count == 0 || out.count > kMaxFrames) return false;
  std::size_t padding = 0;
  if ((head & 0x40) != 0) {
    std::uint8_t more = 255;
    while (more == 255 && reader.ok()) {
      more = reader.u8();
      padding += more == 255 ? 254 : more;
    }
  }
  std::array<std::size_t, kMaxFrames> lengths{};
  std::size_t known = 0;
  const bool vbr = (head & 0x80) != 0;
  for (std::size_t i = 0; vbr && i + 1 < out.count; ++i) known += lengths[i] = read_length(reader);
  if (!reader.ok() || reader.remaining() < padding + known) return false;
  const std::size_t rest = reader.remaining() - padding - known;
  if (!vbr && rest % out.count != 0) return false;
  for (std::size_t i = 0; i < out.count; ++i) {
    if (!vbr) lengths[i] = rest / out.count;
    if (vbr && i + 1 == out.count) lengths[i] = rest;
    out.frames[i] = reader.bytes(lengths[i]);
  }
  return true;
}

/// §3.2.2 to §3.2.5.
bool read_frames(Bytes packet, Frames& out) {
  ByteReader reader(packet);
  const int code = reader.u8() & 0x03;
  out.count = code == 0 ? 1 : 2;
  if (code == 3) {
    if (!read_code_3(reader, out)) return false;
  } else {
    std::size_t first = reader.remaining();
    if (code == 1) {
      if (first % 2 != 0) return false;
      first /= 2;
    }
    if (code == 2) first = read_length(reader);
    out.frames[0] = reader.bytes(first);
    if (code != 0) out.frames[1] = reader.bytes(reader.remaining());
  }
  for (std::size_t i = 0; i < out.count; ++i) {
    if (out.frames[i].size() > kMaxFrameSize) return false;
  }
  return reader.ok() && !packet.empty();
}

}  // namespace

std::optional<AudioClip::Packet> with_marker_room(Bytes packet) {
  Frames read;
  const auto facts = codec::Opus::parse(packet);
  if (!facts || !read_frames(packet, read)) return std::nullopt;
  AudioClip::Packet out;
  out.duration = facts->duration();
  if (out.duration <= Duration::zero() || out.duration > 120ms) return std::nullopt;
  const bool vbr = read.count > 1;
  out.head = {static_cast<std::uint8_t>(packet[0] | 0x03),
              static_cast<std::uint8_t>((vbr ? 0x80 : 0) | 0x40 | read.count),
              static_cast<std::uint8_t>(Marker::kSize)};
  for (std::size_t i = 0; i + 1 < read.count; ++i) write_length(out.head, read.frames[i].size());
  for (std::size_t i = 0; i < read.count; ++i)
    out.head.insert(out.head.end(), read.frames[i].begin(), read.frames[i].end());
  return out;
}

AudioClip make_humming() {
  AudioClip clip;
  ByteReader reader{Bytes(kHumming)};
  for (std::size_t i = 0; i < kHummingPackets; ++i) {
    const std::size_t size = reader.u8();
    clip.voice.push_back(*with_marker_room(reader.bytes(size)));
  }
  // RFC 6716 §4.3, table 56: the silence flag, and nothing behind it. Configuration 31 as the voice has.
  static constexpr std::uint8_t kSilence[] = {0xF8, 0xFF, 0xFE};
  clip.silence.push_back(*with_marker_room(Bytes(kSilence)));
  return clip;
}

}  // namespace sluice::client
