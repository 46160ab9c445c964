#include "base/random.h"

namespace sluice {

Random::Seed Random::expand(std::uint64_t seed) {
  Seed out{};
  store64(out.data(), seed);
  return out;
}

void Random::refill() {
  stream_.fill(buffer_);
  used_ = 0;
}

std::uint32_t Random::u32() {
  if (used_ + 4 > buffer_.size()) refill();
  const std::uint32_t value = load32(buffer_.data() + used_);
  used_ += 4;
  return value;
}

std::uint64_t Random::u64() {
  const std::uint64_t high = u32();
  return (high << 32) | u32();
}

std::uint32_t Random::below(std::uint32_t bound) {
  const std::uint32_t threshold = (0U - bound) % bound;  // rejects the uneven tail
  for (;;) {
    const std::uint32_t value = u32();
    if (value >= threshold) return value % bound;
  }
}

double Random::unit() {
  return static_cast<double>(u64() >> 11) * 0x1.0p-53;
}

std::string Random::ice_chars(std::size_t length) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out(length, '\0');
  for (char& c : out) c = kAlphabet[u32() & 63];
  return out;
}

}  // namespace sluice
