// AV1 payloads (RTP Payload Format For AV1, version 1.0, §4): the aggregation header, and what the OBUs of a
// packet say (AV1 bitstream specification §5).
//
// A packet's first OBU tells whether a frame starts with it; where a frame ends only the next packet or the
// marker tells. Layers are known where OBUs have an extension header; how frames depend on each other only
// from the dependency descriptor (dependency_descriptor.h), which wins where a packet has one.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "codec/codec.h"

namespace sluice::codec {

struct Av1 {
  bool continues_obu = false;        ///< Z: the first element is the rest of the previous packet's last OBU.
  bool is_continued = false;         ///< Y: the last element goes on in the next packet.
  std::uint8_t element_count = 0;    ///< W; 0: each element has its length, and they are counted up to there.
  bool starts_sequence = false;      ///< N: first packet of a coded video sequence.
  bool has_sequence_header = false;  ///< An OBU of that type starts in the packet.
  bool starts_frame = false;  ///< The first OBU that starts here is one that stands before a frame's tiles.
  bool has_layers = false;    ///< From an OBU's extension header.
  std::uint8_t temporal_layer = 0;
  std::uint8_t spatial_layer = 0;
  std::uint16_t width = 0;  ///< Pixels, of the sequence header: the largest frame; 0 without one.
  std::uint16_t height = 0;

  /// Nothing for an empty payload or lengths that point beyond it. A payload whose OBUs are encrypted may
  /// still be read, as far as its aggregation header is clear.
  static std::optional<Av1> parse(Bytes payload);
  [[nodiscard]] FrameFacts facts() const;
};

}  // namespace sluice::codec
