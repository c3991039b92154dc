#include "child.h"
#include "include/clinux_events.h"
#include "include/clinux_run.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

// The life of a box's first process from its clone to its exec.
//
// The caller starts a short-lived helper that enters the cgroups and namespaces which only a process itself can enter.
// The helper clones the first process with CLONE_PARENT, so that it is the caller's own child, and ends. It must itself
// live in the pid namespace below which it makes a new one, so the caller itself joins that one for its children and
// goes back at once.

#define FIRST_PASSED 3
#define SIGNAL_COUNT 64

struct entry {
    const struct nb_launch *launch;
    struct nb_started *started;
    struct nb_failure *failure;
    int report;
    int gate[2];
};

static const char *step_word(enum nb_step_kind kind) {
    switch (kind) {
        case NB_STEP_DIRECTORY: return "make directory";
        case NB_STEP_FILE: return "write file";
        case NB_STEP_LINK: return "make link";
        case NB_STEP_ATTACH: return "attach mount";
        case NB_STEP_MOUNT: return "mount";
        case NB_STEP_BIND_HOST:
        case NB_STEP_BIND_STAGE:
        case NB_STEP_BIND_SELF: return "bind";
        case NB_STEP_ENTER: return "enter root";
        case NB_STEP_PIVOT: return "pivot root";
    }
    return "step";
}

/// An adjustment inherited from the caller could be taken back by the sandbox; this one is its own floor.
static int reset_oom_adjustment(void) {
    // EACCES: an administrator has set a higher floor already.
    return nb_write_file("/proc/self/oom_score_adj", "0") == 0 || errno == EACCES ? 0 : -1;
}

/// Enters the cgroups whose files the caller passes; meanwhile it made them. Nothing of a stranger's has run yet.
static void enter_cgroups(const struct nb_launch *launch, int report) {
    for (;;) {
        char kind;
        int file = -1;
        if (nb_receive(launch->passed[0], &kind, 1, &file, 0) != 1) nb_child_fail(report, "wait for cgroups", NULL);
        if (kind == NB_RUN_GO) break;
        if (file < 0 || write(file, "0", 1) != 1) nb_child_fail(report, "enter cgroup", NULL);
        close(file);
    }
    if (unshare(CLONE_NEWCGROUP) != 0) nb_child_fail(report, "cgroup namespace", NULL);
}

static void await_gate(int gate, int report) {
    char byte;
    if (gate < 0) return;
    while (read(gate, &byte, 1) < 0)
        if (errno != EINTR) nb_child_fail(report, "wait for ids", NULL);
}

static void become_user(const struct nb_launch *launch, int report) {
    uint32_t user = launch->alone.user, group = launch->alone.group;
    if (setsid() < 0) nb_child_fail(report, "setsid", NULL);
    if (!launch->alone.stays && unshare(CLONE_NEWCGROUP) != 0) nb_child_fail(report, "cgroup namespace", NULL);
    if (!launch->alone.keeps_groups && syscall(SYS_setgroups, 0, NULL) != 0)
        nb_child_fail(report, "setgroups", NULL);
    if (syscall(SYS_setresgid, group, group, group) != 0) nb_child_fail(report, "setresgid", NULL);
    if (syscall(SYS_setresuid, user, user, user) != 0) nb_child_fail(report, "setresuid", NULL);
}

static void make_root(const struct nb_launch *launch, int report) {
    size_t failed;
    umask(0);
    const struct nb_alone *alone = &launch->alone;
    if (nb_run_steps(launch->steps, launch->step_count, alone->stage, alone->stage_options, &failed) != 0) {
        if (failed == launch->step_count) nb_child_fail(report, "mount stage", NULL);
        nb_child_fail(report, step_word(launch->steps[failed].kind), launch->steps[failed].path);
    }
    umask(022);
    if (launch->hostname != NULL && sethostname(launch->hostname, strlen(launch->hostname)) != 0)
        nb_child_fail(report, "sethostname", NULL);
    if (launch->directory != NULL && chdir(launch->directory) != 0)
        nb_child_fail(report, "chdir", launch->directory);
}

static void reset_signals(void) {
    // The kernel's own call, with its own structure: the C library keeps two signals to itself, and if the caller
    // ignores those, so would the program.
    const struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        uint64_t mask;
    } normal = {.handler = SIG_DFL};
    for (int number = 1; number <= SIGNAL_COUNT; number++)
        syscall(SYS_rt_sigaction, number, &normal, NULL, sizeof normal.mask);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/// Puts the descriptors to pass at 3 and on, the program and the report above them, and closes all others.
static void arrange_descriptors(const struct nb_launch *launch, int *report, int *executable) {
    int above = FIRST_PASSED + NB_PASSED_MAX + 2, held[NB_PASSED_MAX];
    // First all out of the way, so that no move overwrites another's source.
    int moved = fcntl(*report, F_DUPFD_CLOEXEC, above);
    if (moved < 0) nb_child_fail(*report, "move report", NULL);
    *report = moved;
    if (*executable >= 0 && (*executable = fcntl(*executable, F_DUPFD_CLOEXEC, above)) < 0)
        nb_child_fail(*report, "move program", NULL);
    for (size_t index = 0; index < launch->passed_count; index++)
        if ((held[index] = fcntl(launch->passed[index], F_DUPFD_CLOEXEC, above)) < 0)
            nb_child_fail(*report, "move descriptor", NULL);
    if (!launch->inherits_standard_streams) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (null < 0) nb_child_fail(*report, "open /dev/null", NULL);
        for (int stream = 0; stream < FIRST_PASSED; stream++)
            if (dup2(null, stream) < 0) nb_child_fail(*report, "standard streams", NULL);
        if (null >= FIRST_PASSED) close(null);
    }
    for (size_t index = 0; index < launch->passed_count; index++)
        if (dup2(held[index], FIRST_PASSED + (int)index) < 0) nb_child_fail(*report, "pass descriptor", NULL);
    int report_place = FIRST_PASSED + (int)launch->passed_count, program_place = report_place + 1;
    if (dup3(*report, report_place, O_CLOEXEC) < 0) nb_child_fail(*report, "place report", NULL);
    *report = report_place;
    if (*executable >= 0 && dup3(*executable, program_place, O_CLOEXEC) < 0)
        nb_child_fail(*report, "place program", NULL);
    int first_closed = *executable >= 0 ? program_place + 1 : program_place;
    if (*executable >= 0) *executable = program_place;
    if (syscall(SYS_close_range, first_closed, ~0u, 0) != 0) nb_child_fail(*report, "close_range", NULL);
}

/// Before the filter: what it forbids is done here.
static void become_other_user(const struct nb_launch *launch, int report) {
    uint32_t id = launch->other_user;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) nb_child_fail(report, "keep capabilities", NULL);
    if (syscall(SYS_setresgid, id, id, id) != 0) nb_child_fail(report, "setresgid", NULL);
    if (syscall(SYS_setresuid, id, id, id) != 0) nb_child_fail(report, "setresuid", NULL);
    if (nb_keep_capabilities(launch->capabilities) != 0) nb_child_fail(report, "keep capabilities", NULL);
    // After the change of ids, which forgets it. A caller that is gone already is seen at its end of what is passed.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) nb_child_fail(report, "end with the caller", NULL);
}

static void give_up_privileges(const struct nb_launch *launch, int report) {
    // A kernel without keyrings has nothing to leave behind.
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
        nb_child_fail(report, "session keyring", NULL);
    if (nb_drop_capabilities(launch->capabilities) != 0) nb_child_fail(report, "drop capabilities", NULL);
    if (launch->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        nb_child_fail(report, "no_new_privs", NULL);
    if (launch->other_user != 0) become_other_user(launch, report);
    if (launch->filter_bytes == 0) return;
    struct sock_fprog program = {
        .len = (unsigned short)(launch->filter_bytes / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)launch->filter,
    };
    // The capabilities still in effect stand in for no_new_privs; the exec takes them away.
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) nb_child_fail(report, "seccomp filter", NULL);
}

static _Noreturn void first_process(const struct nb_launch *launch, int report, int gate) {
    int executable = launch->executable;
    if (launch->alone.stays && reset_oom_adjustment() != 0) nb_child_fail(report, "reset oom_score_adj", NULL);
    // Needs no ids of its own, so it is done while they are mapped.
    if (launch->alone.raises_loopback && nb_raise_loopback() != 0) nb_child_fail(report, "raise lo", NULL);
    await_gate(gate, report);
    become_user(launch, report);
    make_root(launch, report);
    if (nb_lower_limits(launch->limits, launch->limit_count) != 0) nb_child_fail(report, "lower limits", NULL);
    if (launch->alone.stays) enter_cgroups(launch, report);
    arrange_descriptors(launch, &report, &executable);
    reset_signals();
    give_up_privileges(launch, report);
    if (launch->alone.stays) nb_stay_first(launch, report);
    if (executable >= 0)
        syscall(SYS_execveat, executable, "", launch->arguments, launch->environment, 0x1000 /* AT_EMPTY_PATH */);
    else
        execve(launch->program, (char *const *)launch->arguments, (char *const *)launch->environment);
    nb_child_fail(report, "execute", launch->program);
}

static int refuse(struct entry *entry, const char *step, const char *detail) {
    int kept = errno;
    nb_fill_failure(entry->failure, step, detail);
    errno = kept;
    return -1;
}

/// The helper: enters, clones the first process, ends.
static int enter_and_clone(void *pointer) {
    struct entry *entry = pointer;
    const struct nb_launch *launch = entry->launch;
    if (reset_oom_adjustment() != 0) return refuse(entry, "reset oom_score_adj", NULL);
    // Without the right to it the first process is one among many.
    if (launch->nice != 0 && setpriority(PRIO_PROCESS, 0, launch->nice) != 0 && errno != EACCES && errno != EPERM)
        return refuse(entry, "set priority", NULL);
    for (size_t index = 0; index < launch->process_file_count; index++)
        if (nb_write_file(launch->process_files[index], "0") != 0)
            return refuse(entry, "enter cgroup", launch->process_files[index]);
    for (size_t index = 0; index < launch->namespace_count; index++)
        if (setns(launch->namespaces[index], 0) != 0) return refuse(entry, "enter namespace", NULL);
    uint64_t flags = launch->new_namespaces | CLONE_PARENT;
    pid_t pid = nb_clone3(flags, 0, launch->cgroup, &entry->started->pidfd);
    if (pid < 0) return refuse(entry, "clone", NULL);
    if (pid == 0) first_process(launch, entry->report, entry->gate[0]);
    entry->started->pid = pid;
    return 0;
}

static int start_helper(struct entry *entry) {
    int own = -1, family = entry->launch->pid_namespace;
    if (family > 0) {
        own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
        if (own < 0) return refuse(entry, "open own pid namespace", NULL);
        if (setns(family, CLONE_NEWPID) != 0) {
            refuse(entry, "enter pid namespace", NULL);
            close(own);
            return -1;
        }
    }
    int result = nb_in_helper(enter_and_clone, entry);
    if (own < 0) return result;
    // A caller that cannot go back would give birth to all its children in a stranger's namespace.
    if (setns(own, CLONE_NEWPID) != 0) abort();
    close(own);
    return result;
}

/// The process's number in the caller's pid namespace; the clone told it in the helper's.
static pid_t pid_of(int pidfd) {
    char path[64], text[512], *line;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count < 0) return -1;
    text[count] = 0;
    line = strstr(text, "\nPid:");
    return line != NULL ? (pid_t)strtol(line + 5, NULL, 10) : -1;
}

/// Maps the ids and lets the first process go.
static int map_user(struct entry *entry) {
    const struct nb_alone *alone = &entry->launch->alone;
    if (nb_run_map(entry->started->pid, alone->user, alone->user_outside, alone->group, alone->group_outside,
                   alone->id_count, alone->keeps_groups) == 0
        && write(entry->gate[1], "", 1) == 1)
        return 0;
    refuse(entry, "map the user", NULL);
    int kept = errno;
    syscall(SYS_pidfd_send_signal, entry->started->pidfd, SIGKILL, NULL, 0);
    errno = kept;
    return -1;
}

/// Clones the first process as `alone.owner`, if there is one, and is the caller again.
static pid_t clone_alone(struct entry *entry) {
    const struct nb_launch *launch = entry->launch;
    if (launch->alone.owner != 0 && nb_act_as(launch->alone.owner) != 0) return -1;
    pid_t pid = nb_clone3(launch->new_namespaces, 0, launch->cgroup, &entry->started->pidfd);
    if (pid == 0) first_process(launch, entry->report, entry->gate[0]);
    int kept = errno;
    // A caller that cannot go back would do all that follows as somebody else.
    if (launch->alone.owner != 0 && (syscall(SYS_setresuid, -1, 0, -1) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0)) abort();
    errno = kept;
    return pid;
}

/// Without a family there is nothing that a helper would have to enter: the caller clones the first process itself.
static int start_alone(struct entry *entry) {
    sigset_t all, before;
    if (pipe2(entry->gate, O_CLOEXEC) != 0) return refuse(entry, "gate pipe", NULL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = clone_alone(entry);
    int kept = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = kept;
    entry->started->pid = pid;
    int result = pid < 0 ? refuse(entry, "clone", NULL) : map_user(entry);
    kept = errno;
    close(entry->gate[0]), close(entry->gate[1]);
    errno = kept;
    return result;
}

int nb_start(const struct nb_launch *launch, struct nb_started *started, struct nb_failure *failure) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        nb_fill_failure(failure, "report pipe", NULL);
        return -1;
    }
    struct entry entry = {
        .launch = launch, .started = started, .failure = failure, .report = report[1], .gate = {launch->gate, -1}};
    *started = (struct nb_started){.pid = -1, .pidfd = -1, .report = report[0]};
    errno = 0;
    nb_fill_failure(failure, "clone helper", NULL);
    failure->error_number = 0;
    int result = launch->alone.stays ? start_alone(&entry) : start_helper(&entry);
    if (result != 0 && failure->error_number == 0) failure->error_number = errno;
    close(report[1]);
    if (result == 0) {
        if (launch->pid_namespace > 0) started->pid = pid_of(started->pidfd);
        return 0;
    }
    if (started->pid > 0) {  // killed; it is ours to reap
        siginfo_t info;
        waitid(P_PIDFD, (id_t)started->pidfd, &info, WEXITED | __WALL);
        close(started->pidfd);
        started->pidfd = -1;
    }
    close(report[0]);
    return -1;
}

/// The failure that the first process reported, or what `errno` says of a wait that led nowhere. 1 if it reported that
/// the program runs, 0 if it reported nothing and executed or died.
static int read_report(struct nb_started *started, int timeout_milliseconds, struct nb_failure *failure) {
    struct pollfd wait = {.fd = started->report, .events = POLLIN};
    int ready;
    while ((ready = poll(&wait, 1, timeout_milliseconds)) < 0 && errno == EINTR) {}
    if (ready == 0) errno = ETIMEDOUT;
    if (ready <= 0) {
        nb_fill_failure(failure, "wait for exec", NULL);
        return -1;
    }
    ssize_t count = read(started->report, failure, sizeof *failure);
    failure->step[NB_STEP_NAME_BYTES - 1] = 0;
    if (count == (ssize_t)sizeof *failure && failure->error_number == 0) return 1;
    return count == 0 ? 0 : -1;
}

int nb_wait_started(struct nb_started *started, int timeout_milliseconds, struct nb_failure *failure) {
    siginfo_t info = {0};
    int result = read_report(started, timeout_milliseconds, failure);
    close(started->report);
    started->report = -1;
    if (result == 1) return 0;
    if (result == 0) {
        // A process killed before its exec closes the pipe just as well.
        if (waitid(P_PIDFD, (id_t)started->pidfd, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid == 0)
            return 0;
        errno = ECHILD;
        nb_fill_failure(failure, "died before exec", NULL);
    }
    syscall(SYS_pidfd_send_signal, started->pidfd, SIGKILL, NULL, 0);
    waitid(P_PIDFD, (id_t)started->pidfd, &info, WEXITED | __WALL);
    close(started->pidfd);
    started->pidfd = -1;
    return -1;
}
