// The seeds of generated cases.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <vector>

namespace sluice {

/// `count` seeds from `first` on; SLUICE_SEEDS=20 in the environment makes it twenty times as many, for a
/// long search, SLUICE_SEED=7 that one alone.
inline std::vector<std::uint64_t> seeds(std::uint64_t first, std::uint64_t count) {
  if (const char* only = std::getenv("SLUICE_SEED")) return {std::strtoull(only, nullptr, 10)};
  const char* factor = std::getenv("SLUICE_SEEDS");
  if (factor != nullptr) count *= std::strtoull(factor, nullptr, 10);
  std::vector<std::uint64_t> out(count);
  std::iota(out.begin(), out.end(), first);
  return out;
}

}  // namespace sluice
