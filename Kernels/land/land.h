#pragma once

#include "nestbox_land.h"

#include <errno.h>
#include <string.h>

// Shared by the library's files, and by nobody else.

#define NB_HIDDEN __attribute__((visibility("hidden")))

#define NB_NAMESPACE_COUNT 7
#define NB_CGROUP_MAX 8
#define NB_LAND_STEP_BYTES 64

/// A sandbox to land in.
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

static inline void nb_fill(struct nb_land_failure *failure, const char *step, int number) {
    size_t length = strlen(step);
    if (length > sizeof failure->step - 1) length = sizeof failure->step - 1;
    memset(failure, 0, sizeof *failure);
    failure->error_number = number;
    memcpy(failure->step, step, length);
}

/// Waits for the next order, answering pings meanwhile. The length of the payload that it wrote, which may be 0; the
/// landing's descriptors are the caller's. -1: the spawner is gone (errno 0), or what came is no order (errno).
NB_HIDDEN ssize_t nb_receive_order(int socket, struct nb_landing *landing, char *payload, size_t size);
/// Moves this process into the sandbox, and takes the landing's descriptors. Answers
///
/// - 0 in the sandbox, as `nb_zygote_serve` promises it. What this process was before has told the spawner and ended
///   with status 0;
/// - 1 if nothing landed and the spawner was told why; the process is as it was;
/// - -1 with errno if the spawner cannot be told.
///
/// Where something went wrong once another had the memory it tells the spawner, and ends with status 0.
NB_HIDDEN int nb_land(int socket, struct nb_landing *landing);
/// Tells the spawner of a landing: the landed one's number, or else the failure. 0, or -1 with errno.
NB_HIDDEN int nb_answer(int socket, pid_t landed, const struct nb_land_failure *failure);
/// Closes the landing's descriptors and tells the spawner that nothing landed: 1, or -1 with errno if it is not heard.
NB_HIDDEN int nb_decline(int socket, const struct nb_landing *landing, const char *step, int number);
/// Becomes what every other process of the sandbox's root is, and writes a failure without a number to `report`.
/// Returns only if that was heard; else ends, having written which step was refused.
NB_HIDDEN void nb_settle(int report);
/// Once the memory is nobody else's: gives the process's owner the rights over it that he has over any of his, and the
/// kernel what it has to know of it. 0, or -1.
NB_HIDDEN int nb_surface(void);
/// Gives this process copies of its own of pages that it shares with the one it was forked from. What can not be
/// copied now is when it is written to.
NB_HIDDEN void nb_copy_pages(const struct nb_stretch *stretches, size_t count);
/// Puts this process's memory into large pages where it can, so that a fork has few of them to copy.
NB_HIDDEN void nb_gather_pages(void);
