#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "land.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

/// What a fork ends with that takes no more orders.
#define NO_MORE 3

/// Whoever was given a fork has its first answer in this time, and better use for the processors than the next fork,
/// unless somebody asks for that. In milliseconds.
#define QUIET_MILLISECONDS 20

/// Returns in forks of this process, one after the other, each when the one before has taken an order. The process
/// itself writes to nothing meanwhile that its forks would have to be given copies of.
static void keep_a_fork(int socket) {
    for (pid_t pid; (pid = fork()) != 0;) {
        int status;
        pid_t ended = pid;
        while (pid > 0 && (ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {}
        if (ended < 0) _exit(1);
        if (status != 0) _exit(WIFEXITED(status) && WEXITSTATUS(status) == NO_MORE ? 0 : 1);
        struct pollfd order = {.fd = socket, .events = POLLIN};
        poll(&order, 1, QUIET_MILLISECONDS);
    }
}

size_t nb_zygote_serve(
    int socket, const struct nb_stretch *stretches, size_t stretch_count, char *payload, size_t size) {
    keep_a_fork(socket);
    nb_copy_pages(stretches, stretch_count);
    for (;;) {
        struct nb_landing landing;
        ssize_t length = nb_receive_order(socket, &landing, payload, size);
        if (length < 0) _exit(NO_MORE);
        int outcome = nb_land(socket, &landing);
        if (outcome == 0) return (size_t)length;
        if (outcome < 0) _exit(NO_MORE);
        memset(payload, 0, size);
    }
}
