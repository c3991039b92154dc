#include "clinux_run.h"
#include "child.h"
#include "relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH};

int nb_run_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t index = 0; index < sizeof forwarded / sizeof *forwarded; index++) sigaddset(&set, forwarded[index]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int64_t now_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void send_signal(int control, int number) {
    unsigned char byte = (unsigned char)number;
    // A box that has ended meanwhile reads no more; its end is what the caller waits for.
    if (write(control, &byte, 1) < 0 && errno == EPIPE) return;
}

static void forward(int signals, int control, int master) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGWINCH && master >= 0) {
            nb_relay_resize(master);  // the kernel tells the box
        } else if (info.ssi_signo != SIGTSTP) {
            send_signal(control, (int)info.ssi_signo);
        } else {
            // The box is an orphaned group to its own terminal and would not hear SIGTSTP: stop it, then ourselves.
            send_signal(control, SIGSTOP);
            nb_relay_stop(master);
            raise(SIGSTOP);
            nb_relay_start(master);
            send_signal(control, SIGCONT);
        }
    }
}

static int reap(int pidfd, int *status) {
    siginfo_t info = {0};
    while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) != 0)
        if (errno != EINTR) return -1;
    *status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return 0;
}

static enum nb_run_end wait_and_relay(
    int pidfd, int signals, int control, int master, int64_t timeout_milliseconds, int *status) {
    int64_t deadline = timeout_milliseconds < 0 ? -1 : now_milliseconds() + timeout_milliseconds;
    struct nb_relay relay = {.master = master};
    for (;;) {
        int64_t left = deadline < 0 ? -1 : deadline - now_milliseconds();
        if (deadline >= 0 && left <= 0) return NB_RUN_TIMED_OUT;
        struct pollfd waits[2 + NB_RELAY_POLLS] = {{.fd = pidfd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        nb_relay_polls(&relay, waits + 2);
        int ready = poll(waits, 2 + NB_RELAY_POLLS, left > INT32_MAX ? INT32_MAX : (int)left);
        if (ready < 0 && errno != EINTR) return NB_RUN_FAILED;
        if (ready <= 0) continue;
        nb_relay_move(&relay, waits + 2);
        if (waits[0].revents != 0) {
            nb_relay_drain(&relay);
            return reap(pidfd, status) == 0 ? NB_RUN_ENDED : NB_RUN_FAILED;
        }
        if (waits[1].revents != 0) forward(signals, control, master);
    }
}

enum nb_run_end nb_run_wait(
    int pidfd, int signals, int control, int master, int64_t timeout_milliseconds, int *status) {
    signal(SIGPIPE, SIG_IGN);
    nb_relay_start(master);
    enum nb_run_end end = wait_and_relay(pidfd, signals, control, master, timeout_milliseconds, status);
    int kept = errno;
    nb_relay_stop(master);
    errno = kept;
    return end;
}

static int write_proc(pid_t pid, const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return nb_write_file(path, text);
}

int nb_run_map(
    pid_t pid, uint32_t user_inside, uint32_t user_outside, uint32_t group_inside, uint32_t group_outside,
    uint32_t count, int denies_groups) {
    char line[64];
    if (denies_groups && write_proc(pid, "setgroups", "deny") != 0) return -1;
    snprintf(line, sizeof line, "%u %u %u\n", group_inside, group_outside, count);
    if (write_proc(pid, "gid_map", line) != 0) return -1;
    snprintf(line, sizeof line, "%u %u %u\n", user_inside, user_outside, count);
    return write_proc(pid, "uid_map", line);
}

static int idle(void *unused) {
    (void)unused;
    for (;;) syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

int nb_run_id_map(
    uint32_t user_inside, uint32_t user_outside, uint32_t group_inside, uint32_t group_outside, uint32_t count) {
    static char stack[16 << 10] __attribute__((aligned(16)));
    char path[64];
    pid_t pid = clone(idle, stack + sizeof stack, CLONE_VM | CLONE_NEWUSER | SIGCHLD, NULL);
    if (pid < 0) return -1;
    int result = nb_run_map(pid, user_inside, user_outside, group_inside, group_outside, count, 0);
    if (result == 0) {
        snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
        result = open(path, O_RDONLY | O_CLOEXEC);
    }
    int kept = errno;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, __WALL);
    errno = kept;
    return result;
}
