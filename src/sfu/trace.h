// The contents of trace events (mediasoup: enableTraceEvent). Only made for who asked for them.
#pragma once

#include <cstdint>
#include <string>

#include "sfu/media_packet.h"
#include "sluice/time.h"

namespace sluice::sfu {

inline std::uint64_t to_trace_time(Instant now) {
  return static_cast<std::uint64_t>(duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
}

/// JSON: header fields, sizes, layers.
std::string trace_info(const StoredPacket& packet);
/// Of a NACK, PLI or FIR on this SSRC.
std::string trace_info(Ssrc ssrc);

}  // namespace sluice::sfu
