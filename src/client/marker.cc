#include "client/marker.h"

#include "base/check.h"

namespace sluice::client {
namespace {

constexpr std::uint64_t kPrime = 0x9E3779B97F4A7C15ULL;
constexpr std::uint64_t kTimeMask = 0x00FFFFFFFFFFFFFFULL;

std::uint64_t word_at(const std::uint8_t* at, std::size_t size) {
  std::uint64_t out = 0;
  std::memcpy(&out, at, size);
  return out;
}

/// A sum over words, each mixed with its place: it tells damage and exchange apart, and costs little at the
/// rates that peers receive. Four lanes, so that a core can work on them side by side.
std::uint32_t checksum(Bytes bytes) {
  std::uint64_t lanes[4] = {kPrime, kPrime << 1, kPrime << 2, kPrime << 3};
  std::size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      lanes[lane] = (lanes[lane] ^ word_at(bytes.data() + at + 8 * lane, 8)) * kPrime;
      lanes[lane] ^= lanes[lane] >> 29;
    }
  }
  std::uint64_t sum = bytes.size();
  for (const std::uint64_t lane : lanes) sum = (sum ^ lane) * kPrime + (sum >> 31);
  for (; at < bytes.size(); at += 8) {
    sum = (sum ^ word_at(bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at))) * kPrime;
    sum ^= sum >> 32;
  }
  return static_cast<std::uint32_t>((sum * kPrime) >> 32);
}

}  // namespace

void Marker::write(MutableBytes payload) const {
  SLUICE_CHECK(payload.size() >= kSize);
  std::uint8_t* at = payload.data() + payload.size() - kSize;
  const auto time = static_cast<std::uint64_t>(sent_at.time_since_epoch().count());
  store32(at, stream);
  store32(at + 4, counter);
  store64(at + 8, std::uint64_t{layer} << 56 | (time & kTimeMask));
  store32(at + 16, checksum(payload.first(payload.size() - 4)));
}

std::optional<Marker> Marker::parse(Bytes payload) {
  if (payload.size() < kSize) return std::nullopt;
  const std::uint8_t* at = payload.data() + payload.size() - kSize;
  if (load32(at + 16) != checksum(payload.first(payload.size() - 4))) return std::nullopt;
  const std::uint64_t time = load64(at + 8);
  return Marker{load32(at), load32(at + 4), Instant(Duration(static_cast<std::int64_t>(time & kTimeMask))),
                static_cast<std::uint8_t>(time >> 56)};
}

}  // namespace sluice::client
