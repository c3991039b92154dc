#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "nestbox_land.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
#define LAST_CAPABILITY 63
/// What a sandbox's root may do, as SandboxPrivileges in Sources/Spawning has it: CHOWN, DAC_OVERRIDE, FOWNER, FSETID,
/// KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, SYS_CHROOT, AUDIT_WRITE, SETFCAP.
#define SANDBOX_CAPABILITIES UINT64_C(0xa00405fb)
#define DEFAULT_TIMER_SLACK_NANOSECONDS 50000
/// The kernel's answer to getpriority of who is neither nice nor not.
#define NEUTRAL_PRIORITY 20
#define RSEQ_SIGNATURE_X86_64 0x53053053
#define RSEQ_SIGNATURE_AARCH64 0xd428bc00

#if defined __x86_64__
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#define RSEQ_SIGNATURE RSEQ_SIGNATURE_X86_64
#elif defined __aarch64__
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#define RSEQ_SIGNATURE RSEQ_SIGNATURE_AARCH64
#else
#error "no landing on this architecture"
#endif

// ---- The conversation.

enum order { ORDER_LAND = 1, ORDER_PING };
enum answer { ANSWER_READY = 1, ANSWER_LANDED, ANSWER_FAILED, ANSWER_PONG };

static int say(int socket, const void *bytes, size_t count) {
    ssize_t sent;
    while ((sent = send(socket, bytes, count, MSG_NOSIGNAL)) < 0 && errno == EINTR) {}
    return sent == (ssize_t)count ? 0 : -1;
}

int nb_zygote_ready(int socket) {
    const uint8_t ready = ANSWER_READY;
    return say(socket, &ready, 1);
}

static void close_all(const int *descriptors, int count) {
    for (int index = 0; index < count; index++) close(descriptors[index]);
}

/// The descriptors that came with a message. Answers how many, at most `capacity`, or -1 if any had no room.
static int descriptors_of(struct msghdr *message, int *descriptors, int capacity) {
    int count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int came = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int index = 0; index < came && count < capacity; index++)
            memcpy(&descriptors[count++], CMSG_DATA(header) + (size_t)index * sizeof(int), sizeof(int));
    }
    if (!(message->msg_flags & MSG_CTRUNC)) return count;
    close_all(descriptors, count);
    return -1;
}

static ssize_t refuse_order(const int *descriptors, int count) {
    close_all(descriptors, count);
    errno = EBADMSG;
    return -1;
}

ssize_t nb_zygote_receive(int socket, struct nb_landing *landing, char *payload, size_t size) {
    enum { MOST = NB_NAMESPACE_COUNT + NB_CGROUP_MAX };
    for (;;) {
        uint8_t kind = 0;
        int descriptors[MOST];
        union {
            char bytes[CMSG_SPACE(sizeof(int) * MOST)];
            struct cmsghdr aligned;
        } control;
        struct iovec parts[] = {{.iov_base = &kind, .iov_len = 1}, {.iov_base = payload, .iov_len = size}};
        struct msghdr message = {
            .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        errno = 0;
        ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) return -1;
        int count = descriptors_of(&message, descriptors, MOST);
        if (count < 0 || message.msg_flags & MSG_TRUNC) return refuse_order(descriptors, count);
        if (kind == ORDER_PING && length == 1 && count == 0) {
            const uint8_t pong = ANSWER_PONG;
            if (say(socket, &pong, 1) != 0) return -1;
            continue;
        }
        if (kind != ORDER_LAND || count < NB_NAMESPACE_COUNT) return refuse_order(descriptors, count);
        memcpy(landing->namespaces, descriptors, sizeof landing->namespaces);
        landing->cgroup_count = count - NB_NAMESPACE_COUNT;
        memcpy(landing->cgroups, descriptors + NB_NAMESPACE_COUNT, (size_t)landing->cgroup_count * sizeof(int));
        return length - 1;
    }
}

int nb_zygote_landed(int socket, struct nb_landing *landing, pid_t pid, const struct nb_land_failure *failure) {
    struct {
        uint8_t kind;
        int32_t number;
        char step[NB_LAND_STEP_BYTES];
    } __attribute__((packed)) answer = {.kind = ANSWER_LANDED, .number = pid};
    size_t length = 0;
    if (pid <= 0) {
        answer.kind = ANSWER_FAILED;
        answer.number = failure->error_number;
        length = strnlen(failure->step, sizeof failure->step);
        memcpy(answer.step, failure->step, length);
    }
    close_all(landing->namespaces, NB_NAMESPACE_COUNT);
    close_all(landing->cgroups, landing->cgroup_count);
    return say(socket, &answer, sizeof answer.kind + sizeof answer.number + length);
}

// ---- The landed process, once it is a process of its own.

/// Takes away again what the zygote's filter allows beyond the sandbox's: entering namespaces, joining a keyring.
static int narrow_filter(void) {
    static struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setns, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_keyctl, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = program};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

/// Entering the user namespace gave every capability in it: what the sandbox's own root has is kept.
static int keep_sandbox_capabilities(void) {
    for (int capability = 0; capability <= LAST_CAPABILITY; capability++) {
        if (SANDBOX_CAPABILITIES >> capability & 1) continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
        if (errno != EINVAL) return -1;
        break;  // the kernel knows no capability from here on
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -1;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {
        {.effective = (uint32_t)SANDBOX_CAPABILITIES, .permitted = (uint32_t)SANDBOX_CAPABILITIES},
        {.effective = (uint32_t)(SANDBOX_CAPABILITIES >> 32), .permitted = (uint32_t)(SANDBOX_CAPABILITIES >> 32)},
    };
    return (int)syscall(SYS_capset, &header, sets);
}

/// An adjustment above 0 would be the zygote's; one below it may not have.
static int reset_oom_adjustment(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t written = write(file, "0", 1);
    int kept = errno;
    close(file);
    errno = kept;
    return written == 1 ? 0 : -1;
}

static int reset_priority(void) {
    if (syscall(SYS_getpriority, PRIO_PROCESS, 0) == NEUTRAL_PRIORITY) return 0;
    return setpriority(PRIO_PROCESS, 0, 0);
}

static int replace_streams(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (null < 0) return -1;
    for (int stream = 0; stream <= 2; stream++)
        if (dup2(null, stream) < 0) return -1;
    if (null > 2) close(null);
    return 0;
}

/// Closes everything above the streams but `kept`, which is one of them.
static int close_others(int kept) {
    if (kept > 3 && syscall(SYS_close_range, 3, kept - 1, 0) != 0) return -1;
    return (int)syscall(SYS_close_range, kept + 1, ~0u, 0);
}

static char *thread_pointer(void) {
    char *pointer;
#if defined __x86_64__
    __asm__("mov %%fs:0, %0" : "=r"(pointer));
#else
    __asm__("mrs %0, tpidr_el0" : "=r"(pointer));
#endif
    return pointer;
}

/// The kernel forgets the area of restartable sequences of a process that shares its memory, and so of its children;
/// the C library goes on reading it.
static int restore_restartable_sequences(void) {
#if defined __GLIBC__ && __GLIBC_PREREQ(2, 35)
    extern const ptrdiff_t __rseq_offset __attribute__((weak));
    extern const unsigned int __rseq_size __attribute__((weak));
    if (&__rseq_size == NULL || __rseq_size == 0) return 0;
    void *area = thread_pointer() + __rseq_offset;
    const unsigned int least = 32;  // the first version's, whatever part of it the C library knows
    unsigned int size = __rseq_size < least ? least : __rseq_size;
    // EBUSY: it was not forgotten.
    return syscall(SYS_rseq, area, size, 0, RSEQ_SIGNATURE) == 0 || errno == EBUSY ? 0 : -1;
#else
    return 0;
#endif
}

static int become_root(void) {
    const gid_t group = 0;
    if (syscall(SYS_setgroups, 1, &group) != 0 || syscall(SYS_setresgid, 0, 0, 0) != 0) return -1;
    return (int)syscall(SYS_setresuid, 0, 0, 0);
}

static int leave_keyring(void) {
    // A kernel without keyrings has nothing to leave behind.
    return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS ? -1 : 0;
}

/// Becomes what every other process of the sandbox's root is. Answers the step that was refused, or NULL.
static const char *settle(int report) {
    if (close_others(report) != 0) return "close descriptors";
    if (replace_streams() != 0) return "standard streams";
    if (setsid() < 0) return "setsid";
    if (become_root() != 0) return "become root";
    if (leave_keyring() != 0) return "session keyring";
    if (narrow_filter() != 0) return "seccomp filter";
    if (keep_sandbox_capabilities() != 0) return "drop capabilities";
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return "dumpable";
    if (reset_oom_adjustment() != 0) return "reset oom_score_adj";
    if (reset_priority() != 0) return "reset priority";
    if (prctl(PR_SET_TIMERSLACK, DEFAULT_TIMER_SLACK_NANOSECONDS, 0, 0, 0) != 0) return "timer slack";
    if (personality(0) < 0) return "personality";
    if (restore_restartable_sequences() != 0) return "restartable sequences";
    umask(022);
    return NULL;
}

static void fill(struct nb_land_failure *failure, const char *step, int number) {
    size_t length = strlen(step);
    if (length > sizeof failure->step - 1) length = sizeof failure->step - 1;
    memset(failure, 0, sizeof *failure);
    failure->error_number = number;
    memcpy(failure->step, step, length);
}

/// Settles, and tells the zygote how it went. Returns only if the zygote has heard that all is well.
static void settle_and_tell(int report) {
    struct nb_land_failure outcome = {0};
    const char *refused = settle(report);
    if (refused != NULL) fill(&outcome, refused, errno);
    ssize_t written = write(report, &outcome, sizeof outcome);
    // Who is not heard any more was given up: it must not go on.
    if (refused != NULL || written != (ssize_t)sizeof outcome) _exit(126);
    close(report);
}

// ---- The zygote and those who share its memory.

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
        fill(failure, "wait for the landed process", ready == 0 ? ETIMEDOUT : errno);
        return -1;
    }
    ssize_t count = read(report, failure, sizeof *failure);
    failure->step[sizeof failure->step - 1] = 0;
    if (count == (ssize_t)sizeof *failure) return failure->error_number == 0 ? 0 : -1;
    fill(failure, "the landed process was killed", ECHILD);
    return -1;
}

/// What came of it, in the zygote.
static pid_t conclude(const struct course *course, int report, struct nb_land_failure *failure) {
    if (course->landed > 0) return hear(report, failure) == 0 ? course->landed : -1;
    if (course->step != NULL) {
        fill(failure, course->step, course->error_number);
    } else {
        fill(failure, "the way into the sandbox was cut off", ESRCH);  // it was killed meanwhile
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
    close_all(report, 2);
    errno = EBADF;
    return -1;
}

pid_t nb_land(const struct nb_landing *landing, struct nb_land_failure *failure) {
    struct course course = {0};
    int report[2];
    sigset_t all, before;
    memset(failure, 0, sizeof *failure);
    if (open_report(report) != 0) {
        fill(failure, "open report", errno);
        return -1;
    }
    // No handler of the interpreter's may run in memory that is not its own.
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    pid_t result = fork_into(landing, &course);
    if (result == 0) {
        settle_and_tell(report[1]);
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
