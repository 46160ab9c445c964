#include "packetize/vp9_superframe.h"

#include <algorithm>

namespace sluice::packetize {
namespace {

// Annex B.3: 110, bytes of a size less one (2 bits), frames less one (3 bits).
constexpr std::uint8_t kMarker = 0xC0;
constexpr std::uint8_t kMarkerMask = 0xE0;

}  // namespace

//  +-+-+-+-+-+-+-+-+
//  |1|1|0|mag| count|   then `count` + 1 sizes, little-endian, of `mag` + 1 bytes; then that byte again
//  +-+-+-+-+-+-+-+-+
Vp9Superframe Vp9Superframe::parse(Bytes picture) {
  Vp9Superframe whole;
  whole.frames[0] = picture;
  whole.count = 1;
  if (picture.empty() || (picture.back() & kMarkerMask) != kMarker) return whole;
  const std::size_t count = (picture.back() & 7U) + 1;
  const std::size_t bytes = (picture.back() >> 3 & 3U) + 1;
  const std::size_t index = 2 + bytes * count;
  if (picture.size() < index || picture[picture.size() - index] != picture.back()) return whole;
  Vp9Superframe out;
  Bytes frames = picture.first(picture.size() - index);
  Bytes sizes = picture.subspan(frames.size() + 1);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t size = 0;
    for (std::size_t b = bytes; b-- > 0;) size = size << 8 | sizes[b];
    sizes = sizes.subspan(bytes);
    if (size > frames.size()) return whole;
    if (size == 0) continue;
    out.frames[out.count++] = frames.first(size);
    frames = frames.subspan(size);
  }
  return frames.empty() && out.count > 0 ? out : whole;
}

void Vp9Superframe::append_index(std::vector<std::uint8_t>& out,
                                 const std::array<std::uint32_t, kMaxFrames>& sizes, std::size_t count) {
  const std::uint32_t largest = *std::max_element(sizes.begin(), sizes.begin() + static_cast<long>(count));
  std::size_t bytes = 1;
  while (bytes < 4 && (largest >> (8 * bytes)) != 0) ++bytes;
  const auto marker = static_cast<std::uint8_t>(kMarker | (bytes - 1) << 3 | (count - 1));
  out.push_back(marker);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t b = 0; b < bytes; ++b) out.push_back(static_cast<std::uint8_t>(sizes[i] >> (8 * b)));
  }
  out.push_back(marker);
}

}  // namespace sluice::packetize
