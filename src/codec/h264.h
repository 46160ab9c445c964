// H.264 payloads (RFC 6184): which NAL units a packet holds, alone, aggregated or as a fragment, and what
// their headers and the sequence parameter set tell.
//
// H.264 has no frame header that a packet could be asked for: where a frame starts is told by the kind of its
// first NAL unit, so a frame sent as "SPS", "IDR slice" in two packets starts twice as far as single packets
// can tell. FrameReader, which sees them in order, knows better.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "codec/codec.h"

namespace sluice::codec {

struct H264 {
  /// The packet's first NAL unit is one that begins an access unit (H.264 §7.4.1.2.3), or the first slice.
  bool begins_access_unit = false;
  bool has_sps = false;
  bool has_pps = false;
  bool has_slice = false;     ///< Coded picture data, or a fragment of it.
  bool is_idr = false;        ///< Of an instantaneous decoding refresh picture.
  bool is_reference = false;  ///< nal_ref_idc of the slices is not 0: others may refer to them.
  /// Of H.264 Annex G's NAL unit header extension (RFC 6190 §1.1.3): from a prefix NAL unit (14) or a slice
  /// of an enhancement layer (20).
  std::optional<std::uint8_t> temporal_layer;
  std::uint8_t spatial_layer = 0;
  std::uint16_t width = 0;  ///< Pixels after cropping, of the SPS; 0 without one.
  std::uint16_t height = 0;

  /// Nothing for what RFC 6184 §5.2 leaves undefined, or for lengths that point beyond the payload.
  static std::optional<H264> parse(Bytes payload);
  [[nodiscard]] FrameFacts facts() const;
};

}  // namespace sluice::codec
