#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int nb_daemonize(void) {
    int ready[2];
    char byte;
    if (pipe2(ready, O_CLOEXEC) != 0) return -1;
    pid_t child = fork();
    if (child < 0) return -1;
    if (child > 0) {
        close(ready[1]);
        ssize_t count = read(ready[0], &byte, 1);
        waitpid(child, NULL, 0);
        _exit(count == 1 ? 0 : 1);
    }
    close(ready[0]);
    if (setsid() < 0) return -1;
    pid_t daemon = fork();
    if (daemon != 0) _exit(daemon < 0 ? 1 : 0);
    if (chdir("/") != 0) return -1;
    umask(022);
    return ready[1];
}

void nb_daemon_ready(int descriptor) {
    // Nothing is lost if the process that waited is gone.
    ssize_t written = write(descriptor, "", 1);
    (void)written;
    close(descriptor);
}

void nb_close_range(unsigned first, unsigned last) {
    if (first <= last) syscall(SYS_close_range, first, last, 0);
}

/// Closes all descriptors but the streams and `kept`, whatever their order.
static void close_all_but(const int *kept, size_t count) {
    unsigned next = 3;
    for (;;) {
        unsigned lowest = ~0u;
        for (size_t index = 0; index < count; index++)
            if ((unsigned)kept[index] >= next && (unsigned)kept[index] < lowest) lowest = (unsigned)kept[index];
        if (lowest == ~0u) break;
        if (lowest > next) nb_close_range(next, lowest - 1);
        next = lowest + 1;
    }
    nb_close_range(next, ~0u);
}

pid_t nb_fork_companion(const int *kept, size_t count) {
    pid_t parent = getpid(), pid = fork();
    if (pid != 0) return pid;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(1);
    // The parent's lock and sockets must not outlive it, however shortly.
    close_all_but(kept, count);
    return 0;
}

int nb_run(const char *const *arguments, int directory, int passed) {
    static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
    int status;
    pid_t pid = fork();
    if (pid < 0) return -1;
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        int null = open("/dev/null", O_RDWR);
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) _exit(127);
        if (directory >= 0 && fchdir(directory) != 0) _exit(127);
        if (passed >= 0 && passed != 3 && dup2(passed, 3) < 0) _exit(127);
        if (passed == 3) fcntl(3, F_SETFD, 0);
        syscall(SYS_close_range, passed >= 0 ? 4 : 3, ~0u, 0);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execve(arguments[0], (char *const *)arguments, (char *const *)environment);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return status;
}
