#include "client/marker.h"

#include "base/check.h"

namespace sluice::client {
namespace {

std::uint32_t checksum(std::uint32_t stream, std::uint32_t counter, std::uint64_t sent_at,
                       std::size_t filler) {
  std::uint64_t h = (std::uint64_t{stream} << 32 | counter) * 0x9E3779B97F4A7C15ULL;
  h = (h ^ (h >> 29) ^ sent_at) * 0xD6E8FEB86659FD93ULL;
  h = (h ^ (h >> 32) ^ filler) * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::uint32_t>(h >> 32);
}

}  // namespace

void Marker::write(MutableBytes rest) const {
  SLUICE_CHECK(rest.size() >= kSize);
  const auto at = static_cast<std::uint64_t>(sent_at.time_since_epoch().count());
  const std::size_t filler = rest.size() - kSize;
  store32(rest.data(), stream);
  store32(rest.data() + 4, counter);
  store64(rest.data() + 8, at);
  store32(rest.data() + 16, checksum(stream, counter, at, filler));
  std::memset(rest.data() + kSize, static_cast<int>(counter & 0xFF), filler);
}

std::optional<Marker> Marker::parse(Bytes rest) {
  if (rest.size() < kSize) return std::nullopt;
  const Marker marker{load32(rest.data()), load32(rest.data() + 4),
                      Instant(Duration(static_cast<std::int64_t>(load64(rest.data() + 8))))};
  const Bytes filler = rest.subspan(kSize);
  if (load32(rest.data() + 16) !=
      checksum(marker.stream, marker.counter, load64(rest.data() + 8), filler.size()))
    return std::nullopt;
  const auto byte = static_cast<std::uint8_t>(marker.counter);
  for (const std::uint8_t b : filler) {
    if (b != byte) return std::nullopt;
  }
  return marker;
}

}  // namespace sluice::client
