#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "land.h"

#include <sys/socket.h>
#include <unistd.h>

// What the spawner and a zygote say to each other: sequenced packets, the first byte says of which kind.

enum order { ORDER_LAND = 1, ORDER_PING };
enum answer { ANSWER_READY = 1, ANSWER_LANDED, ANSWER_FAILED, ANSWER_PONG };

static int say(int socket, const void *bytes, size_t count) {
    ssize_t sent;
    while ((sent = send(socket, bytes, count, MSG_NOSIGNAL)) < 0 && errno == EINTR) {}
    return sent == (ssize_t)count ? 0 : -1;
}

int nb_zygote_ready(int socket) {
    const uint8_t ready = ANSWER_READY;
    nb_gather_pages();
    return say(socket, &ready, 1);
}

static void close_all(const int *descriptors, int count) {
    for (int index = 0; index < count; index++) close(descriptors[index]);
}

/// The descriptors that came with a message. Answers how many, at most `capacity`, or -1 if any had no room.
static int descriptors_of(struct msghdr *message, int *descriptors, int capacity) {
    int count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int came = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int index = 0; index < came && count < capacity; index++)
            memcpy(&descriptors[count++], CMSG_DATA(header) + (size_t)index * sizeof(int), sizeof(int));
    }
    if (!(message->msg_flags & MSG_CTRUNC)) return count;
    close_all(descriptors, count);
    return -1;
}

static ssize_t refuse_order(const int *descriptors, int count) {
    close_all(descriptors, count);
    errno = EBADMSG;
    return -1;
}

ssize_t nb_receive_order(int socket, struct nb_landing *landing, char *payload, size_t size) {
    enum { MOST = NB_NAMESPACE_COUNT + NB_CGROUP_MAX };
    for (;;) {
        uint8_t kind = 0;
        int descriptors[MOST];
        union {
            char bytes[CMSG_SPACE(sizeof(int) * MOST)];
            struct cmsghdr aligned;
        } control;
        struct iovec parts[] = {{.iov_base = &kind, .iov_len = 1}, {.iov_base = payload, .iov_len = size}};
        struct msghdr message = {
            .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        errno = 0;
        ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) return -1;
        int count = descriptors_of(&message, descriptors, MOST);
        if (count < 0 || message.msg_flags & MSG_TRUNC) return refuse_order(descriptors, count);
        if (kind == ORDER_PING && length == 1 && count == 0) {
            const uint8_t pong = ANSWER_PONG;
            if (say(socket, &pong, 1) != 0) return -1;
            continue;
        }
        if (kind != ORDER_LAND || count < NB_NAMESPACE_COUNT) return refuse_order(descriptors, count);
        memcpy(landing->namespaces, descriptors, sizeof landing->namespaces);
        landing->cgroup_count = count - NB_NAMESPACE_COUNT;
        memcpy(landing->cgroups, descriptors + NB_NAMESPACE_COUNT, (size_t)landing->cgroup_count * sizeof(int));
        return length - 1;
    }
}

int nb_answer(int socket, pid_t landed, const struct nb_land_failure *failure) {
    struct {
        uint8_t kind;
        int32_t number;
        char step[NB_LAND_STEP_BYTES];
    } __attribute__((packed)) answer = {.kind = ANSWER_LANDED, .number = landed};
    size_t length = 0;
    if (landed <= 0) {
        answer.kind = ANSWER_FAILED;
        answer.number = failure->error_number;
        length = strnlen(failure->step, sizeof failure->step);
        memcpy(answer.step, failure->step, length);
    }
    return say(socket, &answer, sizeof answer.kind + sizeof answer.number + length);
}

int nb_decline(int socket, const struct nb_landing *landing, const char *step, int number) {
    struct nb_land_failure failure;
    nb_fill(&failure, step, number);
    close_all(landing->namespaces, NB_NAMESPACE_COUNT);
    close_all(landing->cgroups, landing->cgroup_count);
    return nb_answer(socket, -1, &failure) == 0 ? 1 : -1;
}
