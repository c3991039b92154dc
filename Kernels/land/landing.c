#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "land.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// How a fork lands in a sandbox.
//
// A process may enter a pid namespace for its children only, and the sandbox's first process is to be the parent of
// what lands. So there are three processes below the zygote, of which only the last copies its memory:
//
//   the usher     a vfork of the zygote; joins the sandbox's namespaces, in the order in which each is still allowed
//   the parent    a vfork of the usher, the first in the sandbox's pid namespace; enters its cgroups, forks, ends
//   the landed    a fork of the parent, by the C library; the sandbox's first process inherits it from its parent
//
// The vforks run on the zygote's stack and in its memory, one at a time: who is above sleeps until who is below has
// ended. Only the parent and the landed are in the sandbox's cgroups and pid namespace, so that a sandbox that is
// killed meanwhile takes neither the usher nor the zygote with it. Until it has forked nobody gives up the zygote's
// user: the memory is the zygote's, and the sandbox must have no right to trace who runs in it. Nobody may, since a
// change of credentials made that memory undumpable; the zygote and the landed make it dumpable again, each its own.

/// How long the landed process may take to give up what it does not need, in milliseconds: a sandbox may be short of
/// CPU time, or stop the process.
#define SETTLE_MILLISECONDS 5000

/// What they tell each other in that memory.
struct course {
    volatile pid_t usher;
    volatile pid_t parent;
    /// The landed one's number in the sandbox; 0 until there is one.
    volatile pid_t landed;
    volatile int error_number;
    const char *volatile step;
};

static const struct {
    const char *step;
    int kind;
} entrances[NB_NAMESPACE_COUNT] = {
    {"enter network namespace", CLONE_NEWNET}, {"enter user namespace", CLONE_NEWUSER},
    {"enter ipc namespace", CLONE_NEWIPC},     {"enter uts namespace", CLONE_NEWUTS},
    {"enter pid namespace", CLONE_NEWPID},     {"enter mount namespace", CLONE_NEWNS},
    {"enter cgroup namespace", CLONE_NEWCGROUP},
};

static int refuse(struct course *course, const char *step) {
    course->error_number = errno != 0 ? errno : EIO;
    course->step = step;
    return -1;
}

static int enter_namespaces(const struct nb_landing *landing, struct course *course) {
    for (int index = 0; index < NB_NAMESPACE_COUNT; index++)
        if (setns(landing->namespaces[index], entrances[index].kind) != 0)
            return refuse(course, entrances[index].step);
    return 0;
}

static int enter_cgroups(const struct nb_landing *landing, struct course *course) {
    for (int index = 0; index < landing->cgroup_count; index++)
        if (write(landing->cgroups[index], "0", 1) != 1) return refuse(course, "enter cgroup");
    return 0;
}

/// A zygote that ignores SIGCHLD has nothing to reap.
static void reap(pid_t pid) {
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {}
}

/// Waits for the landed process's word. What is sent to it meanwhile by its sandbox's root is not the zygote's affair.
static int hear(int report, struct nb_land_failure *failure) {
    struct pollfd wait = {.fd = report, .events = POLLIN};
    int ready;
    while ((ready = poll(&wait, 1, SETTLE_MILLISECONDS)) < 0 && errno == EINTR) {}
    if (ready <= 0) {
        nb_fill(failure, "wait for the landed process", ready == 0 ? ETIMEDOUT : errno);
        return -1;
    }
    ssize_t count = read(report, failure, sizeof *failure);
    failure->step[sizeof failure->step - 1] = 0;
    if (count == (ssize_t)sizeof *failure) return failure->error_number == 0 ? 0 : -1;
    nb_fill(failure, "the landed process was killed", ECHILD);
    return -1;
}

/// What came of it, in the zygote.
static pid_t conclude(const struct course *course, int report, struct nb_land_failure *failure) {
    if (course->landed > 0) return hear(report, failure) == 0 ? course->landed : -1;
    if (course->step != NULL) {
        nb_fill(failure, course->step, course->error_number);
    } else {
        nb_fill(failure, "the way into the sandbox was cut off", ESRCH);  // it was killed meanwhile
    }
    return -1;
}

/// The three forks. As vfork demands, who shares the zygote's memory never returns from here.
static pid_t fork_into(const struct nb_landing *landing, struct course *course) {
    course->usher = vfork();
    if (course->usher != 0) {
        if (course->usher < 0) return refuse(course, "vfork");
        reap(course->usher);
        return 1;
    }
    if (enter_namespaces(landing, course) != 0) _exit(1);
    course->parent = vfork();
    if (course->parent != 0) {
        if (course->parent < 0) refuse(course, "vfork into the sandbox");
        else reap(course->parent);
        _exit(0);
    }
    if (enter_cgroups(landing, course) != 0) _exit(1);
    pid_t landed = fork();
    if (landed == 0) return 0;
    if (landed < 0) refuse(course, "fork");
    else course->landed = landed;
    _exit(0);
}

/// A pipe that is not in the place of a standard stream, which the landed process replaces.
static int open_report(int report[2]) {
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    if (report[0] > 2 && report[1] > 2) return 0;
    close(report[0]), close(report[1]);
    errno = EBADF;
    return -1;
}

pid_t nb_land(const struct nb_landing *landing, struct nb_land_failure *failure) {
    struct course course = {0};
    int report[2];
    sigset_t all, before;
    memset(failure, 0, sizeof *failure);
    if (open_report(report) != 0) {
        nb_fill(failure, "open report", errno);
        return -1;
    }
    // No handler of the interpreter's may run in memory that is not its own.
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    pid_t result = fork_into(landing, &course);
    if (result == 0) {
        nb_settle(report[1]);
        sigprocmask(SIG_SETMASK, &before, NULL);
        return 0;
    }
    if (dumpable == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    close(report[1]);
    result = conclude(&course, report[0], failure);
    close(report[0]);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}
