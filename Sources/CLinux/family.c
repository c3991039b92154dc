#include "child.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define IDLE_STACK_BYTES (16 << 10)

static int refuse(struct nb_failure *failure, const char *step) {
    int kept = errno;
    nb_fill_failure(failure, step, NULL);
    errno = kept;
    return -1;
}

static int write_map(pid_t pid, const char *name, uint32_t inside, uint32_t outside, uint32_t count) {
    char path[64], line[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    snprintf(line, sizeof line, "%u %u %u\n", inside, outside, count);
    return nb_write_file(path, line);
}

static int write_maps(pid_t pid, uint32_t outside, uint32_t count) {
    if (write_map(pid, "uid_map", 0, outside, count) != 0) return -1;
    return write_map(pid, "gid_map", 0, outside, count);
}

static int open_namespace(pid_t pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

// The family's first process. When it dies the kernel ends every sandbox of the family, so it does nothing.

static _Noreturn void idle_forever(void) {
    for (;;) pause();
}

/// What one level of the namespaces below may have of what the kernel counts, each user of it for itself.
static int write_counts(const struct nb_count *counts, size_t count) {
    char path[64], text[16];
    for (size_t index = 0; index < count; index++) {
        snprintf(path, sizeof path, "/proc/sys/user/max_%s", counts[index].name);
        snprintf(text, sizeof text, "%u", counts[index].most);
        if (nb_write_file(path, text) != 0) return -1;
    }
    return 0;
}

static _Noreturn void family_init(const struct nb_family_plan *plan, int gate, int report) {
    char byte;
    if (read(gate, &byte, 1) != 1) _exit(1);  // the caller gave up
    if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, 0, 0, 0) != 0
        || syscall(SYS_setresuid, 0, 0, 0) != 0)
        nb_child_fail(report, "family ids", NULL);
    // The files are those of the writer's own user namespace, and nobody in it has the power to write them later.
    if (write_counts(plan->counts, plan->count_count) != 0) nb_child_fail(report, "family counts", NULL);
    if (setsid() < 0) nb_child_fail(report, "family session", NULL);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
        || mount("family", "stage", "tmpfs", MS_RDONLY, "size=4k,mode=555") != 0 || chdir("stage") != 0
        || nb_pivot_here() != 0)
        nb_child_fail(report, "family root", NULL);
    signal(SIGCHLD, SIG_IGN);  // orphans are reaped by the kernel
    prctl(PR_SET_NAME, "nestbox-family");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || nb_drop_capabilities(0) != 0)
        nb_child_fail(report, "family privileges", NULL);
    if (syscall(SYS_setresgid, 65534, 65534, 65534) != 0 || syscall(SYS_setresuid, 65534, 65534, 65534) != 0)
        nb_child_fail(report, "family user", NULL);
    if (dup2(report, 0) < 0 || syscall(SYS_close_range, 1, ~0u, 0) != 0) nb_child_fail(report, "family files", NULL);
    close(0);  // the caller reads end-of-file: all is done
    idle_forever();
}

static int map_and_open(struct nb_family *family, uint32_t first_id, uint32_t id_count, struct nb_failure *failure) {
    if (write_maps(family->pid, first_id, id_count) != 0) return refuse(failure, "map family ids");
    family->user_namespace = open_namespace(family->pid, "user");
    family->pid_namespace = open_namespace(family->pid, "pid");
    if (family->user_namespace < 0 || family->pid_namespace < 0) return refuse(failure, "open family namespaces");
    return 0;
}

static int await_family(int gate, int report, struct nb_failure *failure) {
    if (write(gate, "", 1) != 1) return refuse(failure, "release family");
    ssize_t count = read(report, failure, sizeof *failure);
    failure->step[NB_STEP_NAME_BYTES - 1] = 0;
    return count == 0 ? 0 : -1;
}

static void end_family(struct nb_family *family) {
    syscall(SYS_pidfd_send_signal, family->pidfd, SIGKILL, NULL, 0);
    waitpid(family->pid, NULL, __WALL);
    close(family->pidfd);
    if (family->user_namespace >= 0) close(family->user_namespace);
    if (family->pid_namespace >= 0) close(family->pid_namespace);
}

struct birth {
    const struct nb_family_plan *plan;
    struct nb_family *family;
    struct nb_failure *failure;
    int gate[2];
    int report[2];
};

/// What all of a family may have is the caller's own, or without end where the caller may say so.
static void raise_limits(void) {
    static const int counted[] = {RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_MEMLOCK};
    for (size_t index = 0; index < sizeof counted / sizeof counted[0]; index++) {
        struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
        if (setrlimit(counted[index], &limit) == 0 || getrlimit(counted[index], &limit) != 0) continue;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(counted[index], &limit);  // to what it may be raised to always
    }
}

/// The helper. The kernel counts what a user namespace's processes use against who made it, too: against an id of the
/// family's own, so that nothing is counted for two families together.
static int bear_family(void *pointer) {
    struct birth *birth = pointer;
    const struct nb_family_plan *plan = birth->plan;
    raise_limits();
    if (nb_act_as(plan->first_id) != 0) return refuse(birth->failure, "act as the family");
    uint64_t flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_PARENT;
    pid_t pid = nb_clone3(flags, 0, plan->cgroup, &birth->family->pidfd);
    if (pid < 0) return refuse(birth->failure, "clone family");
    if (pid == 0) {
        close(birth->gate[1]);
        family_init(plan, birth->gate[0], birth->report[1]);
    }
    birth->family->pid = pid;
    return 0;
}

int nb_family_start(const struct nb_family_plan *plan, struct nb_family *family, struct nb_failure *failure) {
    struct birth birth = {.plan = plan, .family = family, .failure = failure};
    int *gate = birth.gate, *report = birth.report, result = -1;
    *family = (struct nb_family){-1, -1, -1, -1};
    errno = 0;
    nb_fill_failure(failure, "clone helper", NULL);
    if (pipe2(gate, O_CLOEXEC) != 0) return refuse(failure, "family gate");
    if (pipe2(report, O_CLOEXEC) != 0) {
        close(gate[0]), close(gate[1]);
        return refuse(failure, "family report");
    }
    int born = nb_in_helper(bear_family, &birth);
    if (born != 0 && failure->error_number == 0) failure->error_number = errno;
    close(gate[0]), close(report[1]);
    if (born == 0) {
        if (map_and_open(family, plan->first_id, plan->id_count, failure) == 0
            && await_family(gate[1], report[0], failure) == 0)
            result = 0;
        else
            end_family(family);
    }
    close(gate[1]), close(report[0]);
    return result;
}

// Namespaces that belong to a family are made by a helper inside it.

struct request {
    int family_namespace;
    const struct nb_slot_plan *plan;
    int result;
    struct nb_failure *failure;
};

static int idle_main(void *unused) {
    (void)unused;
    for (;;) syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

static int user_namespace_body(void *pointer) {
    static char stack[IDLE_STACK_BYTES] __attribute__((aligned(16)));
    struct request *request = pointer;
    if (setns(request->family_namespace, CLONE_NEWUSER) != 0) return refuse(request->failure, "enter family");
    // Who makes a user namespace must be somebody in the one above; what its processes use is counted against him, too,
    // and may be no more than his own limits were. So this is an id that only the one sandbox has. The change of ids
    // hides the /proc files of all that share this memory from everyone but the host's root, which the helper no longer
    // is. It was nobody here, so it keeps its capabilities.
    const struct nb_slot_plan *plan = request->plan;
    uint32_t id = plan->first_id;
    if (syscall(SYS_setresgid, id, id, id) != 0 || syscall(SYS_setresuid, id, id, id) != 0
        || prctl(PR_SET_DUMPABLE, 1) != 0)
        return refuse(request->failure, "become the sandbox's root");
    if (nb_lower_limits(plan->limits, plan->limit_count) != 0) return refuse(request->failure, "lower limits");
    pid_t pid = clone(idle_main, stack + sizeof stack, CLONE_VM | CLONE_NEWUSER | SIGCHLD, NULL);
    if (pid < 0) return refuse(request->failure, "clone user namespace");
    int result = write_maps(pid, plan->first_id, plan->id_count);
    if (result != 0) refuse(request->failure, "map ids");
    if (result == 0 && (request->result = open_namespace(pid, "user")) < 0) {
        result = -1;
        refuse(request->failure, "open user namespace");
    }
    int kept = errno;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, __WALL);
    errno = kept;
    return result;
}

int nb_user_namespace(
    int family_namespace, const struct nb_slot_plan *plan, int *result, struct nb_failure *failure) {
    struct request request = {family_namespace, plan, -1, failure};
    if (nb_in_helper(user_namespace_body, &request) != 0) return -1;
    *result = request.result;
    return 0;
}

int nb_raise_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int socket_descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_descriptor < 0) return -1;
    int result = ioctl(socket_descriptor, SIOCSIFFLAGS, &request), kept = errno;
    close(socket_descriptor);
    errno = kept;
    return result;
}

static int network_namespace_body(void *pointer) {
    struct request *request = pointer;
    if (setns(request->family_namespace, CLONE_NEWUSER) != 0) return refuse(request->failure, "enter family");
    if (unshare(CLONE_NEWNET) != 0) return refuse(request->failure, "network namespace");
    if (nb_raise_loopback() != 0) return refuse(request->failure, "raise lo");
    if (nb_write_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0") != 0)
        return refuse(request->failure, "unprivileged ports");
    request->result = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    return request->result < 0 ? refuse(request->failure, "open network namespace") : 0;
}

int nb_network_namespace(int family_namespace, int *result, struct nb_failure *failure) {
    struct request request = {.family_namespace = family_namespace, .result = -1, .failure = failure};
    if (nb_in_helper(network_namespace_body, &request) != 0) return -1;
    *result = request.result;
    return 0;
}
