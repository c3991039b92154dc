#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What a warm process, a *zygote*, needs to fork itself into sandboxes. It has one thread, and descriptor 3 is its
// conversation with nestbox-spawner:
//
//     nb_zygote_ready(3);
//     for (;;) {
//         struct nb_landing landing;
//         char order[NB_PAYLOAD_BYTES];
//         ssize_t length = nb_zygote_receive(3, &landing, order, sizeof order);
//         if (length < 0) exit(0);                       // the spawner is gone, or no spawner
//         struct nb_land_failure failure;
//         pid_t pid = nb_land(&landing, &failure);
//         if (pid == 0) become_what(order, length);      // a process of the sandbox
//         if (nb_zygote_landed(3, &landing, pid, &failure) != 0) exit(0);
//     }
//
// An interpreter with a lock of its own (Python's GIL) holds it across nb_land, and does before and after what it does
// around its own fork: glibc's atfork handlers run, the interpreter's do not.

#ifdef __cplusplus
extern "C" {
#endif

#define NB_NAMESPACE_COUNT 7
#define NB_CGROUP_MAX 8
#define NB_PAYLOAD_BYTES (32 << 10)
#define NB_LAND_STEP_BYTES 64

/// A sandbox to land in: descriptors that are the caller's until nb_zygote_landed.
struct nb_landing {
    /// net, user, ipc, uts, pid, mnt, cgroup.
    int namespaces[NB_NAMESPACE_COUNT];
    /// Files to write "0" to, open for it.
    int cgroups[NB_CGROUP_MAX];
    int cgroup_count;
};

/// The step that was refused, in words, and its errno.
struct nb_land_failure {
    int32_t error_number;
    char step[NB_LAND_STEP_BYTES];
};

/// Says that the process is warm, having put its memory into large pages where it can. 0, or -1 with errno.
int nb_zygote_ready(int socket);

/// Waits for the next order, answering pings meanwhile. Answers the length of the payload that it wrote, which may be
/// 0, or -1: the spawner is gone (errno 0), or what came is no order (errno); either way the zygote is to end.
ssize_t nb_zygote_receive(int socket, struct nb_landing *landing, char *payload, size_t size);

/// Forks into the sandbox. As fork does, it returns twice: in the zygote with the number that the new process has in
/// the sandbox, and in that process, whose parent is the sandbox's first, with 0. There every descriptor is closed but
/// 0, 1 and 2, which are the sandbox's /dev/null; the directory is its root; the signals' handlers are the zygote's.
/// -1 with the failure filled in if nothing landed; the zygote is as it was.
pid_t nb_land(const struct nb_landing *landing, struct nb_land_failure *failure);

struct nb_stretch {
    uintptr_t start;
    size_t bytes;
};

/// Gives this process copies of its own of pages that it shares with the one it was forked from, before it writes to
/// them: all at once they cost a fraction of a fault for each. What can not be copied now is when it is written to.
void nb_copy_pages(const struct nb_stretch *stretches, size_t count);

/// Tells what nb_land answered, and closes the landing's descriptors. 0, or -1 with errno: the zygote is to end.
int nb_zygote_landed(int socket, struct nb_landing *landing, pid_t pid, const struct nb_land_failure *failure);

#ifdef __cplusplus
}
#endif
