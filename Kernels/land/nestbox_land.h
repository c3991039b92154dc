#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What a warm process, a *zygote*, needs for forks of itself to land in sandboxes. It has one thread, and descriptor 3
// is its conversation with nestbox-spawner:
//
//     nb_zygote_ready(3);
//     static char order[NB_PAYLOAD_BYTES];
//     size_t length = nb_zygote_serve(3, NULL, 0, order, sizeof order);
//     become_what(order, length);  // in one sandbox after the other
//
// There is always one fork ready, which takes the next order and moves into the sandbox with all of its memory. So
// nothing has to be copied when an order comes, and the zygote's own memory never sees what an order says.
//
// An interpreter with a lock of its own (Python's GIL) holds it across nb_zygote_serve, and does before and after what
// it does around its own fork: glibc's atfork handlers run, the interpreter's do not.

#ifdef __cplusplus
extern "C" {
#endif

/// No order is longer.
#define NB_PAYLOAD_BYTES (32 << 10)

struct nb_stretch {
    uintptr_t start;
    size_t bytes;
};

/// Says that the process is warm, having put its memory into large pages where it can. 0, or -1 with errno.
int nb_zygote_ready(int socket);

/// Forks, into as many sandboxes as it is asked to; the process itself never comes back. What lands has copies of its
/// own of the pages in `stretches`, before it writes to them: all at once they cost a fraction of a fault for each.
///
/// Returns in the sandbox, with the length of the order's payload, which is in `payload`. The parent is the sandbox's
/// first process; every descriptor is closed but 0, 1 and 2, which are the sandbox's /dev/null; the directory is its
/// root; the handlers of signals are the zygote's; the process has another number than before.
///
/// The process ends with status 0 when the spawner is gone, with 1 if it can not go on. SIGCHLD must not be ignored.
size_t nb_zygote_serve(
    int socket, const struct nb_stretch *stretches, size_t stretch_count, char *payload, size_t size);

#ifdef __cplusplus
}
#endif
