/* Preloaded into user-mode Linux. Its kernel keeps less of a processor's extended state than new processors have, and the host
   refuses to set less than all of it. What user-mode Linux does not keep is set to what the traced process has. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static unsigned char state[1 << 16];

long ptrace(enum __ptrace_request request, ...) {
  static long (*next)(enum __ptrace_request, ...);
  if (next == NULL) next = dlsym(RTLD_NEXT, "ptrace");
  va_list rest;
  va_start(rest, request);
  const int process = va_arg(rest, int);
  void *const address = va_arg(rest, void *);
  void *const data = va_arg(rest, void *);
  va_end(rest);
  if (request != PTRACE_SETREGSET || address != (void *)NT_X86_XSTATE) return next(request, process, address, data);
  const struct iovec *given = data;
  struct iovec whole = {state, sizeof state};
  if (next(PTRACE_GETREGSET, process, address, &whole) != 0) return -1;
  memcpy(state, given->iov_base, given->iov_len < whole.iov_len ? given->iov_len : whole.iov_len);
  return next(PTRACE_SETREGSET, process, address, &whole);
}
