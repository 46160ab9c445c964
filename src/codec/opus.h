// Opus (RFC 7587): what the first bytes of a packet tell, the TOC (RFC 6716 §3.1), the frames' lengths (§3.2)
// and the first frame's SILK header (§4.2.3).
//
// Multistream packets ("multiopus") begin with another layout and are forwarded unread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "codec/codec.h"
#include "sluice/time.h"

namespace sluice::codec {

struct Opus {
  enum class Mode : std::uint8_t { kSilk, kHybrid, kCelt };

  Mode mode = Mode::kCelt;
  bool is_dtx = false;  ///< Nothing but comfort noise to play (RFC 7587 §3.1.3).
  bool is_stereo = false;
  bool has_fec = false;       ///< In-band FEC: the packet before this one is in it, at a lower rate (LBRR).
  Duration frame_duration{};  ///< Of one Opus frame.
  std::uint8_t frame_count = 0;

  /// Nothing for an empty payload, a code 3 packet without its count, or more than 120 ms (RFC 6716 §3.4,
  /// R5). Frames whose lengths do not add up are still forwarded: then it is not known what is in them.
  static std::optional<Opus> parse(Bytes payload);
  [[nodiscard]] Duration duration() const { return frame_duration * frame_count; }
};

}  // namespace sluice::codec
