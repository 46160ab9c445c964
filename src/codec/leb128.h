// Little-endian numbers of seven bits a byte (AV1 §4.10.5): lengths of OBUs, in streams and in RTP payloads.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::codec {

/// Nothing when it is cut short, longer than eight bytes or more than 32 bits.
inline std::optional<std::uint32_t> read_leb128(ByteReader& reader) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const std::uint8_t byte = reader.u8();
    value |= std::uint64_t{byte & 0x7FU} << (7 * i);
    if ((byte & 0x80) == 0) {
      if (!reader.ok() || value > 0xFFFFFFFF) return std::nullopt;
      return static_cast<std::uint32_t>(value);
    }
  }
  return std::nullopt;
}

/// Bytes that `value` takes.
constexpr std::size_t leb128_size(std::uint32_t value) {
  std::size_t size = 1;
  while ((value >>= 7) != 0) ++size;
  return size;
}

/// Calls `put(byte)` for each.
template <typename Put>
void write_leb128(std::uint32_t value, Put&& put) {
  do {
    const auto low = static_cast<std::uint8_t>(value & 0x7F);
    value >>= 7;
    put(static_cast<std::uint8_t>(low | (value != 0 ? 0x80 : 0)));
  } while (value != 0);
}

}  // namespace sluice::codec
