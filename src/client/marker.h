// What ends a synthetic payload so that a receiver can tell who made it, where it belongs, when it was sent
// and that it is whole. Decoders never see it: it lies where VP8 has bytes that no macroblock reads, and in
// the padding of Opus (media_unit.h).
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// :  the coded data before it                                     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                           stream id                           |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                        packet counter                         |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |     layer     |        send time (µs, 56 bits)                |
// |                                                               |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                           checksum                            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// The checksum covers all that stands before it. VP8's payload descriptor is not part of it: a server may
// rewrite that.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "sluice/time.h"

namespace sluice::client {

struct Marker {
  static constexpr std::size_t kSize = 20;

  std::uint32_t stream = 0;
  std::uint32_t counter = 0;  ///< Of the packets of this stream and layer.
  Instant sent_at{};
  std::uint8_t layer = 0;  ///< Which of a track's encodings.
  friend bool operator==(const Marker&, const Marker&) = default;

  /// Nothing when `payload` does not end in a marker that fits the bytes before it.
  static std::optional<Marker> parse(Bytes payload);
  /// Fills the last kSize bytes of `payload`; what stands before them must be there already.
  void write(MutableBytes payload) const;
};

}  // namespace sluice::client
