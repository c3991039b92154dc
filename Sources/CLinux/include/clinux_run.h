#pragma once

#include <stdint.h>
#include <sys/types.h>

/// Blocks the signals that are forwarded to a box, and answers a descriptor that reads them; -1 with errno.
int nb_run_signals(void);

enum nb_run_end { NB_RUN_ENDED, NB_RUN_TIMED_OUT, NB_RUN_FAILED };

/// Waits until `pidfd` ends, at most `timeout_milliseconds` (-1: for ever), writing the signals that come to `control`,
/// one byte each. Stops with SIGTSTP and continues the box together with the caller. Reaps the process into `status`.
enum nb_run_end nb_run_wait(int pidfd, int signals, int control, int64_t timeout_milliseconds, int *status);

/// Maps `count` users from `user_inside` on of the process's new user namespace to those from `user_outside` on, and
/// the same with the groups. `denies_groups` is for callers without privilege. -1 with errno.
int nb_run_map(
    pid_t pid, uint32_t user_inside, uint32_t user_outside, uint32_t group_inside, uint32_t group_outside,
    uint32_t count, int denies_groups);

/// A user namespace with such a map: the shape of a mount that shows some users' files as others'. Answers its
/// descriptor, or -1 with errno.
int nb_run_id_map(
    uint32_t user_inside, uint32_t user_outside, uint32_t group_inside, uint32_t group_outside, uint32_t count);
