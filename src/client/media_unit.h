// One packet that a synthetic source wants sent: enough to write its payload, now and again for a
// retransmission, so that a sender remembers 40 bytes a packet and no payloads. Made by VideoSource and
// AudioSource, written by MediaSender.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "client/marker.h"

namespace sluice::client {

struct MediaUnit {
  enum class Kind : std::uint8_t { kAudio, kVideoStart, kVideoRest };
  Kind kind = Kind::kAudio;
  bool key_frame = false;
  bool marker_bit = false;
  std::uint16_t picture_id = 0;  ///< Video: 15 bits.
  std::uint16_t size = 0;        ///< Of the payload, codec headers included.
  RtpTimestamp timestamp;
  Marker marker;

  /// Fills all of `out`, which is `size` bytes.
  void write_payload(MutableBytes out) const;
};

/// How many bytes of a VP8 payload come before the marker: payload descriptor, and the payload header where a
/// frame starts.
constexpr std::size_t video_header_size(bool frame_start, bool key_frame) {
  return 4U + (frame_start ? (key_frame ? 10U : 3U) : 0U);
}
inline constexpr std::size_t kAudioHeaderSize = 1;  ///< The TOC byte of Opus (RFC 6716 §3.1).

/// The size of the picture that synthetic key frames claim to hold.
inline constexpr std::uint16_t kVideoWidth = 640;
inline constexpr std::uint16_t kVideoHeight = 360;

}  // namespace sluice::client
