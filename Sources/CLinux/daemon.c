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

pid_t nb_fork_companion(void) {
    pid_t parent = getpid(), pid = fork();
    if (pid != 0) return pid;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(1);
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

void nb_close_range(unsigned first, unsigned last) {
    if (first <= last) syscall(SYS_close_range, first, last, 0);
}
