#include "clinux_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int guest_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
    return epoll_control(epoll, EPOLL_CTL_ADD, descriptor, events, token);
}

int guest_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t token) {
    return epoll_control(epoll, EPOLL_CTL_MOD, descriptor, events, token);
}

int guest_epoll_remove(int epoll, int descriptor) {
    return epoll_control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0);
}

int guest_epoll_wait(int epoll, struct guest_ready *ready, int limit, int timeout) {
    struct epoll_event events[64];
    if (limit > 64) limit = 64;
    int count = epoll_wait(epoll, events, limit, timeout);
    for (int index = 0; index < count; index++) {
        ready[index].events = events[index].events;
        ready[index].token = events[index].data.u64;
    }
    return count;
}

int guest_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

int guest_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int guest_connect_loopback(int family, uint16_t port) {
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int result = family == AF_INET ? connect(descriptor, (struct sockaddr *)&four, sizeof four)
                                   : connect(descriptor, (struct sockaddr *)&six, sizeof six);
    if (result == 0 || errno == EINPROGRESS) return descriptor;
    int saved = errno;
    close(descriptor);
    errno = saved;
    return -1;
}

int guest_connect_unix(int place) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int saved = errno;
    close(descriptor);
    errno = saved;
    return -1;
}

int guest_open_beneath_root(const char *path, int flags) {
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return -1;
    struct open_how how = {
        .flags = (uint64_t)(O_PATH | O_CLOEXEC | flags), .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    int descriptor = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    int saved = errno;
    close(root);
    errno = saved;
    return descriptor;
}

int guest_socket_error(int descriptor) {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

int guest_set_blocking(int descriptor, int blocking) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return -1;
    return fcntl(descriptor, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

int guest_set_close_on_exec(int descriptor) { return fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

int guest_bytes_waiting(int descriptor) {
    int count = 0;
    return ioctl(descriptor, FIONREAD, &count) == 0 ? count : -1;
}

int guest_child_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL)) return -1;
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

void guest_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

int guest_prctl(int option, unsigned long value) { return prctl(option, value, 0, 0, 0); }

int guest_raise_open_files(struct rlimit *before) {
    if (getrlimit(RLIMIT_NOFILE, before)) return -1;
    struct rlimit raised = {.rlim_cur = before->rlim_max, .rlim_max = before->rlim_max};
    return setrlimit(RLIMIT_NOFILE, &raised);
}

uint64_t guest_monotonic_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
