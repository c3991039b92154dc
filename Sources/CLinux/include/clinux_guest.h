#pragma once
// What nestbox-guest needs of the kernel and Swift cannot say: fork and what runs between it and exec, calls with
// variable arguments, packed structures, and GNU declarations.

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/xattr.h>

// ---- guest_event.c: descriptors and events. All answer -1 with errno on failure.

struct guest_ready {
    uint32_t events;
    uint64_t token;
};

int guest_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int guest_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t token);
int guest_epoll_remove(int epoll, int descriptor);
/// At most `limit` (<= 64) ready descriptors; waits `timeout` milliseconds, for ever if negative.
int guest_epoll_wait(int epoll, struct guest_ready *ready, int limit, int timeout);

/// Non-blocking and close-on-exec.
int guest_accept(int listener);
int guest_pipe(int ends[2]);
/// A non-blocking, close-on-exec TCP socket on its way to `port` of the loopback address of `family`.
int guest_connect_loopback(int family, uint16_t port);
/// A non-blocking, close-on-exec stream socket connected to the socket at `place`, a descriptor opened with O_PATH.
int guest_connect_unix(int place);
/// The place at `path` below the root, opened with O_PATH, close-on-exec and `flags`. Refuses `..` above the root and
/// every symbolic link.
int guest_open_beneath_root(const char *path, int flags);
/// The outcome of a connect to a port: 0 or an errno.
int guest_socket_error(int socket);
int guest_set_blocking(int descriptor, int blocking);
int guest_set_close_on_exec(int descriptor);
/// Bytes that a read would find now.
int guest_bytes_waiting(int descriptor);
/// SIGCHLD blocked, and readable from the descriptor that is answered.
int guest_child_signals(void);
void guest_ignore_sigpipe(void);
int guest_prctl(int option, unsigned long value);
/// Raises the soft limit of open files to the hard one. `before` gets what commands are to have.
int guest_raise_open_files(struct rlimit *before);
uint64_t guest_monotonic_milliseconds(void);

// ---- guest_command.c: a command and the supervisor above it.

enum guest_step {
    GUEST_STEP_SUPERVISOR = 1,
    GUEST_STEP_FORK,
    GUEST_STEP_SESSION,
    GUEST_STEP_TERMINAL,
    GUEST_STEP_GROUPS,
    GUEST_STEP_USER,
    GUEST_STEP_DIRECTORY,
    GUEST_STEP_EXEC,
};

enum guest_report_kind {
    /// value: the command's pid
    GUEST_REPORT_STARTED = 1,
    /// value: a guest_step, detail: errno
    GUEST_REPORT_FAILED = 2,
    /// value: the status as wait(2) has it, detail: a guest_leftover
    GUEST_REPORT_EXITED = 3,
};

/// What a command left behind.
enum guest_leftover {
    GUEST_LEFT_NOTHING = 0,
    /// Some of the tree outlived every attempt to kill it.
    GUEST_LEFT_UNKILLABLE = 1,
    /// Nobody asked for its tree to be killed, and some of it goes on.
    GUEST_LEFT_RUNNING = 2,
};

struct guest_report {
    int32_t kind;
    int32_t value;
    int32_t detail;
};

struct guest_command {
    /// Paths to try in turn, ended by NULL.
    char *const *candidates;
    char *const *arguments;
    char *const *environment;
    const char *directory;
    /// 0 leaves the credentials as they are.
    int changes_user;
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
    int input;
    int output;
    int error;
    int has_terminal;
    struct rlimit open_files;
    /// How many processes its user may have, itself among them; 0 leaves that as it is.
    rlim_t processes;
    /// Where the supervisor writes guest_reports; a pipe, each report is one atomic write.
    int report;
};

/// Forks a supervisor, which forks the command. Answers the supervisor's pid; all else comes over `report`.
pid_t guest_start_command(const struct guest_command *command);
/// Asks a supervisor to send `signal` to its command; SIGKILL goes to all that descends from the command.
int guest_signal_command(pid_t supervisor, int signal);

// ---- guest_child.c: forked workers and terminals.

/// fork(2); the caller has one thread.
pid_t guest_fork(void);
/// Makes the caller so much likelier than before to be killed when the sandbox is out of memory, of 1000. Without /proc
/// nothing is done.
void guest_raise_oom_score(int by);
/// To be called in a forked worker: keeps 0, 1, 2 and `connection`, which becomes 3 and blocking; unblocks signals;
/// dies with its parent. Answers 3, or -1.
int guest_become_worker(int connection, pid_t parent);
/// A terminal pair, both close-on-exec, the master non-blocking; the slave belongs to `user` unless that is -1.
int guest_open_terminal(int *controller, int *terminal, uint16_t columns, uint16_t rows, uid_t user);
int guest_resize_terminal(int controller, uint16_t columns, uint16_t rows);
/// The next name in a directory other than `.` and `..`, or NULL at the end (errno 0) or on failure.
const char *guest_next_name(DIR *directory, unsigned char *type);
