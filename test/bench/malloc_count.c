/* Preloaded into a process under measurement: counts every heap allocation, the bytes in use and, while asked
 * to, where allocations come from.
 *
 * The counters live in the file that SLUICE_MALLOC_COUNT names, mapped shared, so that the benchmark can read
 * them while the process runs. */
#define _GNU_SOURCE
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "malloc_page.h"

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);
extern void __libc_free(void*);

static struct sluice_malloc_page before_mapping;
static struct sluice_malloc_page* page = &before_mapping;
static _Thread_local int inside; /* backtrace() may allocate */

__attribute__((constructor)) static void map_page(void) {
  void* warm_up[2];
  backtrace(warm_up, 2); /* loads the unwinder, which allocates */
  const char* path = getenv("SLUICE_MALLOC_COUNT");
  if (path == NULL) return;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* shared = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (shared == MAP_FAILED) return;
  *(struct sluice_malloc_page*)shared = before_mapping;
  page = shared;
}

static void add(uint64_t* counter, uint64_t n) {
  __atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

static void note_stack(void) {
  void* frames[SLUICE_MALLOC_FRAMES + 1] = {0};
  if (inside) return;
  inside = 1;
  int count = backtrace(frames, SLUICE_MALLOC_FRAMES + 1);
  inside = 0;
  uint64_t hash = 1469598103934665603ULL;
  for (int i = 1; i < count; ++i) hash = (hash ^ (uint64_t)frames[i]) * 1099511628211ULL;
  for (unsigned i = 0; i < SLUICE_MALLOC_STACKS; ++i) {
    struct sluice_malloc_stack* stack = &page->stacks[(hash + i) % SLUICE_MALLOC_STACKS];
    uint64_t free_slot = 0;
    if (stack->hash != hash &&
        !__atomic_compare_exchange_n(&stack->hash, &free_slot, hash, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      continue;
    for (int j = 1; j < count; ++j) stack->frames[j - 1] = (uint64_t)frames[j];
    add(&stack->count, 1);
    return;
  }
  add(&page->lost, 1);
}

static void* counted(void* block) {
  if (block == NULL) return NULL;
  add(&page->allocations, 1);
  add(&page->live_bytes, malloc_usable_size(block));
  if (page->tracing) note_stack();
  return block;
}

void* malloc(size_t size) {
  return counted(__libc_malloc(size));
}
void* calloc(size_t n, size_t size) {
  return counted(__libc_calloc(n, size));
}
void free(void* block) {
  if (block != NULL) add(&page->live_bytes, -(uint64_t)malloc_usable_size(block));
  __libc_free(block);
}
void* realloc(void* block, size_t size) {
  const uint64_t before = block == NULL ? 0 : malloc_usable_size(block);
  void* moved = __libc_realloc(block, size);
  if (moved != NULL || size == 0) add(&page->live_bytes, -before);
  return counted(moved);
}
void* memalign(size_t alignment, size_t size) {
  return counted(__libc_memalign(alignment, size));
}
void* aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}
int posix_memalign(void** out, size_t alignment, size_t size) {
  *out = memalign(alignment, size);
  return *out == NULL ? 12 : 0;
}
