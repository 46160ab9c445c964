// A received media packet after ingress: plain, parsed once, known to a producer. Immutable from here on;
// consumers only read it.
#pragma once

#include <array>

#include "base/bytes.h"
#include "codec/codec.h"
#include "rtp/header_extensions.h"
#include "rtp/packet_view.h"
#include "sfu/frame_tracker.h"
#include "sluice/packet.h"

namespace sluice::sfu {

/// Values of the extensions in a packet by what they are; empty where absent. Found once, whatever the number
/// of consumers.
using ExtensionValues = std::array<Bytes, rtp::kExtensionCount>;

/// What is kept of a packet for those who miss it.
struct StoredPacket {
  PacketRef packet;
  rtp::PacketView view;  ///< Of the media stream, also when the packet came as RTX.
  codec::FrameFacts facts;
  std::uint8_t stream = 0;  ///< Which of the producer's streams: its place among the encodings.
  std::uint8_t tag = 0;  ///< The same, and how often the stream began anew: tells its numbers from others'.
  bool newest = true;    ///< Ahead of all its stream's packets before it.
  std::uint16_t picture = 0;  ///< Picture id, widened; means something where facts.picture has one.
  std::uint32_t order = 0;    ///< Counts what the producer has received.
  FrameSpan span;             ///< Means something when newest.
};

struct MediaPacket : StoredPacket {
  ExtensionValues extensions{};
};

}  // namespace sluice::sfu
