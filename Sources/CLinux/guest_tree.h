#pragma once

#include <sys/types.h>

// All that descends from a supervisor: the caller, which is a subreaper, so that orphans become its children.

/// Reaps who is dead already. `status` and `ended` are set when `command` was among them.
/// Answers 1 if there are no children left.
int guest_reap(pid_t command, int *status, int *ended);

/// Stops all first, so that nothing forks out of the way, then kills. No children left means no descendants left.
/// `is_sandbox`: whether all processes to be seen are the sandbox's. Answers 0 when the tree is gone, 1 if the time was
/// up before.
int guest_kill_tree(pid_t command, int is_sandbox, int *status, int *ended);
