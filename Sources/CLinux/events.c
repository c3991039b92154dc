#include "include/clinux_events.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS_PER_WAIT 64

int nb_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int nb_epoll_add(int epoll, int descriptor, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int nb_epoll_remove(int epoll, int descriptor) { return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL); }

int nb_epoll_wait(int epoll, uint64_t *tokens, int capacity, int timeout_milliseconds) {
    struct epoll_event events[EVENTS_PER_WAIT];
    if (capacity > EVENTS_PER_WAIT) capacity = EVENTS_PER_WAIT;
    int count = epoll_wait(epoll, events, capacity, timeout_milliseconds);
    for (int index = 0; index < count; index++) tokens[index] = events[index].data.u64;
    return count;
}

int nb_signal_descriptor(void) {
    sigset_t all, wanted;
    sigfillset(&all);
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    if (sigprocmask(SIG_SETMASK, &all, NULL) != 0) return -1;
    return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int fill_and_seal(int source, int copy) {
    off_t offset = 0;
    struct stat status;
    if (fstat(source, &status) != 0) return -1;
    while (offset < status.st_size)
        if (sendfile(copy, source, &offset, (size_t)(status.st_size - offset)) <= 0) return -1;
    if (fchmod(copy, 0555) != 0) return -1;
    return fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define LARGE_BYTES ((size_t)2 << 20)

/// Puts a sealed file's pages into large ones: who runs it maps each by one fault. A kernel that cannot (before Linux
/// 6.1, or short of memory) leaves them as they are.
static void gather_pages(int file) {
    struct stat status;
    if (fstat(file, &status) != 0) return;
    size_t bytes = (size_t)status.st_size & ~(LARGE_BYTES - 1);
    char *room = mmap(NULL, bytes + LARGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return;
    char *start = (char *)(((uintptr_t)room + LARGE_BYTES - 1) & ~(LARGE_BYTES - 1));
    char *mapped = mmap(start, bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
    for (size_t offset = 0; mapped != MAP_FAILED && offset < bytes; offset += LARGE_BYTES)
        madvise(mapped + offset, LARGE_BYTES, MADV_COLLAPSE);
    munmap(room, bytes + LARGE_BYTES);
}

int nb_sealed_copy(int source, const char *name) {
    int copy = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC), result = -1;
    if (copy < 0 && errno == EINVAL)  // before Linux 6.3, where every memfd may be executed
        copy = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0) return -1;
    if (fill_and_seal(source, copy) == 0) {
        gather_pages(copy);
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", copy);
        result = open(path, O_RDONLY | O_CLOEXEC);  // execve refuses a file that is open for writing
    }
    int kept = errno;
    close(copy);
    errno = kept;
    return result;
}

int nb_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int nb_pidfd_kill(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

int nb_pidfd_status(int pidfd, int *status) {
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | __WALL) != 0) return -1;
    if (info.si_pid == 0) return 0;
    *status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status & 0x7f;
    return 1;
}

int nb_listen_at(int directory, const char *path, int type, int backlog) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, path);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int socket_descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (socket_descriptor < 0) return -1;
    // The mode of the socket's own inode becomes that of its name.
    if (fchmod(socket_descriptor, 0600) == 0
        && bind(socket_descriptor, (struct sockaddr *)&address, sizeof address) == 0
        && listen(socket_descriptor, backlog) == 0)
        return socket_descriptor;
    int kept = errno;
    close(socket_descriptor);
    errno = kept;
    return -1;
}

int nb_give_socket(int directory, const char *name, uid_t uid, gid_t gid) {
    struct stat status;
    int file = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), result = -1;
    if (file < 0) return -1;
    if (fstat(file, &status) == 0) {
        // Somebody who may write to the directory may have swapped the name.
        if (S_ISSOCK(status.st_mode) && status.st_uid == geteuid() && status.st_nlink == 1)
            result = fchownat(file, "", uid, gid, AT_EMPTY_PATH);
        else
            errno = EPERM;
    }
    int kept = errno;
    close(file);
    errno = kept;
    return result;
}

int nb_accept(int socket) { return accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int nb_peer(int socket, uid_t *uid, pid_t *pid) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
    *uid = peer.uid;
    *pid = peer.pid;
    return 0;
}

ssize_t nb_send(int socket, const void *bytes, size_t count, int descriptor) {
    return nb_send_all(socket, bytes, count, &descriptor, descriptor >= 0 ? 1 : 0);
}

ssize_t nb_send_all(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count) {
    char control[CMSG_SPACE(sizeof(int) * NB_SENT_MAX)] = {0};
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    size_t length = sizeof(int) * descriptor_count;
    if (descriptor_count > NB_SENT_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (descriptor_count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(length);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(length);
        memcpy(CMSG_DATA(header), descriptors, length);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t nb_receive(int socket, void *bytes, size_t capacity, int *descriptor, int flags) {
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec vector = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {
        // One has room.
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_LEN(sizeof(int))};
    *descriptor = -1;
    ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
    if (count < 0) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS
        && header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(header), sizeof(int));
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        // A descriptor that came alone and was not given is one that had no room here.
        int had_no_room = !(message.msg_flags & MSG_TRUNC) && *descriptor < 0;
        if (*descriptor >= 0) close(*descriptor);
        *descriptor = -1;
        errno = had_no_room ? EMFILE : EMSGSIZE;
        return -1;
    }
    return count;
}

int nb_socket_pair(int pair[2]) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair); }
