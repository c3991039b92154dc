#pragma once

#include <stdint.h>
#include <sys/types.h>

/// Blocks the signals that are forwarded to a box, and answers a descriptor that reads them; -1 with errno.
int nb_run_signals(void);

/// A pipe that no program inherits.
int nb_run_pipe(int ends[2]);

enum nb_run_end { NB_RUN_ENDED, NB_RUN_TIMED_OUT, NB_RUN_FAILED };

/// Waits until `pidfd` ends, at most `timeout_milliseconds` (-1: for ever), writing the signals that come to `control`,
/// one byte each. Stops with SIGTSTP and continues the box together with the caller. Reaps the process into `status`.
/// A pipe that no program inherits.
int nb_run_pipe(int ends[2]);

enum nb_run_end nb_run_wait(int pidfd, int signals, int control, int64_t timeout_milliseconds, int *status);

/// Maps the single user `inside` of the process's new user namespace to `outside`, and the same with the group.
/// `denies_groups` is for callers without privilege. -1 with errno.
int nb_run_map(
    pid_t pid, uint32_t user_inside, uint32_t user_outside, uint32_t group_inside, uint32_t group_outside,
    int denies_groups);

/// A user namespace that maps `user_inside` to `user_outside`, and the same with the group: the shape of a mount that
/// shows one user's files as another's. Answers its descriptor, or -1 with errno.
int nb_run_id_map(uint32_t user_inside, uint32_t user_outside, uint32_t group_inside, uint32_t group_outside);
