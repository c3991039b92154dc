#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "land.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// What the landed process does in the sandbox before the interpreter goes on.

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
    if (reset_priority() != 0) return "reset priority";
    if (prctl(PR_SET_TIMERSLACK, DEFAULT_TIMER_SLACK_NANOSECONDS, 0, 0, 0) != 0) return "timer slack";
    if (personality(0) < 0) return "personality";
    umask(022);
    return NULL;
}

void nb_settle(int report) {
    struct nb_land_failure outcome = {0};
    const char *refused = settle(report);
    if (refused != NULL) nb_fill(&outcome, refused, errno);
    ssize_t written = write(report, &outcome, sizeof outcome);
    // Who is not heard any more was given up: it must not go on.
    if (refused != NULL || written != (ssize_t)sizeof outcome) _exit(126);
}

int nb_surface(void) {
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return -1;
    return reset_oom_adjustment() == 0 && restore_restartable_sequences() == 0 ? 0 : -1;
}
