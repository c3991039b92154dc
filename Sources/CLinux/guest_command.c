#include "guest_tree.h"

#include "clinux_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Between PID 1 and every command stands a supervisor: a forked copy of PID 1 that runs only what is in this file and
// in guest_tree.c. It is the subreaper of all that the command starts, so "the tree of the command" is "my
// descendants", and "the tree is gone" is ECHILD from waitpid: exact, whatever double forks and new sessions the
// command makes.

enum {
    REPORT_DESCRIPTOR = 3,
    // When the sandbox is out of memory its commands go first, their supervisors next, and PID 1, with whom the sandbox
    // ends, last. Whoever lowers its own score comes down to PID 1's and no further.
    OOM_SCORE_OF_SUPERVISOR = 100,
    OOM_SCORE_OF_COMMAND = 400,  // above its supervisor's
};

struct start {
    const struct guest_command *command;
    int step;
    int error;
};

// ---- the command's side of its own fork. It shares the supervisor's memory until exec, so a failure is two stores.

static int failed(struct start *start, int step) {
    start->error = errno;
    start->step = step;
    return 127;
}

// Raw calls, for glibc keeps two signals to itself that a caller of ours may have left ignored. KILL and STOP refuse:
// they are as they should be.
static void reset_signals(void) {
    char plain[32] = {0};  // the kernel's struct sigaction with SIG_DFL
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, plain, NULL, NSIG / 8);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// In a user namespace made without privilege the kernel has taken setgroups(2) away for good; what groups are left
// there are those of the user who made it.
static int groups_are_denied(void) {
    char text[8] = {0};
    int file = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    return count >= 4 && memcmp(text, "deny", 4) == 0;
}

// Raw calls: glibc's wrappers would talk to the threads that a process of one thread does not have.
static int become_user(struct start *start) {
    const struct guest_command *command = start->command;
    if (!command->changes_user) return 0;
    if (syscall(SYS_setgroups, command->group_count, command->groups) && !(errno == EPERM && groups_are_denied()))
        return failed(start, GUEST_STEP_GROUPS);
    if (syscall(SYS_setresgid, command->group, command->group, command->group))
        return failed(start, GUEST_STEP_GROUPS);
    if (syscall(SYS_setresuid, command->user, command->user, command->user)) return failed(start, GUEST_STEP_USER);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // this memory is still the supervisor's
    return 0;
}

// PID 1 and the supervisors go first among the sandbox's own processes, so that a thousand of them cannot hold up their
// end; commands do not.
static int go_back_in_line(void) {
    return getpriority(PRIO_PROCESS, 0) < 0 ? setpriority(PRIO_PROCESS, 0, 0) : 0;
}

static int limit_processes(rlim_t most) {
    struct rlimit limit = {.rlim_cur = most, .rlim_max = most};
    return most ? setrlimit(RLIMIT_NPROC, &limit) : 0;
}

static int run_command(void *argument) {
    struct start *start = argument;
    const struct guest_command *command = start->command;
    if (setsid() < 0) return failed(start, GUEST_STEP_SESSION);
    if (command->has_terminal && ioctl(0, TIOCSCTTY, 0)) return failed(start, GUEST_STEP_TERMINAL);
    guest_raise_oom_score(OOM_SCORE_OF_COMMAND);
    if (go_back_in_line()) return failed(start, GUEST_STEP_SESSION);
    setrlimit(RLIMIT_NOFILE, &command->open_files);  // back to what it was: cannot be above the hard limit
    if (limit_processes(command->processes)) return failed(start, GUEST_STEP_FORK);
    if (become_user(start)) return 127;
    umask(022);
    if (chdir(command->directory)) return failed(start, GUEST_STEP_DIRECTORY);
    reset_signals();
    int error = ENOENT;
    for (char *const *path = command->candidates; *path; path++) {
        execve(*path, command->arguments, command->environment);
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return failed(start, GUEST_STEP_EXEC);
        if (errno == EACCES) error = EACCES;
    }
    errno = error;
    return failed(start, GUEST_STEP_EXEC);
}

// ---- the supervisor

static int report_to(int kind, int value, int detail) {
    struct guest_report report = {.kind = kind, .value = value, .detail = detail};
    return write(REPORT_DESCRIPTOR, &report, sizeof report) == sizeof report ? 0 : -1;
}

// Moves the four descriptors to 0...3 and closes all others. First out of the way of their own destinations.
static int keep_descriptors(const struct guest_command *command) {
    const int wanted[4] = {command->input, command->output, command->error, command->report};
    int moved[4];
    for (int index = 0; index < 4; index++)
        if ((moved[index] = fcntl(wanted[index], F_DUPFD_CLOEXEC, 16)) < 0) return -1;
    for (int index = 0; index < 4; index++)
        if (dup2(moved[index], index) < 0) return -1;
    if (fcntl(REPORT_DESCRIPTOR, F_SETFD, FD_CLOEXEC)) return -1;
    return (int)syscall(SYS_close_range, REPORT_DESCRIPTOR + 1, ~0U, 0);
}

static _Noreturn void leave(int kind, int value, int detail) {
    report_to(kind, value, detail);
    _exit(0);
}

// Until the command ends by itself, or its tree is killed on request or because PID 1 is gone.
static _Noreturn void watch_command(pid_t command, int is_sandbox) {
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGRTMIN);
    int status = 0, ended = 0;
    for (;;) {
        int is_last = guest_reap(command, &status, &ended);
        if (ended) leave(GUEST_REPORT_EXITED, status, is_last ? GUEST_LEFT_NOTHING : GUEST_LEFT_RUNNING);
        siginfo_t info;
        int number = sigwaitinfo(&awaited, &info);
        if (number == SIGTERM || (number == SIGRTMIN && info.si_value.sival_int == SIGKILL)) {
            int incomplete = guest_kill_tree(command, is_sandbox, &status, &ended);
            if (!ended) status = SIGKILL;
            leave(GUEST_REPORT_EXITED, status, incomplete ? GUEST_LEFT_UNKILLABLE : GUEST_LEFT_NOTHING);
        }
        // Only this process reaps the command, so its pid is still its own.
        if (number == SIGRTMIN && info.si_value.sival_int > 0) kill(command, info.si_value.sival_int);
    }
}

static _Noreturn void supervise(const struct guest_command *command, pid_t parent) {
    if (keep_descriptors(command)) _exit(GUEST_STEP_SUPERVISOR);
    prctl(PR_SET_NAME, "nestbox-command", 0, 0, 0);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0))
        leave(GUEST_REPORT_FAILED, GUEST_STEP_SUPERVISOR, errno);
    if (getppid() != parent) _exit(0);
    guest_raise_oom_score(OOM_SCORE_OF_SUPERVISOR);
    static char stack[64 << 10] __attribute__((aligned(16)));
    struct start start = {.command = command};
    pid_t child = clone(run_command, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
    if (child < 0) leave(GUEST_REPORT_FAILED, GUEST_STEP_FORK, errno);
    if (start.step) leave(GUEST_REPORT_FAILED, start.step, start.error);
    close(0), close(1), close(2);  // the command's; held here they would never end
    report_to(GUEST_REPORT_STARTED, child, 0);
    // Whose parent was PID 1 from the start is in a pid namespace that is all the sandbox's, and kill(-1) stays in it.
    watch_command(child, parent == 1);
}

pid_t guest_start_command(const struct guest_command *command) {
    pid_t parent = getpid();
    // Blocked before the fork, so that no request to the supervisor finds it with a default disposition.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child == 0) supervise(command, parent);
    int saved = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return child;
}

int guest_signal_command(pid_t supervisor, int signal) {
    union sigval value = {.sival_int = signal};
    return sigqueue(supervisor, SIGRTMIN, value);
}
