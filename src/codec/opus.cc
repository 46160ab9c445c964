#include "codec/opus.h"

#include <algorithm>
#include <array>

namespace sluice::codec {
namespace {

// RFC 6716 §3.1, table 2: SILK 0..11, hybrid 12..15, CELT 16..31.
Duration frame_duration_of(unsigned config) {
  constexpr std::array<Duration, 4> kSilk = {10ms, 20ms, 40ms, 60ms};
  constexpr std::array<Duration, 4> kCelt = {2500us, 5ms, 10ms, 20ms};
  if (config < 12) return kSilk[config % 4];
  if (config < 16) return config % 2 == 0 ? Duration(10ms) : Duration(20ms);
  return kCelt[config % 4];
}

/// What is told of a packet's frames without decoding them.
struct Frames {
  Bytes first;
  std::size_t longest = 0;
};

/// RFC 6716 §3.2.1: one byte up to 251, two from 252 on.
std::size_t read_length(ByteReader& reader) {
  const std::size_t first = reader.u8();
  return first < 252 ? first : std::size_t{reader.u8()} * 4 + first;
}

//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// |v|p|     M     |   RFC 6716 §3.2.5: then the padding's length, with v all lengths but the last, the frames
// +-+-+-+-+-+-+-+-+
std::optional<Frames> find_code3_frames(ByteReader& reader) {
  const std::uint8_t count_byte = reader.u8();
  const std::size_t count = count_byte & 0x3F;
  std::size_t padding = 0;
  if ((count_byte & 0x40) != 0) {
    // 255 stands for 254 bytes and another length.
    std::uint8_t length = 255;
    while (length == 255 && reader.ok()) {
      length = reader.u8();
      padding += length == 255 ? 254U : length;
    }
  }
  if (!reader.ok() || count == 0) return std::nullopt;
  Frames frames;
  std::size_t first_size = 0;
  std::size_t total = 0;
  if ((count_byte & 0x80) != 0) {
    for (std::size_t i = 0; i + 1 < count; ++i) {
      const std::size_t size = read_length(reader);
      if (i == 0) first_size = size;
      frames.longest = std::max(frames.longest, size);
      total += size;
    }
    if (!reader.ok() || reader.remaining() < total + padding) return std::nullopt;
    const std::size_t last = reader.remaining() - padding - total;
    if (count == 1) first_size = last;
    frames.longest = std::max(frames.longest, last);
  } else {
    if (reader.remaining() < padding || (reader.remaining() - padding) % count != 0) return std::nullopt;
    first_size = (reader.remaining() - padding) / count;
    frames.longest = first_size;
  }
  frames.first = reader.rest().first(first_size);
  return frames;
}

/// RFC 6716 §3.2.2 to §3.2.5, by the TOC's code.
std::optional<Frames> find_frames(std::uint8_t code, Bytes after_toc) {
  ByteReader reader(after_toc);
  if (code == 0) return Frames{after_toc, after_toc.size()};
  if (code == 1) {
    if (after_toc.size() % 2 != 0) return std::nullopt;
    return Frames{after_toc.first(after_toc.size() / 2), after_toc.size() / 2};
  }
  if (code == 2) {
    const std::size_t size = read_length(reader);
    if (!reader.ok() || size > reader.remaining()) return std::nullopt;
    return Frames{reader.rest().first(size), std::max(size, reader.remaining() - size)};
  }
  return find_code3_frames(reader);
}

//  mono:   |VAD of each SILK frame|LBRR|
//  stereo: |VAD of each SILK frame|LBRR| of the mid channel, then the same of the side channel
//
// RFC 6716 §4.2.3: the first symbols of a SILK or hybrid frame, each a bit with even odds, so that they stand
// in its first byte as they are. A SILK frame is 20 ms, or 10 (§4.2.2).
bool has_lbrr(Bytes frame, const Opus& opus) {
  if (opus.mode == Opus::Mode::kCelt || frame.empty()) return false;
  const auto silk_frames =
      static_cast<unsigned>(std::max<std::int64_t>(1, opus.frame_duration / Duration(20ms)));
  const unsigned mid = 7 - silk_frames;
  if (((frame[0] >> mid) & 1) != 0) return true;
  return opus.is_stereo && ((frame[0] >> (mid - silk_frames - 1)) & 1) != 0;
}

}  // namespace

//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// | config  |s| c |   RFC 6716 §3.1
// +-+-+-+-+-+-+-+-+
std::optional<Opus> Opus::parse(Bytes payload) {
  if (payload.empty()) return std::nullopt;
  const std::uint8_t toc = payload[0];
  const unsigned config = toc >> 3;
  const std::uint8_t code = toc & 3;
  Opus opus;
  opus.mode = config < 12 ? Mode::kSilk : config < 16 ? Mode::kHybrid : Mode::kCelt;
  opus.is_stereo = (toc & 0x04) != 0;
  opus.frame_duration = frame_duration_of(config);
  opus.frame_count = code == 0 ? 1 : 2;
  if (code == 3) {
    // RFC 6716 §3.2.5: the frame count is in the byte after the TOC.
    if (payload.size() < 2) return std::nullopt;
    opus.frame_count = payload[1] & 0x3F;
    if (opus.frame_count == 0) return std::nullopt;
  }
  if (opus.duration() > 120ms) return std::nullopt;
  const std::optional<Frames> frames = find_frames(code, payload.subspan(1));
  // RFC 7587 §3.1.3 and RFC 6716 §2.1.9: in discontinuous transmission a frame is dropped, or sent with at
  // most one byte.
  opus.is_dtx = payload.size() <= 2 || (frames && frames->longest <= 1);
  opus.has_fec = frames && has_lbrr(frames->first, opus);
  return opus;
}

}  // namespace sluice::codec
