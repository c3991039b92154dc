#pragma once

#include <stdint.h>
#include <sys/types.h>

/// Blocks the signals that are forwarded to a box, and answers a descriptor that reads them; -1 with errno.
int nb_run_signals(void);

/// A terminal of the box's own, relayed to the caller's.
struct nb_run_terminal {
    int master;
    /// The caller's standard streams, while the box's are in their place.
    int kept[3];
};

/// If the caller's standard input and output are a terminal that it has in the foreground, makes one for the box and
/// puts it in their place (and standard error's, if that is one, too). Answers 1, or 0 if there is none, or -1 with
/// errno.
int nb_run_terminal_open(struct nb_run_terminal *terminal);
/// Once the box is cloned: puts the caller's streams back.
void nb_run_terminal_restore(struct nb_run_terminal *terminal);

enum nb_run_end { NB_RUN_ENDED, NB_RUN_TIMED_OUT, NB_RUN_FAILED };

/// Waits until `pidfd` ends, at most `timeout_milliseconds` (-1: for ever), writing the signals that come to `control`,
/// one byte each, and relaying the terminal behind `master` (-1: none). Stops with SIGTSTP and continues the box
/// together with the caller. Reaps the process into `status`.
enum nb_run_end nb_run_wait(
    int pidfd, int signals, int control, int master, int64_t timeout_milliseconds, int *status);

/// Maps `count` users from `user_inside` on of the process's new user namespace to those from `user_outside` on, and
/// the same with the groups. `denies_groups` is for callers without privilege. -1 with errno.
int nb_run_map(
    pid_t pid, uint32_t user_inside, uint32_t user_outside, uint32_t group_inside, uint32_t group_outside,
    uint32_t count, int denies_groups);

/// A user namespace with such a map: the shape of a mount that shows some users' files as others'. Answers its
/// descriptor, or -1 with errno.
int nb_run_id_map(
    uint32_t user_inside, uint32_t user_outside, uint32_t group_inside, uint32_t group_outside, uint32_t count);
