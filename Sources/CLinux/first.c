#include "child.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

// The first process of a box that stands alone: PID 1 inside, a copy of the caller that executes nothing. It holds no
// capability, is not dumpable, has the sandbox's filter, and ends the box when its program ends or the caller does.

#define CONTROL 3
#define FIRST_FREE 3
#define PATH_BYTES 4096
#define NOT_EXECUTABLE 126
#define NOT_FOUND 127
#define SIGNAL_BASE 128

/// Executes `name` from the first directory of the search path that has it. Returns only with errno.
static void execute(const struct nb_launch *launch) {
    const char *name = launch->program, *path = launch->alone.search_path;
    char *const *arguments = (char *const *)launch->arguments, *const *environment = (char *const *)launch->environment;
    if (strchr(name, '/') != NULL || path == NULL || *name == 0) {
        execve(name, arguments, environment);
        return;
    }
    int refusal = ENOENT;
    for (const char *next; path != NULL; path = next) {
        char candidate[PATH_BYTES];
        const char *end = strchr(path, ':');
        next = end != NULL ? end + 1 : NULL;
        int length = end != NULL ? (int)(end - path) : (int)strlen(path);
        if (snprintf(candidate, sizeof candidate, "%.*s/%s", length, path, name) >= (int)sizeof candidate) continue;
        execve(candidate, arguments, environment);
        if (errno == ENOENT || errno == ENOTDIR) continue;
        refusal = errno;  // as execvp: what is found but may not be run is the better answer
        if (errno != EACCES) break;
    }
    errno = refusal;
}

static _Noreturn void program(const struct nb_launch *launch, int report) {
    if (setsid() < 0) nb_child_fail(report, "setsid", NULL);
    if (launch->alone.takes_terminal && ioctl(0, TIOCSCTTY, 0) != 0) nb_child_fail(report, "take terminal", NULL);
    uint32_t user = launch->alone.program_user, group = launch->alone.program_group;
    if (syscall(SYS_setresgid, group, group, group) != 0) nb_child_fail(report, "setresgid", NULL);
    if (syscall(SYS_setresuid, user, user, user) != 0) nb_child_fail(report, "setresuid", NULL);
    if (nb_clear_capabilities() != 0) nb_child_fail(report, "drop capabilities", NULL);
    close(CONTROL);
    execute(launch);
    nb_child_fail(report, "execute", launch->program);
}

/// Reaps all that ended; ends with the program's own end.
static void reap(pid_t main) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
        if (pid == main) _exit(WIFEXITED(status) ? WEXITSTATUS(status) : SIGNAL_BASE + WTERMSIG(status));
    if (pid < 0 && errno == ECHILD) _exit(NOT_FOUND);
}

/// Sends what the caller asks for to the program's process group. The caller's end is the end.
static void forward(pid_t main) {
    unsigned char number;
    ssize_t count = read(CONTROL, &number, 1);
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) _exit(SIGNAL_BASE + SIGKILL);
    if (count == 1 && kill(-main, number) != 0) kill(main, number);
}

static _Noreturn void look_after(pid_t main) {
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    int ended = signalfd(-1, &children, SFD_CLOEXEC);
    if (ended < 0) _exit(NOT_EXECUTABLE);
    struct pollfd waits[] = {{.fd = ended, .events = POLLIN}, {.fd = CONTROL, .events = POLLIN}};
    for (;;) {
        struct signalfd_siginfo info;
        reap(main);
        if (poll(waits, 2, -1) < 0) continue;
        // The number of signals says nothing about the number of ended children.
        if (waits[0].revents != 0 && read(ended, &info, sizeof info) < 0 && errno != EINTR) _exit(NOT_EXECUTABLE);
        if (waits[1].revents != 0) forward(main);
    }
}

_Noreturn void nb_stay_first(const struct nb_launch *launch, int report) {
    if (launch->alone.arguments != NULL) memset(launch->alone.arguments, 0, launch->alone.argument_bytes);
    prctl(PR_SET_NAME, "nestbox-init");
    pid_t main = vfork();
    if (main == 0) program(launch, report);
    if (main < 0) nb_child_fail(report, "start program", NULL);
    if (nb_clear_capabilities() != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        nb_child_fail(report, "drop capabilities", NULL);
    // Its own streams would keep a reader waiting for an end that the program has long reached.
    close(0), close(1), close(2);
    struct nb_failure running = {.step = "running"};
    // After a refused exec this is the second report, which nobody reads.
    if (write(report, &running, sizeof running) != (ssize_t)sizeof running) _exit(NOT_EXECUTABLE);
    close(report);
    look_after(main);
}
