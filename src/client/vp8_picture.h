// A picture in VP8 (RFC 6386) that every decoder takes, at any size and in few bytes: plain grey. Made for
// synthetic peers, whose video must be decodable by browsers and recorders, not only look like it.
#pragma once

#include "client/clip.h"

namespace sluice::client {

/// A still of `width` x `height` pixels, each 1 to 16383. A macroblock costs 3.4 bits of the key frame.
VideoClip make_still(std::uint16_t width, std::uint16_t height);

}  // namespace sluice::client
