// The dependency descriptor header extension (AV1 RTP, appendix A): what one packet's frame is to each decode
// target, and which frames it refers to. For any codec, and where the payload is encrypted.
//
// Read by FrameReader, with the structure that the stream sent last; written by who rewrites one for a viewer
// (write what was read, after changing fields), and by tests.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "codec/codec.h"
#include "codec/dependency_structure.h"

namespace sluice::codec {

struct DependencyDescriptor {
  bool is_frame_start = false;  ///< First packet of the frame.
  bool is_frame_end = false;
  std::uint8_t template_id = 0;
  std::uint16_t frame_number = 0;

  bool has_structure = false;  ///< The packet carries the structure.
  /// Bit i: decode target i is being sent. Here where the packet says so; what was said holds until it is
  /// said anew, and a structure without it means all.
  std::optional<std::uint32_t> active_decode_targets;
  bool has_custom_dtis = false;
  bool has_custom_frame_diffs = false;
  bool has_custom_chains = false;

  /// Of the template, or the packet's own.
  std::uint8_t spatial_layer = 0;
  std::uint8_t temporal_layer = 0;
  Dtis dtis;
  FrameDiffs frame_diffs;
  ChainDiffs chain_diffs{};

  /// `structure`: what is known; replaced where the value carries one and all of it can be read. Nothing when
  /// it is cut short, or its template is not in the structure (as that is not known yet, or is a newer one).
  static std::optional<DependencyDescriptor> parse(Bytes value, DependencyStructure& structure);
  /// Bytes written; nothing when `out` is too small. `structure`: that of `parse`.
  [[nodiscard]] std::optional<std::size_t> write(MutableBytes out,
                                                 const DependencyStructure& structure) const;
  /// What `structure`'s choices of layers make of the frame. Without sizes where the structure has none.
  [[nodiscard]] FrameFacts facts(const DependencyStructure& structure) const;

  /// Whether a value carries a structure: such a one can be read without knowing any.
  static bool carries_structure(Bytes value) {
    return value.size() > kMandatorySize && (value[3] & 0x80) != 0;
  }

  static constexpr std::size_t kMandatorySize = 3;
  static constexpr std::size_t kFrameNumberOffset = 1;
};

/// In a copy of a descriptor of at least three bytes: overwrites the frame number alone.
inline void write_frame_number(std::uint8_t* descriptor, std::uint16_t frame_number) {
  store16(descriptor + DependencyDescriptor::kFrameNumberOffset, frame_number);
}

}  // namespace sluice::codec
