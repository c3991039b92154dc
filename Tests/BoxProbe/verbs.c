#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// What a probe can be told to do, one line each:
//
//   cat PATH          the file's bytes
//   ls PATH           the names in a directory, one per line
//   write PATH TEXT   "ok", or the error's number
//   fill PATH         writes to a new file until the disk is full: the number of bytes and the error's number
//   chown PATH ID     "ok", or the error's number
//   hog               uses up memory
//   stay              starts a process that lives on
//   exit              ends the whole sandbox
//   report            all that the kernel says of the probe
//   forks             how many processes it can start, and the error's number
//   setns             tries to enter a namespace: "ok", or the error's number
//   stop              starts a process that stops all others for ever
//   haunt             waits for another process, and tries to get at its memory: how often it did, of how many times

static void copy_file(int out, const char *path) {
    char buffer[4096];
    ssize_t count;
    int file = open(path, O_RDONLY);
    if (file < 0) dprintf(out, "error %d", errno);
    while (file >= 0 && (count = read(file, buffer, sizeof buffer)) > 0)
        if (write(out, buffer, (size_t)count) < 0) break;
    if (file >= 0) close(file);
}

static void list(int out, const char *path) {
    struct dirent *entry;
    DIR *directory = opendir(path);
    if (directory == NULL) dprintf(out, "error %d", errno);
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2) dprintf(out, "%s\n", entry->d_name);
    if (directory != NULL) closedir(directory);
}

static void answer(int out, int result) {
    if (result >= 0) dprintf(out, "ok");
    else dprintf(out, "error %d", errno);
}

static void write_file(int out, const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CREAT, 0644);
    answer(out, file < 0 ? -1 : (int)write(file, text, strlen(text)));
    if (file >= 0) close(file);
}

static void fill(int out, const char *path) {
    static char block[1 << 20];
    long long total = 0;
    ssize_t count;
    int file = open(path, O_WRONLY | O_CREAT, 0644);
    while ((count = write(file, block, sizeof block)) > 0) total += count;
    dprintf(out, "%lld %d", total, errno);
    if (file >= 0) close(file);
}

static void hog(void) {
    for (;;) {
        char *block = malloc(1 << 20);
        if (block != NULL) memset(block, 1, 1 << 20);
    }
}

static void stay(int out) {
    pid_t pid = fork();
    if (pid != 0) answer(out, pid);
    else close(out);
    while (pid == 0) pause();
}

static void stop_all(int out) {
    pid_t pid = fork();
    if (pid != 0) answer(out, pid);
    else close(out);
    while (pid == 0) kill(-1, SIGSTOP);
}

static void count_forks(int out) {
    pid_t children[4096];
    int count = 0;
    while (count < 4096 && (children[count] = fork()) > 0) count++;
    if (count < 4096 && children[count] == 0) pause();
    dprintf(out, "%d %d", count, errno);
    for (int index = 0; index < count; index++) kill(children[index], SIGKILL);
}

static int enter_own_namespace(void) {
    int file = open("/proc/self/ns/uts", O_RDONLY);
    int result = setns(file, CLONE_NEWUTS), kept = errno;
    close(file);
    errno = kept;
    return result;
}

static bool reaches(pid_t pid) {
    char path[64], byte;
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int file = open(path, O_RDWR);
    if (file >= 0) close(file);
    struct iovec here = {&byte, 1}, there = {path, 1};
    // EFAULT: it was allowed to look, and there is nothing.
    return file >= 0 || process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT;
}

static void haunt(int out) {
    const int most = 200, highest = 64;
    int tries = 0, successes = 0;
    for (pid_t pid = 1; tries < most; pid = pid % highest + 1) {
        if (pid == getpid() || kill(pid, 0) != 0) continue;
        bool did = reaches(pid);
        if (!did && kill(pid, 0) != 0) continue;  // it had ended
        tries++;
        successes += did;
    }
    dprintf(out, "%d of %d", successes, tries);
}

static void report_link(int out, const char *path) {
    char target[512];
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = 0;
    dprintf(out, "%s -> %s\n", path, target);
}

static void report_lines(int out, const char *path) {
    dprintf(out, "%s:\n", path);
    copy_file(out, path);
}

static void report_namespaces(int out) {
    static const char *const names[] = {"net", "user", "ipc", "uts", "pid", "mnt", "cgroup"};
    char path[64];
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[index]);
        report_link(out, path);
    }
}

static void report_groups(int out) {
    gid_t groups[64];
    dprintf(out, "groups %d\n", getgroups(64, groups));
}

void probe_report(int out) {
    mode_t mask = umask(022);
    umask(mask);
    dprintf(out, "umask %o\nparent %d\nis a session's leader %d\nleads its group %d\n", (unsigned)mask, getppid(),
            getsid(0) == getpid(), getpgrp() == getpid());
    dprintf(out, "nice %d\ndumpable %d\n", getpriority(PRIO_PROCESS, 0), prctl(PR_GET_DUMPABLE));
    dprintf(out, "timer slack %d\npersonality %d\n", prctl(PR_GET_TIMERSLACK), personality(~0u));
    dprintf(out, "securebits %d\nsubreaper %d\n", prctl(PR_GET_SECUREBITS), prctl(PR_GET_PDEATHSIG, &mask));
    report_groups(out);
    report_namespaces(out);
    static const char *const files[] = {"status", "uid_map", "gid_map", "limits", "cgroup", "oom_score_adj"};
    char path[64];
    for (size_t index = 0; index < sizeof files / sizeof files[0]; index++) {
        snprintf(path, sizeof path, "/proc/self/%s", files[index]);
        report_lines(out, path);
    }
    dprintf(out, "descriptors:\n");
    list(out, "/proc/self/fd");
}

void probe_serve(int connection) {
    char line[4096];
    ssize_t count = read(connection, line, sizeof line - 1);
    line[count < 0 ? 0 : count] = 0;
    line[strcspn(line, "\n")] = 0;
    char *rest = line, *verb = strsep(&rest, " "), *path = strsep(&rest, " ");
    if (strcmp(verb, "cat") == 0) copy_file(connection, path);
    else if (strcmp(verb, "ls") == 0) list(connection, path);
    else if (strcmp(verb, "write") == 0) write_file(connection, path, rest);
    else if (strcmp(verb, "fill") == 0) fill(connection, path);
    else if (strcmp(verb, "chown") == 0) answer(connection, chown(path, (uid_t)atoi(rest), (gid_t)atoi(rest)));
    else if (strcmp(verb, "hog") == 0) hog();
    else if (strcmp(verb, "stay") == 0) stay(connection);
    else if (strcmp(verb, "exit") == 0) _exit(0);
    else if (strcmp(verb, "report") == 0) probe_report(connection);
    else if (strcmp(verb, "forks") == 0) count_forks(connection);
    else if (strcmp(verb, "setns") == 0) answer(connection, enter_own_namespace());
    else if (strcmp(verb, "stop") == 0) stop_all(connection);
    else if (strcmp(verb, "haunt") == 0) haunt(connection);
    else dprintf(connection, "what?");
}

