// Opus (RFC 7587): what the first byte of a packet, the TOC (RFC 6716 §3.1), tells.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "codec/codec.h"
#include "sluice/time.h"

namespace sluice::codec {

struct Opus {
  bool is_dtx = false;  ///< Nothing but comfort noise to play (RFC 7587 §3.1.3).
  bool is_stereo = false;
  Duration frame_duration{};  ///< Of one Opus frame.
  std::uint8_t frame_count = 0;

  /// Nothing for an empty payload, or a code 3 packet without its count.
  static std::optional<Opus> parse(Bytes payload);
  [[nodiscard]] Duration duration() const { return frame_duration * frame_count; }
};

}  // namespace sluice::codec
