/* Preloaded into a worker by tests: counts the messages that the kernel is asked to cut into datagrams
   (UDP_SEGMENT), and with SLUICE_GSO_SHIM_REFUSE set answers them as an interface does that cannot. At its
   end the process leaves the count in the file that SLUICE_GSO_SHIM_FILE names. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned long asked;

int sendmmsg(int fd, struct mmsghdr* messages, unsigned int count, int flags) {
  static int refuse = -1;
  if (refuse < 0) refuse = getenv("SLUICE_GSO_SHIM_REFUSE") != NULL;
  for (unsigned int i = 0; i < count; ++i) {
    if (messages[i].msg_hdr.msg_iovlen < 2) continue;
    if (refuse && i > 0) {
      count = i;
      break;
    }
    ++asked;
    if (!refuse) continue;
    errno = EIO;
    return -1;
  }
  return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

__attribute__((destructor)) static void tell(void) {
  const char* path = getenv("SLUICE_GSO_SHIM_FILE");
  FILE* file = path == NULL ? NULL : fopen(path, "w");
  if (file == NULL) return;
  fprintf(file, "%lu\n", asked);
  fclose(file);
}
