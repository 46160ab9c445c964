// One packet that a synthetic source wants sent: enough to write its payload, now and again for a
// retransmission, so that a sender remembers no payloads. Made by VideoSource, AudioSource and LayeredSource,
// written by MediaSender.
//
// A payload is the codec's own descriptor, coded data out of a clip, filler, and the marker. Of VP8 the
// filler and the marker lie behind the first partition, where coefficients would be that no macroblock has,
// or behind the end of the last one; both are bytes that a decoder does not read. A packet whose bytes all
// belong to the first partition has no room for a marker. Layered media is no coded data at all: a real head,
// filler, and what a judge wants to know of the frame.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "client/frame_info.h"
#include "client/marker.h"

namespace sluice::client {

struct MediaUnit {
  enum class Kind : std::uint8_t { kAudio, kVideoStart, kVideoRest, kLayered };
  Kind kind = Kind::kAudio;
  bool key_frame = false;
  bool marker_bit = false;
  bool marked = true;            ///< It ends in `marker`.
  std::uint8_t partition = 0;    ///< Video: PID (RFC 7741 §4.2).
  std::uint16_t picture_id = 0;  ///< Video: 15 bits.
  std::uint16_t size = 0;        ///< Of the payload, codec headers included.
  RtpTimestamp timestamp;
  Marker marker;
  Bytes coded;  ///< In a clip.
  // Layered only:
  std::vector<std::uint8_t> head;    ///< Payload descriptor and payload header.
  std::uint8_t descriptor_size = 0;  ///< Of the head: what a server may rewrite, so no checksum covers it.
  std::vector<std::uint8_t> dependency;  ///< The dependency descriptor extension; empty without one.
  FrameInfo frame;

  /// Fills all of `out`, which is `size` bytes.
  void write_payload(MutableBytes out) const;

 private:
  void write_layered(MutableBytes out) const;
};

inline constexpr std::size_t kVideoDescriptorSize = 4;

}  // namespace sluice::client
