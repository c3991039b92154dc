#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What one step does. Paths are relative to the stage, a tmpfs of the box's own, and after NB_STEP_ENTER to the root;
/// no step follows a symbolic link on its way, and none can climb out.
enum nb_step_kind {
    /// Makes directory `path` with `mode`; one that is there already stays as it is.
    NB_STEP_DIRECTORY = 1,
    /// Makes file `path` with `mode` and `source` as its text, in place of what has the name.
    NB_STEP_FILE,
    /// Makes `path` a symbolic link to `source`, in place of what has the name.
    NB_STEP_LINK,
    /// Attaches the detached mount `descriptor` at `path`.
    NB_STEP_ATTACH,
    /// Mounts a new file system of type `source` with `options` at `path`.
    NB_STEP_MOUNT,
    /// Shows the host's `source` at `path` as well.
    NB_STEP_BIND_HOST,
    /// Shows the stage's `source` at `path` as well.
    NB_STEP_BIND_STAGE,
    /// Shows `source` of the same root at `path` as well.
    NB_STEP_BIND_SELF,
    /// From here on paths are relative to the stage's directory `path`.
    NB_STEP_ENTER,
    /// Makes the place entered the root of all, and forgets every other mount.
    NB_STEP_PIVOT,
};

/// Nothing happens if what the step acts on is not there.
#define NB_STEP_IF_PRESENT 1u
/// Binds take what is mounted below, too.
#define NB_STEP_RECURSIVE 2u

struct nb_step {
    enum nb_step_kind kind;
    uint32_t flags;
    /// Of what is made.
    uint32_t mode;
    /// NB_READ_ONLY and the others, on what is mounted.
    uint32_t attributes;
    int descriptor;
    const char *path;
    const char *source;
    const char *options;
};

struct nb_limit {
    int resource;
    uint64_t value;
};

#define NB_PASSED_MAX 4
#define NB_RUN_ENTER 1
#define NB_RUN_GO 2

/// How a box that stands alone differs from one in a family. All zero: it does not.
struct nb_alone {
    /// `id_count` ids of the new user namespace, from `user` and `group` on, become these. With `keeps_groups` for a
    /// caller without privilege, who maps only itself.
    uint32_t id_count;
    uint32_t user_outside;
    uint32_t group_outside;
    /// The ids that the first process takes inside, and the program's.
    uint32_t user;
    uint32_t group;
    uint32_t program_user;
    uint32_t program_group;
    int keeps_groups;
    /// Unless 0, for the host's root: who makes the user namespace. What the kernel counts by user is counted against
    /// this id, too, which should be nobody else's.
    uint32_t owner;
    /// Brings `lo` up in the new network namespace.
    int raises_loopback;
    /// The caller clones the first process itself, which stays, reaps, and ends with the exit code of the program, its
    /// only child. The first of `passed` is a socket: before the program starts it brings cgroup files to write "0"
    /// to, with NB_RUN_ENTER each, then NB_RUN_GO; after that signal numbers. At end-of-file all is over.
    int stays;
    /// What stands in /proc/1/cmdline is wiped: the caller's arguments, this many bytes.
    char *arguments;
    size_t argument_bytes;
    /// The program gets standard input, a terminal, as its controlling one.
    int takes_terminal;
    /// Unless NULL: `program` without a slash is looked for in these directories, separated by colons.
    const char *search_path;
    /// Unless NULL: the directory that the stage is mounted on, and the options of its tmpfs.
    const char *stage;
    const char *stage_options;
};

/// All that a box is made of. Nothing in it is changed or kept.
struct nb_launch {
    // 1. A short-lived process enters these, in this order.
    const char *const *process_files;
    size_t process_file_count;
    const int *namespaces;
    size_t namespace_count;
    /// A pid namespace to be born below; none if it is not above 0.
    int pid_namespace;
    /// The first process's nice value, as far as the caller may set it. Inside nobody can lower his own below 0.
    int nice;
    // 2. It clones the box's first process, a child of the caller.
    int cgroup;
    uint64_t new_namespaces;
    /// Unless -1: the first process waits until this reads end-of-file (while its ids are mapped from outside).
    int gate;
    // 3. The first process makes its root.
    const struct nb_step *steps;
    size_t step_count;
    const char *hostname;
    // 4. It gives up what it does not need. Limits are only ever lowered.
    const struct nb_limit *limits;
    size_t limit_count;
    uint64_t capabilities;
    int no_new_privileges;
    /// Unless 0: the program runs as this user and group of the box's and has `capabilities` as an ordinary user can,
    /// kept across exec; else as the box's root. It is killed when the caller ends.
    uint32_t other_user;
    const void *filter;
    size_t filter_bytes;
    // 5. It executes; `passed` become descriptors 3, 4 ...
    int passed[NB_PASSED_MAX];
    size_t passed_count;
    int inherits_standard_streams;
    const char *directory;
    /// An open program, or -1 to execute the path `program` inside the root.
    int executable;
    const char *program;
    const char *const *arguments;
    const char *const *environment;
    struct nb_alone alone;
};

#define NB_STEP_NAME_BYTES 120

struct nb_started {
    pid_t pid;
    int pidfd;
    /// Reads one nb_failure, or end-of-file once the program runs.
    int report;
};

struct nb_failure {
    int error_number;
    char step[NB_STEP_NAME_BYTES];
};

/// Clones the first process. On -1 nothing is left and `failure` says which step was refused.
int nb_start(const struct nb_launch *launch, struct nb_started *started, struct nb_failure *failure);
/// Waits until the program runs, closing `report`. On -1 the process is dead and reaped, and `failure` says why.
int nb_wait_started(struct nb_started *started, int timeout_milliseconds, struct nb_failure *failure);

struct nb_family {
    pid_t pid;
    int pidfd;
    int user_namespace;
    int pid_namespace;
};

/// Of what the kernel counts for each user namespace (user_namespaces(7)): `most` of `name`, a file's in
/// /proc/sys/user without its "max_".
struct nb_count {
    const char *name;
    uint32_t most;
};

struct nb_family_plan {
    /// Its ids on the host. The first is also who makes it, so that nothing is counted for two families together.
    uint32_t first_id;
    uint32_t id_count;
    int cgroup;
    /// What each sandbox below may have, all of its users together.
    const struct nb_count *counts;
    size_t count_count;
};

/// Starts a family: a user namespace, a pid namespace, and their first process, which does nothing at all and holds no
/// privilege, descriptor or mount.
int nb_family_start(const struct nb_family_plan *plan, struct nb_family *family, struct nb_failure *failure);

struct nb_slot_plan {
    /// Its ids in the family. The first is also who makes it, so that nothing is counted for two sandboxes together.
    uint32_t first_id;
    uint32_t id_count;
    /// Of those that the kernel counts by user (getrlimit(2)), what all of its users may have together.
    const struct nb_limit *limits;
    size_t limit_count;
};

/// A user namespace below `family_namespace` that maps 0..<id_count to the plan's ids.
int nb_user_namespace(
    int family_namespace, const struct nb_slot_plan *plan, int *result, struct nb_failure *failure);
/// A network namespace that `family_namespace` owns, with `lo` up and no privileged ports.
int nb_network_namespace(int family_namespace, int *result, struct nb_failure *failure);

/// A mount namespace to enter before a box is cloned: an empty `stage`, a whole /proc, the harmless devices in /dev,
/// and nothing else. The current directory must hold a directory `stage`, which stays as it is.
int nb_nest_namespace(int *result, struct nb_failure *failure);

/// Makes this process a daemon. Only the daemon returns, with a descriptor to hand to `nb_daemon_ready`; the process
/// that the caller started stays until then and exits with 0, or with 1 if the daemon ends first.
int nb_daemonize(void);
void nb_daemon_ready(int descriptor);

/// Forks. The child (answer 0) is killed when its parent dies, and keeps its streams and `kept` of the descriptors.
pid_t nb_fork_companion(const int *kept, size_t count);
/// Runs `arguments[0]` with the directory `directory` and descriptor `passed` (both may be -1) as 3; its streams are
/// /dev/null. Answers its wait(2) status.
int nb_run(const char *const *arguments, int directory, int passed);
/// Closes the descriptors `first` to `last`.
void nb_close_range(unsigned first, unsigned last);
