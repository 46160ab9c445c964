// What a synthetic payload carries so that a receiver can tell who made it, where it belongs, when it was
// sent and that it is whole.
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                           stream id                           |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                        packet counter                         |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                      send time (µs, 64 bits)                  |
// |                                                               |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                           checksum                            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |  filler: the counter's low byte, to the end of the payload …
//
// It follows the codec's own headers. The checksum covers the fields and the length of the filler.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "sluice/time.h"

namespace sluice::client {

struct Marker {
  static constexpr std::size_t kSize = 20;

  std::uint32_t stream = 0;
  std::uint32_t counter = 0;
  Instant sent_at{};
  friend bool operator==(const Marker&, const Marker&) = default;

  /// `rest`: the payload behind the codec's headers. Nothing when it is not a whole marker and its filler.
  static std::optional<Marker> parse(Bytes rest);
  /// Fills all of `rest`, which is at least kSize bytes.
  void write(MutableBytes rest) const;
};

}  // namespace sluice::client
