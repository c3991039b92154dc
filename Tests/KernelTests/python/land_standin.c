// The functions of libnestbox-land.so for tests without root: a landing is a fork, in the same namespaces.

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct nb_stretch {
    uintptr_t start;
    size_t bytes;
};

void nb_copy_pages(const struct nb_stretch *stretches, size_t count) {
    for (size_t index = 0; index < count; index++)
        madvise((void *)stretches[index].start, stretches[index].bytes, 23 /* MADV_POPULATE_WRITE */);
}

struct nb_landing {
    int namespaces[7];
    int cgroups[8];
    int cgroup_count;
};

struct nb_land_failure {
    int32_t error_number;
    char step[64];
};

enum { ORDER_LAND = 1, ORDER_PING = 2, ANSWER_READY = 1, ANSWER_LANDED = 2, ANSWER_FAILED = 3, ANSWER_PONG = 4 };

static int say(int socket, const void *bytes, size_t length) {
    return send(socket, bytes, length, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -1;
}

int nb_zygote_ready(int socket) {
    return say(socket, &(uint8_t){ANSWER_READY}, 1);
}

ssize_t nb_zygote_receive(int socket, struct nb_landing *landing, char *payload, size_t size) {
    memset(landing, 0, sizeof *landing);
    for (;;) {
        uint8_t kind = 0;
        struct iovec parts[] = {{&kind, 1}, {payload, size}};
        ssize_t length = recvmsg(socket, &(struct msghdr){.msg_iov = parts, .msg_iovlen = 2}, 0);
        if (length <= 0) return -1;
        if (kind == ORDER_LAND) return length - 1;
        if (kind != ORDER_PING || say(socket, &(uint8_t){ANSWER_PONG}, 1) != 0) return -1;
    }
}

pid_t nb_land(const struct nb_landing *landing, struct nb_land_failure *failure) {
    (void)landing;
    pid_t pid = fork();
    if (pid < 0) {
        failure->error_number = errno;
        strcpy(failure->step, "fork");
    }
    if (pid != 0) return pid;
    setsid();
    int nothing = open("/dev/null", O_RDWR);
    for (int standard = 0; standard <= 2; standard++) dup2(nothing, standard);
    for (int descriptor = 3; descriptor < 1024; descriptor++) close(descriptor);
    return 0;
}

int nb_zygote_landed(int socket, struct nb_landing *landing, pid_t pid, const struct nb_land_failure *failure) {
    (void)landing;
    char answer[1 + sizeof(int32_t) + sizeof failure->step];
    int32_t number = pid > 0 ? pid : failure->error_number;
    size_t step = pid > 0 ? 0 : strnlen(failure->step, sizeof failure->step);
    answer[0] = pid > 0 ? ANSWER_LANDED : ANSWER_FAILED;
    memcpy(answer + 1, &number, sizeof number);
    memcpy(answer + 1 + sizeof number, failure->step, step);
    return say(socket, answer, 1 + sizeof number + step);
}
