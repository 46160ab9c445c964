// Retransmission payload format (RFC 4588 §4): a lost packet again, on its own SSRC, behind its original
// number.
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                         RTP Header                            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |            OSN                |                               |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               |
// |                  Original RTP Packet Payload                  |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// Wrapping: write_header with the RTX SSRC, payload type and number and the original timestamp and marker,
// then write_osn, then the original payload.
#pragma once

#include <optional>

#include "rtp/packet_view.h"

namespace sluice::rtp {

inline constexpr std::size_t kOsnSize = 2;

/// The packet that this RTX packet repeats, under the SSRC and payload type of the media stream. Nothing when
/// there is no original sequence number: browsers probe with padding-only packets on the RTX SSRC.
inline std::optional<PacketView> unwrap_rtx(const PacketView& rtx, Ssrc media_ssrc, PayloadType media_type) {
  const Bytes payload = rtx.payload();
  if (payload.size() < kOsnSize) return std::nullopt;
  return rtx.with_identity(media_ssrc, media_type, {load16(payload.data())}, kOsnSize);
}

/// `out`: two bytes.
inline void write_osn(std::uint8_t* out, SequenceNumber original) {
  store16(out, original.value);
}

}  // namespace sluice::rtp
