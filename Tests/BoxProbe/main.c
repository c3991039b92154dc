// What the spawner's tests put in the place of the guest: for each connection to descriptor 3 it reads one line, does
// what it says, writes what it saw, and closes.
//
//   cat PATH          the file's bytes
//   ls PATH           the names in a directory, one per line
//   write PATH TEXT   "ok", or the error's number
//   fill PATH         writes to a new file until the disk is full: the number of bytes and the error's number
//   chown PATH ID     "ok", or the error's number
//   hog               uses up memory
//   stay              starts a process that lives on
//   exit              ends the whole sandbox

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void serve(int connection) {
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
    else dprintf(connection, "what?");
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int connection = accept(3, NULL, NULL);
        if (connection < 0) return 1;
        serve(connection);
        close(connection);
    }
}
