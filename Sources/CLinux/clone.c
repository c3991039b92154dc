#include "child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define HELPER_STACK_BYTES (64 << 10)
#define LAST_CAPABILITY 63

pid_t nb_clone3(uint64_t flags, int exit_signal, int cgroup, int *pidfd) {
    struct clone_args arguments = {
        .flags = flags | CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = (uint64_t)exit_signal,
        .cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
    };
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

struct helper {
    int (*body)(void *);
    void *argument;
    int result;
};

static int helper_main(void *pointer) {
    struct helper *helper = pointer;
    errno = 0;
    helper->result = helper->body(helper->argument) == 0 ? 0 : errno != 0 ? errno : EIO;
    return helper->result != 0;
}

int nb_in_helper(int (*body)(void *), void *argument) {
    // Shared memory spares the copy of the page tables; CLONE_VFORK keeps the two from running at once.
    static char stack[HELPER_STACK_BYTES] __attribute__((aligned(16)));
    struct helper helper = {.body = body, .argument = argument, .result = EIO};
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = clone(helper_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &helper);
    int kept = errno;
    if (pid >= 0) {
        while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {}
        kept = helper.result;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = kept;
    return pid >= 0 && helper.result == 0 ? 0 : -1;
}

int nb_pivot_here(void) {
    if (syscall(SYS_pivot_root, ".", ".") != 0) return -1;
    // The old root now lies on top of the new one at the same place.
    if (umount2(".", MNT_DETACH) != 0) return -1;
    return chdir("/");
}

int nb_drop_capabilities(uint64_t kept) {
    for (int capability = 0; capability <= LAST_CAPABILITY; capability++) {
        if (kept >> capability & 1) continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
        if (errno != EINVAL) return -1;
        break;  // the kernel knows no capability from here on
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -1;
    if (syscall(SYS_capget, &header, data) != 0) return -1;
    data[0].inheritable = data[1].inheritable = 0;
    return (int)syscall(SYS_capset, &header, data);
}

int nb_keep_capabilities(uint64_t kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    uint32_t low = (uint32_t)kept, high = (uint32_t)(kept >> 32);
    struct __user_cap_data_struct data[2] = {{low, low, low}, {high, high, high}};
    if (syscall(SYS_capset, &header, data) != 0) return -1;
    for (int capability = 0; capability <= LAST_CAPABILITY; capability++)
        if (kept >> capability & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return -1;
    return 0;
}

int nb_act_as(uint32_t id) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_setresuid, -1, id, -1) != 0) return -1;
    // The real id is still root's, so what is permitted has stayed.
    if (syscall(SYS_capget, &header, data) != 0) return -1;
    data[0].effective = data[0].permitted, data[1].effective = data[1].permitted;
    if (syscall(SYS_capset, &header, data) != 0) return -1;
    // The change hides the /proc files of all that share this memory from whoever is not the host's root.
    return prctl(PR_SET_DUMPABLE, 1);
}

int nb_lower_limits(const struct nb_limit *limits, size_t count) {
    for (size_t index = 0; index < count; index++) {
        struct rlimit now;
        if (getrlimit(limits[index].resource, &now) != 0) return -1;
        if (limits[index].value < now.rlim_max) now.rlim_max = limits[index].value;
        now.rlim_cur = now.rlim_max;
        if (setrlimit(limits[index].resource, &now) != 0) return -1;
    }
    return 0;
}

int nb_write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    size_t length = strlen(text);
    ssize_t written = write(file, text, length);
    int kept = errno;
    close(file);
    errno = kept;
    return written == (ssize_t)length ? 0 : -1;
}

int nb_clear_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    return (int)syscall(SYS_capset, &header, none);
}
