// Open bitstream units of AV1 (§5.3), one by one out of a temporal unit in the low-overhead format (§5.2).
// For those who take frames apart (src/packetize) and files (src/container).
//
//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// |F| type  |X|S|-|   §5.3.2; S: its size follows, in leb128
// +-+-+-+-+-+-+-+-+
// | TID |SID|-|-|-|   with X (§5.3.3)
// +-+-+-+-+-+-+-+-+
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "codec/leb128.h"

namespace sluice::codec {

struct Obu {
  enum Type : std::uint8_t {  // §6.2.2
    kSequenceHeader = 1,
    kTemporalDelimiter = 2,
    kFrameHeader = 3,
    kTileGroup = 4,
    kMetadata = 5,
    kFrame = 6,
    kRedundantFrameHeader = 7,
    kTileList = 8,
    kPadding = 15,
  };
  static constexpr std::uint8_t kHasExtension = 0x04;
  static constexpr std::uint8_t kHasSize = 0x02;

  std::uint8_t header = 0;
  std::uint8_t extension = 0;  ///< 0 without one.
  Bytes payload;

  [[nodiscard]] std::uint8_t type() const { return (header >> 3) & 0x0F; }
  [[nodiscard]] bool has_extension() const { return (header & kHasExtension) != 0; }
  [[nodiscard]] std::uint8_t temporal_layer() const { return static_cast<std::uint8_t>(extension >> 5); }
  [[nodiscard]] std::uint8_t spatial_layer() const { return (extension >> 3) & 3; }

  /// The next one. Without a size it is all that is left. Nothing when it is cut short, or its forbidden bit
  /// is set.
  static std::optional<Obu> read(ByteReader& reader) {
    Obu obu;
    obu.header = reader.u8();
    if ((obu.header & 0x80) != 0) return std::nullopt;
    if (obu.has_extension()) obu.extension = reader.u8();
    std::size_t size = reader.remaining();
    if ((obu.header & kHasSize) != 0) {
      const auto told = read_leb128(reader);
      if (!told) return std::nullopt;
      size = *told;
    }
    obu.payload = reader.bytes(size);
    if (!reader.ok()) return std::nullopt;
    return obu;
  }
};

}  // namespace sluice::codec
