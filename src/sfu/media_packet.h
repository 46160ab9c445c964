// A received media packet after ingress: plain, parsed once, known to a producer. Immutable from here on;
// consumers only read it.
#pragma once

#include <array>

#include "base/bytes.h"
#include "codec/codec.h"
#include "rtp/header_extensions.h"
#include "rtp/packet_view.h"
#include "sluice/packet.h"

namespace sluice::sfu {

/// Values of the extensions in a packet by what they are; empty where absent. Found once, whatever the number
/// of consumers.
using ExtensionValues = std::array<Bytes, rtp::kExtensionCount>;

struct MediaPacket {
  PacketRef packet;
  rtp::PacketView view;  ///< Of the media stream, also when the packet came as RTX.
  codec::FrameFacts facts;
  ExtensionValues extensions{};
};

}  // namespace sluice::sfu
