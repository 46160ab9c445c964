// Asks the processor for memory that is needed soon. A hint: it is never wrong, only sometimes useless.
#pragma once

#include <cstddef>

namespace sluice {

inline constexpr std::size_t kCacheLine = 64;

/// Every cache line of the `size` bytes at `start`.
inline void prefetch(const void* start, std::size_t size) {
  const char* at = static_cast<const char*>(start);
  for (std::size_t offset = 0; offset < size; offset += kCacheLine) __builtin_prefetch(at + offset);
}

}  // namespace sluice
