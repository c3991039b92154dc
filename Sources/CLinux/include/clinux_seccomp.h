#pragma once
#include <stddef.h>
#include <stdbool.h>

/// Installs a filter of `size` bytes of `struct sock_filter` for this thread, or for all threads of the process. The
/// caller has set no_new_privs or holds CAP_SYS_ADMIN. 0, or -1 with errno. Async-signal-safe.
int clinux_seccomp_load(const void *filter, size_t size, bool all_threads);

/// syscall(2), which Swift cannot import.
long clinux_syscall(long number, long a, long b, long c, long d, long e, long f);
