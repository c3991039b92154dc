#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// The library as the templates have it, but that a fork that moves takes its time before it tells of it and ends.
#define nb_answer nb_answer_at_once
#include "../../Kernels/land/conversation.c"
#undef nb_answer

static int lingering_milliseconds;

int nb_answer(int socket, pid_t landed, const struct nb_land_failure *failure) {
    poll(NULL, 0, lingering_milliseconds);
    return nb_answer_at_once(socket, landed, failure);
}

#include "../../Kernels/land/copies.c"
#include "../../Kernels/land/landing.c"
#include "../../Kernels/land/large_pages.c"
#include "../../Kernels/land/serve.c"
#include "../../Kernels/land/settle.c"

// A zygote for tests. The payload of a landing is the path of a socket, on which what landed serves as the guest's
// stand-in does. Kinds:
//
//   good              does what it should
//   large             the same, with 64 MiB of memory
//   laden             the same, with 24 MiB that each fork has copies of before it moves
//   overladen         the same, with 64 MiB
//   lingering         the same; what moves lingers for half a second beside what landed
//   early             ends before it is warm
//   silent            is never warm
//   garbled           says what is no message, once it is warm
//   flooding          answers without end, once it is warm
//   deaf              takes no order, once it is warm
//   lying             answers an order with what answers another
//   dying             ends at the first order
//   attacking         tries what it must not be able to do. What lands writes into the file "attack", beside its
//                     socket, how many processes were there to be attacked, and what succeeded

#define CONVERSATION 3

static void serve_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) _exit(3);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) _exit(4);
        probe_serve(connection);
        close(connection);
    }
}

static int converse(struct nb_stretch copied) {
    static char path[NB_PAYLOAD_BYTES + 1];
    path[nb_zygote_serve(CONVERSATION, &copied, copied.bytes > 0, path, NB_PAYLOAD_BYTES)] = 0;
    serve_at(path);
    return 0;
}

static void say_all(const void *bytes, size_t count) {
    if (send(CONVERSATION, bytes, count, MSG_NOSIGNAL) < 0) _exit(0);
}

static void take_one(void) {
    static char path[NB_PAYLOAD_BYTES];
    struct nb_landing landing;
    if (nb_receive_order(CONVERSATION, &landing, path, sizeof path) < 0) _exit(0);
}

static struct nb_stretch grow(size_t bytes) {
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) _exit(5);
    memset(memory, 1, bytes);
    return (struct nb_stretch){(uintptr_t)memory, bytes};
}

// ---- The attack.

static void note(char *text, size_t size, const char *what, int result) {
    if (result < 0 && errno != 0) return;
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s\n", what);
}

/// Other processes of the family, by number: the pid namespace is theirs, too. Answers how many there are.
static int attack_processes(char *text, size_t size) {
    int found = 0;
    for (pid_t pid = 1; pid < 256; pid++) {
        if (pid == getpid()) continue;
        int process = (int)syscall(SYS_pidfd_open, pid, 0);
        if (process < 0) continue;
        found++;
        note(text, size, "killed a process", kill(pid, SIGKILL));
        note(text, size, "stopped a process", kill(pid, SIGSTOP));
        note(text, size, "traced a process", (int)ptrace(PTRACE_ATTACH, pid, NULL, NULL));
        note(text, size, "entered a process's user namespace", setns(process, CLONE_NEWUSER));
        note(text, size, "entered a process's mount namespace", setns(process, CLONE_NEWNS));
        note(text, size, "entered a process's network", setns(process, CLONE_NEWNET));
        note(text, size, "changed a process's limits", prlimit(pid, RLIMIT_NOFILE, &(struct rlimit){1, 1}, NULL));
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/environ", pid);
        note(text, size, "saw a process", open(path, O_RDONLY));
        close(process);
    }
    kill(-1, SIGKILL);  // it succeeds also if it may kill nobody
    return found;
}

static void attack_host(char *text, size_t size) {
    note(text, size, "mounted", mount("x", "/tmp", "tmpfs", 0, NULL));
    note(text, size, "unmounted", umount2("/proc", MNT_DETACH));
    note(text, size, "made a user namespace", unshare(CLONE_NEWUSER));
    note(text, size, "made a mount namespace", unshare(CLONE_NEWNS));
    note(text, size, "became root", setuid(0));
    note(text, size, "became a sandbox's root", setuid(65536));
    note(text, size, "took a group", setgid(0));
    // NS_MNT_GET_NEXT and NS_MNT_GET_PREV of linux/nsfs.h, which ask for no more than CAP_SYS_ADMIN over what they find.
    uint64_t found[2];
    int own = open("/proc/self/ns/mnt", O_RDONLY);
    note(text, size, "found the next mount namespace", ioctl(own, _IOR(0xb7, 11, char[16]), found));
    note(text, size, "found the mount namespace before", ioctl(own, _IOR(0xb7, 12, char[16]), found));
    note(text, size, "wrote to the layers", open("/which", O_WRONLY));
    note(text, size, "opened a netlink socket", socket(AF_NETLINK, SOCK_RAW, 0));
    note(text, size, "made a device", mknod("/tmp/device", S_IFBLK | 0600, 0x700));
    note(text, size, "wrote a sysctl", open("/proc/sys/kernel/ns_last_pid", O_WRONLY));
}

static void write_outcome(const char *path, int found, const char *text) {
    char name[256];
    snprintf(name, sizeof name, "%s", path);
    char *slash = strrchr(name, '/');
    snprintf(slash, sizeof name - (size_t)(slash - name), "/attack");
    int file = open(name, O_WRONLY | O_CREAT, 0600);
    if (dprintf(file, "%d\n%s", found, text) < 0) _exit(6);
    close(file);
}

static int attack(void) {
    static char text[8192], path[NB_PAYLOAD_BYTES + 1];
    nb_zygote_ready(CONVERSATION);
    struct nb_landing landing;
    ssize_t length = nb_receive_order(CONVERSATION, &landing, path, NB_PAYLOAD_BYTES);
    if (length < 0) return 0;
    path[length] = 0;
    int found = attack_processes(text, sizeof text);
    attack_host(text, sizeof text);
    // By itself and not by a fork, which would be free to kill it.
    if (nb_land(CONVERSATION, &landing) != 0) return 0;
    write_outcome(path, found, text);
    serve_at(path);
    return 0;
}

int probe_zygote(const char *kind) {
    static const uint8_t pong = ANSWER_PONG;
    struct nb_stretch copied = {0};
    if (strcmp(kind, "early") == 0) return 7;
    if (strcmp(kind, "attacking") == 0) return attack();
    if (strcmp(kind, "large") == 0) grow(64 << 20);
    if (strcmp(kind, "laden") == 0) copied = grow(24 << 20);
    if (strcmp(kind, "overladen") == 0) copied = grow(64 << 20);
    if (strcmp(kind, "lingering") == 0) lingering_milliseconds = 500;
    if (strcmp(kind, "silent") != 0) nb_zygote_ready(CONVERSATION);
    const int is_grown = strcmp(kind, "large") == 0 || copied.bytes > 0;
    if (strcmp(kind, "good") == 0 || is_grown || lingering_milliseconds > 0) return converse(copied);
    if (strcmp(kind, "garbled") == 0) say_all("\377\377\377", 3);
    while (strcmp(kind, "flooding") == 0) say_all(&pong, 1);
    if (strcmp(kind, "lying") == 0) {
        take_one();
        say_all(&pong, 1);
    }
    if (strcmp(kind, "dying") == 0) {
        take_one();
        return 8;
    }
    for (;;) pause();  // a zygote of a good kind would end when its conversation does
}
