#include "codec/opus.h"

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

}  // namespace

//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// | config  |s| c |   RFC 6716 §3.1
// +-+-+-+-+-+-+-+-+
std::optional<Opus> Opus::parse(Bytes payload) {
  if (payload.empty()) return std::nullopt;
  const std::uint8_t toc = payload[0];
  Opus opus;
  opus.is_stereo = (toc & 0x04) != 0;
  opus.frame_duration = frame_duration_of(toc >> 3);
  switch (toc & 3) {
    case 0:
      opus.frame_count = 1;
      break;
    case 3:
      // RFC 6716 §3.2.5: the frame count is in the byte after the TOC.
      if (payload.size() < 2) return std::nullopt;
      opus.frame_count = payload[1] & 0x3F;
      break;
    default:
      opus.frame_count = 2;
  }
  // RFC 7587 §3.1.3 and RFC 6716 §2.1.9: in discontinuous transmission a frame is dropped, or sent with at
  // most one byte.
  opus.is_dtx = payload.size() <= 2;
  return opus;
}

}  // namespace sluice::codec
