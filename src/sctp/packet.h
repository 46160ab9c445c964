// SCTP packets from the outside: their chunks (RFC 9260 §3) and their checksum.
//
// For whoever looks at packets before or after the stack does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace sluice::sctp {

inline constexpr std::size_t kCommonHeader = 12;

namespace chunk_type {
inline constexpr std::uint8_t kData = 0;           // RFC 9260 §3.3.1
inline constexpr std::uint8_t kInit = 1;           // §3.3.2
inline constexpr std::uint8_t kInitAck = 2;        // §3.3.3
inline constexpr std::uint8_t kSack = 3;           // §3.3.4
inline constexpr std::uint8_t kIData = 64;         // RFC 8260 §2.1
inline constexpr std::uint8_t kReConfig = 130;     // RFC 6525 §3.1
inline constexpr std::uint8_t kPad = 132;          // RFC 4820 §3
inline constexpr std::uint8_t kForwardTsn = 192;   // RFC 3758 §3.2
inline constexpr std::uint8_t kIForwardTsn = 194;  // RFC 8260 §2.3.1
}  // namespace chunk_type

/// The chunks that are whole, in their order, without padding: `visit(type, chunk)`.
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |   Chunk Type  | Chunk  Flags  |        Chunk Length           |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
template <typename Visit>
void for_each_chunk(Bytes packet, Visit visit) {
  Bytes rest = packet.size() > kCommonHeader ? packet.subspan(kCommonHeader) : Bytes();
  while (rest.size() >= 4) {
    const std::size_t length = load16(&rest[2]);
    if (length < 4 || length > rest.size()) return;
    visit(rest[0], rest.first(length));
    rest = rest.subspan(std::min(rest.size(), (length + 3) & ~std::size_t{3}));
  }
}

/// RFC 9260 §6.8. Of packets that have a common header.
[[nodiscard]] bool has_right_checksum(Bytes packet);
void set_checksum(MutableBytes packet);

}  // namespace sluice::sctp
