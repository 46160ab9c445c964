// What the preloaded malloc_count and the benchmark share: one mapped file. C and C++ both read it, so the
// counters are plain words, touched with the compiler's atomic builtins.
#ifndef SLUICE_TEST_BENCH_MALLOC_PAGE_H
#define SLUICE_TEST_BENCH_MALLOC_PAGE_H

#include <stdint.h>

#define SLUICE_MALLOC_FRAMES 12
#define SLUICE_MALLOC_STACKS 128

// One place that allocates; free while `count` is 0.
struct sluice_malloc_stack {
  uint64_t hash;
  uint64_t count;
  uint64_t frames[SLUICE_MALLOC_FRAMES];  // Return addresses, innermost first; 0 ends them.
};

struct sluice_malloc_page {
  uint64_t allocations;
  uint64_t live_bytes;  // Usable sizes of what is allocated and not freed.
  uint64_t tracing;     // Written by the benchmark: not 0 while stacks are to be noted.
  uint64_t lost;        // Traced allocations that found no room in `stacks`.
  struct sluice_malloc_stack stacks[SLUICE_MALLOC_STACKS];
};

#endif
