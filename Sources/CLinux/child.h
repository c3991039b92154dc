#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "include/clinux_spawn.h"

// Shared by the files whose code runs between a clone and an exec: async-signal-safe calls only.

static inline void nb_fill_failure(struct nb_failure *failure, const char *step, const char *detail) {
    failure->error_number = errno;
    size_t length = strlen(step), more = detail != NULL ? strlen(detail) : 0;
    if (length > NB_STEP_NAME_BYTES - 2) length = NB_STEP_NAME_BYTES - 2;
    if (more > NB_STEP_NAME_BYTES - 2 - length) more = NB_STEP_NAME_BYTES - 2 - length;
    memcpy(failure->step, step, length);
    failure->step[length] = more != 0 ? ' ' : 0;
    if (more != 0) memcpy(failure->step + length + 1, detail, more);
    failure->step[length + 1 + more] = 0;
}

/// Tells the parent which step was refused, and ends.
static inline _Noreturn void nb_child_fail(int report, const char *step, const char *detail) {
    struct nb_failure failure = {0};
    nb_fill_failure(&failure, step, detail);
    ssize_t written = write(report, &failure, sizeof failure);
    _exit(written == (ssize_t)sizeof failure ? 126 : 127);
}

/// clone3 without shared memory: returns twice, as fork does.
pid_t nb_clone3(uint64_t flags, int exit_signal, int cgroup, int *pidfd);
/// Runs `body(argument)` in a child that shares memory and descriptors, and waits for it to end. Signals are blocked.
/// Answers 0 if it ended with 0, else -1 with the errno that `body` left.
int nb_in_helper(int (*body)(void *), void *argument);
/// Makes the mounts of this mount namespace private, and the directory `.`, a mount, the root and only mount.
int nb_pivot_here(void);
/// Drops all of the bounding set but `kept`, and what is inheritable.
int nb_drop_capabilities(uint64_t kept);
/// Keeps `kept` and no other capability, also for an ordinary user and across exec. Within the bounding set.
int nb_keep_capabilities(uint64_t kept);
/// Writes `text` to the existing file `path` in one call.
int nb_write_file(const char *path, const char *text);
/// This process, the host's root, acts as `id` from here on and keeps its capabilities. What is used in a user
/// namespace that it makes then is counted against `id`.
int nb_act_as(uint32_t id);
/// Lowers this process's limits, as far as they are higher.
int nb_lower_limits(const struct nb_limit *limits, size_t count);
/// Gives up every capability this process holds now.
int nb_clear_capabilities(void);
/// Brings `lo` up in this network namespace.
int nb_raise_loopback(void);
/// Runs steps in a new stage until the end; `failed` is the refused one's index. `stage` and `stage_options` may be
/// NULL, for the directory `stage` and a small tmpfs. Leaves the current directory changed.
int nb_run_steps(
    const struct nb_step *steps, size_t count, const char *stage, const char *stage_options, size_t *failed);
/// The first process from here on, if it stays: starts the program and looks after it.
_Noreturn void nb_stay_first(const struct nb_launch *launch, int report);
