// CRC-32 as STUN's FINGERPRINT uses it (RFC 8489 §14.7: ITU-T V.42, reflected polynomial 0xEDB88320).
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace sluice::ice {

namespace detail {
constexpr std::array<std::uint32_t, 256> make_crc32_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0xEDB88320U : 0U);
    table[i] = c;
  }
  return table;
}
inline constexpr std::array<std::uint32_t, 256> kCrc32Table = make_crc32_table();
}  // namespace detail

inline std::uint32_t crc32(Bytes bytes) {
  std::uint32_t c = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) c = detail::kCrc32Table[(c ^ byte) & 0xFF] ^ (c >> 8);
  return c ^ 0xFFFFFFFFU;
}

/// What FINGERPRINT carries for a message of which `preceding` comes before that attribute.
inline std::uint32_t stun_fingerprint(Bytes preceding) {
  return crc32(preceding) ^ 0x5354554EU;
}

}  // namespace sluice::ice
