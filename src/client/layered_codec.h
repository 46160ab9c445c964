// What synthetic layered media claims to be, and how its frames refer to each other. Used by LayeredSource
// and by those who judge what became of its packets.
#pragma once

#include <cstdint>

#include "packetize/scalability.h"

namespace sluice::client {

enum class LayeredCodec : std::uint8_t { kVp8, kVp9, kAv1 };

using packetize::Scalability;

}  // namespace sluice::client
