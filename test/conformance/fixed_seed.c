/* Preloaded into a worker by tests: its random numbers are the same each time, so that two controllers'
   workers answer alike to the byte. OpenSSL asks the kernel by itself, not through this function; the
   certificate is given as a file. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/types.h>

ssize_t getrandom(void* buffer, size_t length, unsigned int flags) {
  (void)flags;
  memset(buffer, 7, length);
  return (ssize_t)length;
}
