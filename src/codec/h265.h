// H.265 payloads (RFC 7798): which NAL units a packet holds, alone, aggregated or as a fragment, and what
// their headers and the sequence parameter set tell.
//
// The same holds as for H.264 (h264.h): single packets of one frame may each look like its start, and
// FrameReader knows better. DONL fields are not expected: they come with sprop-max-don-diff (§4.5), which no
// browser sends.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "codec/codec.h"

namespace sluice::codec {

struct H265 {
  /// The packet's first NAL unit is one that begins an access unit (H.265 §7.4.2.4.4), or the first segment.
  bool begins_access_unit = false;
  bool has_vps = false;
  bool has_sps = false;
  bool has_pps = false;
  bool has_slice = false;  ///< Coded picture data, or a fragment of it.
  bool is_irap = false;    ///< BLA, IDR or CRA: decoding can begin here (H.265 §3.68).
  bool is_tsa = false;     ///< From here on one can go up to any temporal layer (§3.157).
  bool is_stsa = false;    ///< From here on one can go up to this temporal layer (§3.147).
  std::uint8_t temporal_layer = 0;
  std::uint16_t width = 0;  ///< Pixels within the conformance window, of the SPS; 0 without one.
  std::uint16_t height = 0;

  /// Nothing for what RFC 7798 §4.4 leaves undefined, or for lengths that point beyond the payload.
  static std::optional<H265> parse(Bytes payload);
  [[nodiscard]] FrameFacts facts() const;
};

}  // namespace sluice::codec
