// For a fuzzer whose every input is a whole call, and so much the same work and the same coverage as all
// others: what libFuzzer and the address sanitizer spend on top of it is most of the time. Used by
// peers_fuzz.cc.
#pragma once

#include <cstdlib>
#include <vector>

#include <openssl/crypto.h>

extern "C" {
void* __libc_malloc(std::size_t);          // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void*, std::size_t);  // NOLINT(bugprone-reserved-identifier)
void __libc_free(void*);                   // NOLINT(bugprone-reserved-identifier)
const char* __asan_default_options();      // NOLINT(bugprone-reserved-identifier)
}

/// ASAN_OPTIONS has the last word: with the usual ones to look into what was found.
extern "C" const char* __asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "quarantine_size_mb=16:malloc_context_size=8";
}

namespace sluice::fuzz {

inline void make_fast(int* argc, char*** argv) {
  // OpenSSL is not instrumented; of its thousands of allocations a handshake the sanitizer sees nothing but
  // that they were made. fuzz_dtls looks at what we hand it.
  CRYPTO_set_mem_functions([](std::size_t n, const char*, int) { return __libc_malloc(n); },
                           [](void* p, std::size_t n, const char*, int) { return __libc_realloc(p, n); },
                           [](void* p, const char*, int) { __libc_free(p); });
  // Entropic scheduling counts for every input how rare each of its features is: with tens of thousands of
  // features an input, that takes longer than a handshake, and longer with each input that is kept. The name
  // of each new function is asked of a symbolizer, which reads the whole program for it.
  static std::vector<char*> arguments(*argv, *argv + *argc);
  static char no_entropic[] = "-entropic=0";
  static char no_names[] = "-print_funcs=0";
  arguments.insert(arguments.begin() + 1, {no_entropic, no_names});
  arguments.push_back(nullptr);
  *argc += 2;
  *argv = arguments.data();
}

}  // namespace sluice::fuzz
