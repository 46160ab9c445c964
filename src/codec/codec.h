// What an SFU needs to know of a payload, whatever its codec. Asked once per received packet by ingress.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace sluice::codec {

enum class Kind : std::uint8_t { kOther, kOpus, kVp8, kVp9, kH264, kH265, kAv1 };

/// "video/VP8", in any case; kOther for what we only forward.
Kind kind_of(std::string_view mime_type);

/// Facts of the packet's frame. The end of a frame is the RTP marker (RFC 7741 §4.1 and its like).
struct FrameFacts {
  bool is_frame_start = false;
  bool is_key_frame = false;    ///< This packet starts a key frame: told by its first packet only.
  bool is_discardable = false;  ///< No other frame refers to it.
  bool is_layer_sync = false;   ///< One can switch up to its temporal layer here.
  std::uint8_t temporal_layer = 0;
  std::uint8_t spatial_layer = 0;
  std::uint16_t width = 0;  ///< Pixels; 0 unless a key frame says so here.
  std::uint16_t height = 0;
};

/// For codecs without a parser every packet is a frame's start, and never known to be a key frame.
FrameFacts frame_facts(Kind kind, Bytes payload);

}  // namespace sluice::codec
