#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "land.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// How a process moves into a sandbox.
//
// A process may enter a pid namespace for its children only, and the sandbox's first process is to be the parent of
// what lands. So the process that moves leaves its memory to another, which nobody has copied:
//
//   the usher     shares the memory; joins the sandbox's namespaces, in the order in which each is still allowed
//   the parent    shares the memory, the first in the sandbox's pid namespace; enters its cgroups, clones, ends
//   the landed    shares the memory until the one who moves has ended, and has it for itself from then on; the
//                 sandbox's first process inherits it from its parent
//
// Each has a stack of its own, since the one who moves still stands on the process's. It sleeps until the parent and
// the usher have ended, hears that the landed one has settled, tells the spawner, and ends; then the landed one goes on
// where it stood. Nobody may trace any of them meanwhile, for that memory is also that of one who may enter every
// sandbox of its family: the landed one makes it dumpable when it is alone. So whoever has once let another into its
// memory ends, whatever became of it. Only the parent and the landed one are in the sandbox's cgroups and pid
// namespace, so that a sandbox that is killed meanwhile takes with it neither the usher nor the one who moves.

/// How long the landed process may take to give up what it does not need, in milliseconds: a sandbox may be short of
/// CPU time, or stop the process.
#define SETTLE_MILLISECONDS 3000
#define STACK_BYTES (64 << 10)
enum { SELF, LANDED };

/// What they tell each other in that memory. There is one, since a process moves once.
static struct {
    const struct nb_landing *landing;
    /// Where the C library keeps the number of the process's one thread.
    int *thread_number;
    struct robust_list_head *robust_list;
    size_t robust_length;
    /// Where signals are handled, which the kernel forgets of who shares memory.
    stack_t signal_stack;
    /// Its two ends; the landed one writes a failure without a number when it has settled, and is told to go on.
    int link[2];
    /// The landed one's number in the sandbox; 0 until there is one.
    volatile pid_t landed;
    volatile int error_number;
    const char *volatile step;
    jmp_buf ashore;
} course;

static _Alignas(64) char stacks[3][STACK_BYTES];

static const struct {
    const char *step;
    int kind;
} entrances[NB_NAMESPACE_COUNT] = {
    {"enter network namespace", CLONE_NEWNET}, {"enter user namespace", CLONE_NEWUSER},
    {"enter ipc namespace", CLONE_NEWIPC},     {"enter uts namespace", CLONE_NEWUTS},
    {"enter pid namespace", CLONE_NEWPID},     {"enter mount namespace", CLONE_NEWNS},
    {"enter cgroup namespace", CLONE_NEWCGROUP},
};

static int refuse(const char *step, int number) {
    course.error_number = number != 0 ? number : EIO;
    course.step = step;
    return -1;
}

static void reap(pid_t pid) {
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {}
}

/// The same of one whom the sandbox's root may stop: it is needed no more then.
static void reap_in_sandbox(pid_t pid) {
    int status;
    while (waitpid(pid, &status, __WALL | WUNTRACED) == pid && WIFSTOPPED(status)) kill(pid, SIGKILL);
}

/// Starts a process in this memory, on its own stack.
static pid_t share(int (*main)(void *), int stack, int flags) {
    return clone(
        main, stacks[stack] + STACK_BYTES, CLONE_VM | flags | SIGCHLD, NULL, &course.landed, NULL,
        course.thread_number);
}

// ---- In the sandbox.

static int be_landed(void *unused) {
    (void)unused;
    const int link = course.link[LANDED];
    char word;
    close(course.link[SELF]);
    nb_settle(link);
    // The word to go on, and then the end of who said it.
    if (read(link, &word, 1) != 1 || read(link, &word, 1) != 0) _exit(126);
    close(link);
    syscall(SYS_set_tid_address, course.thread_number);
    syscall(SYS_set_robust_list, course.robust_list, course.robust_length);
    sigaltstack(&course.signal_stack, NULL);
    if (nb_surface() != 0) _exit(126);
    longjmp(course.ashore, 1);
}

static int enter_cgroups(void) {
    for (int index = 0; index < course.landing->cgroup_count; index++)
        if (write(course.landing->cgroups[index], "0", 1) != 1) return refuse("enter cgroup", errno);
    return 0;
}

static int be_parent(void *unused) {
    (void)unused;
    if (enter_cgroups() != 0) _exit(1);
    // The kernel writes the number down before it starts the landed one, so that no death in between hides it.
    if (share(be_landed, 2, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID) < 0) refuse("clone", errno);
    _exit(0);
}

// ---- On the way.

static int enter_namespaces(void) {
    for (int index = 0; index < NB_NAMESPACE_COUNT; index++)
        if (setns(course.landing->namespaces[index], entrances[index].kind) != 0)
            return refuse(entrances[index].step, errno);
    // A change of user makes memory undumpable, or as dumpable as the host has it.
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1) return refuse("be undumpable: fs.suid_dumpable is 1", EPERM);
    return 0;
}

static int be_usher(void *unused) {
    (void)unused;
    if (enter_namespaces() != 0) _exit(1);
    pid_t parent = share(be_parent, 1, 0);
    if (parent < 0) refuse("clone into the sandbox", errno);
    else reap_in_sandbox(parent);
    _exit(0);
}

// ---- Who moves.

/// What the C library and the kernel know of the one thread, for the landed one to say it again. The kernel is not to
/// write to it when this process ends.
static int leave_thread(void) {
    if (prctl(PR_GET_TID_ADDRESS, &course.thread_number, 0, 0, 0) != 0 || course.thread_number == NULL)
        return refuse("thread number: CONFIG_CHECKPOINT_RESTORE", errno);
    if (syscall(SYS_get_robust_list, 0, &course.robust_list, &course.robust_length) != 0)
        return refuse("robust list", errno);
    if (sigaltstack(NULL, &course.signal_stack) != 0) return refuse("signal stack", errno);
    syscall(SYS_set_tid_address, NULL);
    return 0;
}

/// Nobody has been let into the memory: it goes on as it was.
static void return_to_thread(void) {
    if (course.thread_number == NULL) return;
    *course.thread_number = (int)syscall(SYS_set_tid_address, course.thread_number);
}

/// Waits for the landed process's word. What is sent to it meanwhile by its sandbox's root is not this one's affair.
static int hear(struct nb_land_failure *failure) {
    struct pollfd wait = {.fd = course.link[SELF], .events = POLLIN};
    int ready;
    while ((ready = poll(&wait, 1, SETTLE_MILLISECONDS)) < 0 && errno == EINTR) {}
    if (ready <= 0) {
        nb_fill(failure, "wait for the landed process", ready == 0 ? ETIMEDOUT : errno);
        return -1;
    }
    ssize_t count = read(course.link[SELF], failure, sizeof *failure);
    failure->step[sizeof failure->step - 1] = 0;
    if (count == (ssize_t)sizeof *failure) return failure->error_number == 0 ? 0 : -1;
    nb_fill(failure, "the landed process was killed", ECHILD);
    return -1;
}

/// Ends this process, whose memory is another's from here on; answers the spawner first.
static _Noreturn void end(int socket) {
    struct nb_land_failure failure = {0};
    close(course.link[LANDED]);
    pid_t landed = hear(&failure) == 0 ? course.landed : -1;
    if (nb_answer(socket, landed, &failure) != 0) _exit(1);
    if (landed > 0) send(course.link[SELF], "", 1, MSG_NOSIGNAL);
    _exit(0);
}

/// The two who go ahead. Returns with `course.landed` set if there is a landed one.
static void set_out(void) {
    pid_t usher = share(be_usher, 0, CLONE_VFORK);
    if (usher < 0) refuse("clone", errno);
    else reap(usher);
    if (course.landed == 0 && course.step == NULL) refuse("the way into the sandbox was cut off", ESRCH);  // by its end
}

/// A pair that is not in the place of a standard stream, which the landed process replaces.
static int open_link(void) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, course.link) != 0) return -1;
    if (course.link[SELF] > 2 && course.link[LANDED] > 2) return 0;
    close(course.link[SELF]), close(course.link[LANDED]);
    errno = EBADF;
    return -1;
}

int nb_land(int socket, struct nb_landing *landing) {
    sigset_t all, before;
    memset(&course, 0, sizeof course);
    course.landing = landing;
    if (open_link() != 0) return nb_decline(socket, landing, "socketpair", errno);
    // No handler of the interpreter's may run on another's stack.
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    if (setjmp(course.ashore) != 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        return 0;
    }
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    if (leave_thread() == 0) set_out();
    if (course.landed > 0) end(socket);
    return_to_thread();
    if (dumpable == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    close(course.link[SELF]), close(course.link[LANDED]);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return nb_decline(socket, landing, course.step, course.error_number);
}
