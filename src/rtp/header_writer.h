// Writes an RTP header with its extensions into a send slot (RFC 3550 §5.1, RFC 8285).
//
// Called by egress and transport/send for every packet and viewer: no allocation, one pass. The places of
// abs-send-time and the transport-wide number are given back, as both are known only when the packet leaves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtp/header_extensions.h"

namespace sluice::rtp {

struct Header {
  bool marker = false;
  bool padding = false;  ///< The P bit; the caller appends the padding itself.
  PayloadType payload_type;
  SequenceNumber sequence_number;
  RtpTimestamp timestamp;
  Ssrc ssrc;
  std::span<const Ssrc> csrcs{};  ///< At most 15.
};

/// An extension to write. A value that is filled in late is written as blank().
struct ExtensionToWrite {
  Extension extension = Extension::kMid;
  std::uint8_t id = 0;  ///< 1..255 except 15; others are left out.
  Bytes value{};        ///< At most 255 bytes.
};

/// `n` zero bytes to hold the place of a value, n <= 16.
Bytes blank(std::size_t n);

struct WrittenHeader {
  std::size_t size = 0;             ///< Bytes of header: where the payload starts.
  std::uint16_t abs_send_time = 0;  ///< Offset of the three bytes; 0 when not written.
  std::uint16_t transport_cc = 0;   ///< Offset of the two bytes; 0 when not written.
};

/// Nothing when `out` is too small. One-byte extension headers where every id is at most 14 and every value
/// has 1 to 16 bytes, two-byte headers otherwise (the peer must then have agreed to them:
/// a=extmap-allow-mixed).
std::optional<WrittenHeader> write_header(MutableBytes out, const Header& header,
                                          std::span<const ExtensionToWrite> extensions);

}  // namespace sluice::rtp
