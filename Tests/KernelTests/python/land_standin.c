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

static void copy_pages(const struct nb_stretch *stretches, size_t count) {
    for (size_t index = 0; index < count; index++)
        madvise((void *)stretches[index].start, stretches[index].bytes, 23 /* MADV_POPULATE_WRITE */);
}

enum { ORDER_LAND = 1, ORDER_PING = 2, ANSWER_READY = 1, ANSWER_LANDED = 2, ANSWER_FAILED = 3, ANSWER_PONG = 4 };

static int say(int socket, const void *bytes, size_t length) {
    return send(socket, bytes, length, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -1;
}

int nb_zygote_ready(int socket) {
    return say(socket, &(uint8_t){ANSWER_READY}, 1);
}

static size_t receive(int socket, char *payload, size_t size) {
    for (;;) {
        uint8_t kind = 0;
        struct iovec parts[] = {{&kind, 1}, {payload, size}};
        ssize_t length = recvmsg(socket, &(struct msghdr){.msg_iov = parts, .msg_iovlen = 2}, 0);
        if (length <= 0) _exit(0);
        if (kind == ORDER_LAND) return (size_t)length - 1;
        if (kind != ORDER_PING || say(socket, &(uint8_t){ANSWER_PONG}, 1) != 0) _exit(0);
    }
}

static void land(void) {
    setsid();
    int nothing = open("/dev/null", O_RDWR);
    for (int standard = 0; standard <= 2; standard++) dup2(nothing, standard);
    for (int descriptor = 3; descriptor < 1024; descriptor++) close(descriptor);
}

size_t nb_zygote_serve(
    int socket, const struct nb_stretch *stretches, size_t stretch_count, char *payload, size_t size) {
    for (;;) {
        size_t length = receive(socket, payload, size);
        pid_t pid = fork();
        if (pid == 0) {
            land();
            copy_pages(stretches, stretch_count);
            return length;
        }
        memset(payload, 0, size);
        char answer[1 + sizeof(int32_t)];
        int32_t number = pid > 0 ? pid : errno;
        answer[0] = pid > 0 ? ANSWER_LANDED : ANSWER_FAILED;
        memcpy(answer + 1, &number, sizeof number);
        if (say(socket, answer, sizeof answer) != 0) _exit(1);
    }
}
