#include "guest_tree.h"

#include "clinux_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    STOP_ROUNDS = 5,
    KILL_ROUND_MILLISECONDS = 10,
    KILL_LIMIT_MILLISECONDS = 10000,
};

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

int guest_reap(pid_t command, int *status, int *ended) {
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
        if (guest_reap(command, status, ended)) return 1;
    } while (sigtimedwait(&child, NULL, &pause) == SIGCHLD && guest_monotonic_milliseconds() < end);
    return guest_reap(command, status, ended);
}

int guest_kill_tree(pid_t command, int is_sandbox, int *status, int *ended) {
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
