#include "clinux_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Between PID 1 and every command stands a supervisor: a forked copy of PID 1 that runs only what is in this file. It
// is the subreaper of all that the command starts, so "the tree of the command" is "my descendants", and "the tree is
// gone" is ECHILD from waitpid: exact, whatever double forks and new sessions the command makes.

enum {
    REPORT_DESCRIPTOR = 3,
    STOP_ROUNDS = 5,
    KILL_ROUND_MILLISECONDS = 10,
    KILL_LIMIT_MILLISECONDS = 10000,
};

struct start {
    const struct guest_command *command;
    int step;
    int error;
};

// ---- the command's side of its own fork. It shares the supervisor's memory until exec, so a failure is two stores.

static int failed(struct start *start, int step) {
    start->error = errno;
    start->step = step;
    return 127;
}

// Raw calls, for glibc keeps two signals to itself that a caller of ours may have left ignored. KILL and STOP refuse:
// they are as they should be.
static void reset_signals(void) {
    char plain[32] = {0};  // the kernel's struct sigaction with SIG_DFL
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, plain, NULL, NSIG / 8);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// A sandbox may protect its PID 1 from the OOM killer; a command is never protected. Without /proc there is nothing to
// undo, and a value already above 0 may stay, so failures need no answer.
static void reset_oom_score(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t ignored = write(file, "0", 1);
    (void)ignored;
    close(file);
}

// In a user namespace made without privilege the kernel has taken setgroups(2) away for good; what groups are left
// there are those of the user who made it.
static int groups_are_denied(void) {
    char text[8] = {0};
    int file = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    return count >= 4 && memcmp(text, "deny", 4) == 0;
}

// Raw calls: glibc's wrappers would talk to the threads that a process of one thread does not have.
static int become_user(struct start *start) {
    const struct guest_command *command = start->command;
    if (!command->changes_user) return 0;
    if (syscall(SYS_setgroups, command->group_count, command->groups) && !(errno == EPERM && groups_are_denied()))
        return failed(start, GUEST_STEP_GROUPS);
    if (syscall(SYS_setresgid, command->group, command->group, command->group))
        return failed(start, GUEST_STEP_GROUPS);
    if (syscall(SYS_setresuid, command->user, command->user, command->user)) return failed(start, GUEST_STEP_USER);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // this memory is still the supervisor's
    return 0;
}

// PID 1 and the supervisors go first among the sandbox's own processes, so that a thousand of them cannot hold up their
// end; commands do not.
static int go_back_in_line(void) {
    return getpriority(PRIO_PROCESS, 0) < 0 ? setpriority(PRIO_PROCESS, 0, 0) : 0;
}

static int run_command(void *argument) {
    struct start *start = argument;
    const struct guest_command *command = start->command;
    if (setsid() < 0) return failed(start, GUEST_STEP_SESSION);
    if (command->has_terminal && ioctl(0, TIOCSCTTY, 0)) return failed(start, GUEST_STEP_TERMINAL);
    reset_oom_score();
    if (go_back_in_line()) return failed(start, GUEST_STEP_SESSION);
    setrlimit(RLIMIT_NOFILE, &command->open_files);  // back to what it was: cannot be above the hard limit
    if (become_user(start)) return 127;
    umask(022);
    if (chdir(command->directory)) return failed(start, GUEST_STEP_DIRECTORY);
    reset_signals();
    int error = ENOENT;
    for (char *const *path = command->candidates; *path; path++) {
        execve(*path, command->arguments, command->environment);
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return failed(start, GUEST_STEP_EXEC);
        if (errno == EACCES) error = EACCES;
    }
    errno = error;
    return failed(start, GUEST_STEP_EXEC);
}

// ---- the tree of a supervisor

struct tree_process {
    pid_t pid;
    pid_t parent;
    pid_t group;
    unsigned long long started;
    char state;
    char descends;
    char told;
    char told_group;
};

struct process_list {
    struct tree_process *all;
    size_t count;
    size_t capacity;
};

// pid (name) state ppid pgrp ... starttime is field 22; the name may hold anything, also ") ".
static int read_process(const char *name, struct tree_process *process) {
    char path[64], text[1024];
    if (strlen(name) > 16) return -1;
    strcpy(path, "/proc/");
    strcat(path, name);
    strcat(path, "/stat");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return -1;
    text[count] = 0;
    char *field = strrchr(text, ')');
    if (!field || field[1] != ' ') return -1;
    process->pid = atoi(name);
    process->state = field[2];
    char *end;
    process->parent = (pid_t)strtol(field + 4, &end, 10);
    process->group = (pid_t)strtol(end, NULL, 10);
    for (int number = 2; number < 22 && field; number++) field = strchr(field + 1, ' ');
    if (!field) return -1;
    process->started = strtoull(field + 1, NULL, 10);
    process->descends = 0;
    process->told = 0;
    process->told_group = 0;
    return 0;
}

static int compare_pids(const void *left, const void *right) {
    return ((const struct tree_process *)left)->pid - ((const struct tree_process *)right)->pid;
}

static struct tree_process *find_process(struct process_list *list, pid_t pid) {
    struct tree_process key = {.pid = pid};
    return bsearch(&key, list->all, list->count, sizeof key, compare_pids);
}

static int list_processes(struct process_list *list) {
    DIR *directory = opendir("/proc");
    if (!directory) return -1;
    list->count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        if (list->count == list->capacity) {
            size_t capacity = list->capacity ? 2 * list->capacity : 64;
            struct tree_process *all = realloc(list->all, capacity * sizeof *all);
            if (!all) break;  // what was found so far is killed; the next round finds the rest
            list->all = all;
            list->capacity = capacity;
        }
        if (read_process(entry->d_name, &list->all[list->count]) == 0) list->count++;
    }
    closedir(directory);
    qsort(list->all, list->count, sizeof *list->all, compare_pids);
    return 0;
}

static void mark_descendants(struct process_list *list) {
    pid_t self = getpid();
    for (int changed = 1; changed;) {
        changed = 0;
        for (size_t index = 0; index < list->count; index++) {
            struct tree_process *process = &list->all[index];
            if (process->descends || process->pid == self) continue;
            struct tree_process *parent = find_process(list, process->parent);
            if (process->parent != self && !(parent && parent->descends)) continue;
            process->descends = 1;
            changed = 1;
        }
    }
}

// Sends to the very process that was listed, not to one that got its pid since.
static void send_to(const struct tree_process *process, int signal) {
    int handle = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (handle < 0) {
        if (errno != ESRCH) kill(process->pid, signal);  // no pidfds here
        return;
    }
    char name[16];
    int length = 0;
    char digits[16];
    for (pid_t rest = process->pid; rest > 0; rest /= 10) digits[length++] = (char)('0' + rest % 10);
    for (int index = 0; index < length; index++) name[index] = digits[length - 1 - index];
    name[length] = 0;
    struct tree_process now;
    if (read_process(name, &now) == 0 && now.started == process->started)
        syscall(SYS_pidfd_send_signal, handle, signal, NULL, 0);
    close(handle);
}

// - Returns: 1 once for each group in a list.
static int is_new_group(struct process_list *list, size_t index) {
    for (size_t other = 0; other < index; other++)
        if (list->all[other].told_group && list->all[other].group == list->all[index].group) return 0;
    list->all[index].told_group = 1;
    return 1;
}

// A process that forks and dies is another one by the time it was listed, but stays in its group, and the kernel lets
// no fork pass a signal to a group. Every group with a member in the tree is wholly in it: the command began a session
// of its own, and nobody can join a session.
static void send_to_group(struct process_list *list, size_t index, int signal) {
    pid_t group = list->all[index].group;
    if (group > 1 && group != getpgrp() && is_new_group(list, index)) kill(-group, signal);
}

static struct tree_process *find_same(struct process_list *list, const struct tree_process *process) {
    struct tree_process *found = find_process(list, process->pid);
    return found && found->started == process->started ? found : NULL;
}

// Leaves out who was told in `earlier`: a signal that is pending is enough to keep a process from forking, whether it
// has had the time to obey or not.
// - Returns: how many descendants were told now.
static size_t signal_descendants(struct process_list *list, struct process_list *earlier, int signal) {
    if (list_processes(list)) return 0;
    mark_descendants(list);
    size_t count = 0;
    for (size_t index = 0; index < list->count; index++) {
        struct tree_process *process = &list->all[index];
        if (!process->descends || process->state == 'Z' || process->state == 'X') continue;
        struct tree_process *same = find_same(earlier, process);
        process->told = 1;
        if (same && same->told) continue;
        count++;
        send_to_group(list, index, signal);
        send_to(process, signal);
    }
    return count;
}

// One round of `signal_descendants`, remembered for the next.
static size_t tell_new_descendants(struct process_list *list, struct process_list *earlier, int signal) {
    size_t count = signal_descendants(list, earlier, signal);
    struct process_list swapped = *earlier;
    *earlier = *list;
    *list = swapped;
    return count;
}

// For a tree that changes group with every fork: everything in the sandbox but PID 1 and this process stops for the
// few milliseconds that it takes to tell who belongs to the tree and to kill that. Then the others go on. Nothing can
// fork past kill(-1) either.
static void kill_among_stopped(struct process_list *list, struct process_list *before) {
    if (list_processes(before) || kill(-1, SIGSTOP) || list_processes(list)) return;
    mark_descendants(list);
    for (size_t index = 0; index < list->count; index++)
        if (list->all[index].descends) send_to(&list->all[index], SIGKILL);
    for (size_t index = 0; index < list->count; index++) {
        struct tree_process *process = &list->all[index];
        struct tree_process *earlier = find_same(before, process);
        int was_stopped = earlier && (earlier->state == 'T' || earlier->state == 't');
        if (!process->descends && !was_stopped && process->pid != 1 && process->pid != getpid())
            send_to(process, SIGCONT);
    }
}

// - Returns: 1 if there are no children left.
static int reap(pid_t command, int *status, int *ended) {
    for (;;) {
        int one;
        pid_t pid = waitpid(-1, &one, WNOHANG);
        if (pid == 0) return 0;
        if (pid < 0) return errno == ECHILD;
        if (pid == command) {
            *status = one;
            *ended = 1;
        }
    }
}

// Reaps until nobody is left or `milliseconds` are over.
// - Returns: 1 if there are no children left.
static int reap_for(uint64_t milliseconds, pid_t command, int *status, int *ended) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    struct timespec pause = {.tv_nsec = (long)milliseconds * 1000000L};
    uint64_t end = guest_monotonic_milliseconds() + milliseconds;
    do {
        if (reap(command, status, ended)) return 1;
    } while (sigtimedwait(&child, NULL, &pause) == SIGCHLD && guest_monotonic_milliseconds() < end);
    return reap(command, status, ended);
}

// Stops all first, so that nothing forks out of the way, then kills. No children left means no descendants left, for
// orphans become children of the subreaper.
// - Parameter is_sandbox: whether all processes to be seen are the sandbox's.
// - Returns: 0 when the tree is gone, 1 if the time was up before.
static int kill_tree(pid_t command, int is_sandbox, int *status, int *ended) {
    struct process_list list = {0}, earlier = {0};
    kill(-command, SIGSTOP);  // most of it at once: what runs by the thousand leaves no time to make a list
    for (int round = 0; round < STOP_ROUNDS; round++)
        if (tell_new_descendants(&list, &earlier, SIGSTOP) == 0) break;
    earlier.count = 0;
    int is_gone = 0;
    uint64_t end = guest_monotonic_milliseconds() + KILL_LIMIT_MILLISECONDS;
    for (int round = 0; !is_gone && guest_monotonic_milliseconds() < end; round++) {
        // New ones after the first round were not stopped in time: they move faster than they are listed.
        if (tell_new_descendants(&list, &earlier, SIGKILL) > 0 && round > 0 && is_sandbox)
            kill_among_stopped(&list, &earlier);
        is_gone = reap_for(KILL_ROUND_MILLISECONDS, command, status, ended);
    }
    free(list.all);
    free(earlier.all);
    return !is_gone;
}

// ---- the supervisor

static int report_to(int kind, int value, int detail) {
    struct guest_report report = {.kind = kind, .value = value, .detail = detail};
    return write(REPORT_DESCRIPTOR, &report, sizeof report) == sizeof report ? 0 : -1;
}

// Moves the four descriptors to 0...3 and closes all others. First out of the way of their own destinations.
static int keep_descriptors(const struct guest_command *command) {
    const int wanted[4] = {command->input, command->output, command->error, command->report};
    int moved[4];
    for (int index = 0; index < 4; index++)
        if ((moved[index] = fcntl(wanted[index], F_DUPFD_CLOEXEC, 16)) < 0) return -1;
    for (int index = 0; index < 4; index++)
        if (dup2(moved[index], index) < 0) return -1;
    if (fcntl(REPORT_DESCRIPTOR, F_SETFD, FD_CLOEXEC)) return -1;
    return (int)syscall(SYS_close_range, REPORT_DESCRIPTOR + 1, ~0U, 0);
}

static _Noreturn void leave(int kind, int value, int detail) {
    report_to(kind, value, detail);
    _exit(0);
}

// Until the command ends by itself, or its tree is killed on request or because PID 1 is gone.
static _Noreturn void watch_command(pid_t command, int is_sandbox) {
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGRTMIN);
    int status = 0, ended = 0;
    for (;;) {
        reap(command, &status, &ended);
        if (ended) leave(GUEST_REPORT_EXITED, status, 0);
        siginfo_t info;
        int number = sigwaitinfo(&awaited, &info);
        if (number == SIGTERM || (number == SIGRTMIN && info.si_value.sival_int == SIGKILL)) {
            int incomplete = kill_tree(command, is_sandbox, &status, &ended);
            if (!ended) status = SIGKILL;
            leave(GUEST_REPORT_EXITED, status, incomplete);
        }
        // Only this process reaps the command, so its pid is still its own.
        if (number == SIGRTMIN && info.si_value.sival_int > 0) kill(command, info.si_value.sival_int);
    }
}

static _Noreturn void supervise(const struct guest_command *command, pid_t parent) {
    if (keep_descriptors(command)) _exit(GUEST_STEP_SUPERVISOR);
    prctl(PR_SET_NAME, "nestbox-command", 0, 0, 0);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0))
        leave(GUEST_REPORT_FAILED, GUEST_STEP_SUPERVISOR, errno);
    if (getppid() != parent) _exit(0);
    static char stack[64 << 10] __attribute__((aligned(16)));
    struct start start = {.command = command};
    pid_t child = clone(run_command, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
    if (child < 0) leave(GUEST_REPORT_FAILED, GUEST_STEP_FORK, errno);
    if (start.step) leave(GUEST_REPORT_FAILED, start.step, start.error);
    close(0), close(1), close(2);  // the command's; held here they would never end
    report_to(GUEST_REPORT_STARTED, child, 0);
    // Whose parent was PID 1 from the start is in a pid namespace that is all the sandbox's, and kill(-1) stays in it.
    watch_command(child, parent == 1);
}

pid_t guest_start_command(const struct guest_command *command) {
    pid_t parent = getpid();
    // Blocked before the fork, so that no request to the supervisor finds it with a default disposition.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child == 0) supervise(command, parent);
    int saved = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return child;
}

int guest_signal_command(pid_t supervisor, int signal) {
    union sigval value = {.sival_int = signal};
    return sigqueue(supervisor, SIGRTMIN, value);
}
