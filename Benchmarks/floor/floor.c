/* The floor under `create`: the kernel work that no process-level sandbox can do without, done with raw system calls by
 * a small static program, and nothing else. Per sandbox, timed:
 *
 *   clone3 with new user, mount, pid, ipc, uts and cgroup namespaces (a network namespace fresh, from a pool, or none),
 *   uid and gid map of 65536 ids, tmpfs, overlay over one shared lower layer, /proc, a /dev of six devices and a
 *   devpts, host name, pivot_root, exec of a static program that writes one byte, exit, reaping.
 *
 * It is meant to be hard to beat: it lives in a mount namespace of just what it needs, so that a clone copies little;
 * the writable layer is memory (`volatile`, nothing is synced); the program is executed by descriptor; no cgroup, no
 * seccomp filter, no capability is touched. A pooled network namespace is made between the timed parts.
 *
 * usage: floor --answer FILE (--lower DIR | --erofs FILE) [--net none|pooled|fresh] [--count N | --serve]
 *
 * One line per sandbox: microseconds until the byte arrived, microseconds until the process was reaped. With --serve
 * one sandbox per byte read from standard input, so that a caller can alternate it with something else. Needs root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum net { NET_NONE, NET_POOLED, NET_FRESH };

static const struct { const char *name; unsigned major, minor; } devices[] = {
    {"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};
enum { DEVICE_COUNT = sizeof devices / sizeof devices[0], POOL_SIZE = 16 };

static const char id_map[] = "0 100000 65536";
static int answer_program;
static int host_network;

static void fail(const char *step) {
    fprintf(stderr, "floor: %s: %s\n", step, strerror(errno));
    _exit(1);
}

static long checked(long result, const char *step) {
    if (result < 0) fail(step);
    return result;
}

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void loopback_up(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int s = checked(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    checked(ioctl(s, SIOCSIFFLAGS, &request), "lo up");
    close(s);
}

/* The current root becomes what is mounted at the working directory; the old one is gone. */
static void pivot_here(void) {
    checked(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    checked(umount2(".", MNT_DETACH), "detach the old root");
    checked(chdir("/"), "chdir /");
}

/* ---- once ---- */

/* Copies the program to `to`; this kernel executes no descriptor whose file system is detached. */
static void copy_program(int from, const char *to) {
    int copy = checked(open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0755), to);
    while (checked(sendfile(copy, from, 0, 1 << 20), "copy the program") > 0) {}
    close(from);
    close(copy);
}

/* Leaves this process alone in a mount namespace that holds: /lower (the layer), /dev (six nodes), /proc, /stage and the
 * program. */
static void prepare(const char *lower, const char *erofs, const char *answer) {
    int program = checked(open(answer, O_RDONLY | O_CLOEXEC), answer);
    checked(unshare(CLONE_NEWNS), "unshare");
    checked(mount(0, "/", 0, MS_REC | MS_PRIVATE, 0), "make / private");
    if (erofs) checked(mount(erofs, "/mnt", "erofs", MS_RDONLY, 0), "mount erofs");
    int layer = checked(open_tree(AT_FDCWD, erofs ? "/mnt" : lower, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), "open_tree");
    if (erofs) checked(umount2("/mnt", MNT_DETACH), "umount erofs");
    checked(mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755"), "mount tmpfs");
    checked(chdir("/mnt"), "chdir");
    checked(mkdir("lower", 0755) | mkdir("dev", 0755) | mkdir("proc", 0755) | mkdir("stage", 0755), "mkdir");
    checked(move_mount(layer, "", AT_FDCWD, "lower", MOVE_MOUNT_F_EMPTY_PATH), "move_mount");
    close(layer);
    checked(mount("proc", "proc", "proc", 0, 0), "mount proc");
    umask(0);
    for (int i = 0; i < DEVICE_COUNT; i++) {
        char path[32];
        snprintf(path, sizeof path, "dev/%s", devices[i].name);
        checked(mknod(path, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)), path);
    }
    umask(022);
    copy_program(program, "answer");
    pivot_here();
    answer_program = checked(open("/answer", O_PATH | O_CLOEXEC), "/answer");
}

/* A network namespace as a pool holds one: with lo up, known by its descriptor. */
static int new_network(void) {
    checked(unshare(CLONE_NEWNET), "unshare net");
    loopback_up();
    int network = checked(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "open net");
    checked(setns(host_network, CLONE_NEWNET), "setns back");
    return network;
}

/* Takes from a pool that is filled when it is empty, never in the timed part. */
static int pooled_network(void) {
    static int pool[POOL_SIZE], left;
    if (left == 0) while (left < POOL_SIZE) pool[left++] = new_network();
    return pool[--left];
}

/* ---- per sandbox, inside ---- */

static void make_dev(void) {
    checked(mount("tmpfs", "/stage/root/dev", "tmpfs", MS_NOSUID, "mode=755"), "mount /dev");
    for (int i = 0; i < DEVICE_COUNT; i++) {
        char from[32], to[64];
        snprintf(from, sizeof from, "/dev/%s", devices[i].name);
        snprintf(to, sizeof to, "/stage/root/dev/%s", devices[i].name);
        close(checked(open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0666), to));
        checked(mount(from, to, 0, MS_BIND, 0), to);
    }
    checked(mkdir("/stage/root/dev/pts", 0755), "mkdir pts");
    checked(mount("devpts", "/stage/root/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                  "newinstance,ptmxmode=0666,mode=620"), "mount devpts");
    checked(symlink("pts/ptmx", "/stage/root/dev/ptmx"), "symlink ptmx");
}

static void make_root(void) {
    checked(mount("tmpfs", "/stage", "tmpfs", MS_NOSUID, "mode=755,size=512m,nr_inodes=100k"), "mount tmpfs");
    checked(mkdir("/stage/upper", 0755) | mkdir("/stage/overlay", 0755) | mkdir("/stage/root", 0755), "mkdir");
    checked(mount("overlay", "/stage/root", "overlay", 0,
                  "lowerdir=/lower,upperdir=/stage/upper,workdir=/stage/overlay,userxattr,volatile"), "mount overlay");
    checked(mount("proc", "/stage/root/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0), "mount /proc");
    make_dev();
    checked(chdir("/stage/root"), "chdir root");
    pivot_here();
}

static void inside(int go, int answer, enum net net) {
    char byte;
    if (read(go, &byte, 1) != 1) _exit(1);
    checked(setgroups(0, 0), "setgroups");
    checked(setresgid(0, 0, 0), "setresgid");
    checked(setresuid(0, 0, 0), "setresuid");
    if (net == NET_FRESH) loopback_up();
    make_root();
    checked(sethostname("sandbox", 7), "sethostname");
    checked(dup2(answer, 3), "dup2");
    char *argv[] = {"answer", 0}, *env[] = {0};
    checked(syscall(SYS_execveat, answer_program, "", argv, env, AT_EMPTY_PATH), "execveat");
}

/* ---- per sandbox, outside ---- */

static void write_map(pid_t pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    int file = checked(open(path, O_WRONLY | O_CLOEXEC), path);
    checked(write(file, id_map, sizeof id_map - 1), path);
    close(file);
}

static void one_sandbox(enum net net, double *answered, double *reaped) {
    int network = net == NET_POOLED ? pooled_network() : -1, pidfd = -1, go[2], answer[2];
    double start = now_us();
    checked(pipe2(go, O_CLOEXEC) | pipe2(answer, O_CLOEXEC), "pipe");
    if (net == NET_POOLED) checked(setns(network, CLONE_NEWNET), "setns");
    struct clone_args args = {
        .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP
            | CLONE_PIDFD | (net == NET_FRESH ? CLONE_NEWNET : 0),
        .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD,
    };
    pid_t pid = checked(syscall(SYS_clone3, &args, sizeof args), "clone3");
    if (pid == 0) inside(go[0], answer[1], net);
    if (net == NET_POOLED) checked(setns(host_network, CLONE_NEWNET), "setns back");
    write_map(pid, "uid_map");
    write_map(pid, "gid_map");
    close(answer[1]);
    char byte = '!';
    checked(write(go[1], &byte, 1), "go");
    if (read(answer[0], &byte, 1) != 1) { errno = EPIPE; fail("no answer from the sandbox"); }
    *answered = now_us() - start;
    siginfo_t end;
    checked(waitid(P_PIDFD, pidfd, &end, WEXITED), "waitid");
    *reaped = now_us() - start;
    close(go[0]); close(go[1]); close(answer[0]); close(pidfd);
    if (network >= 0) close(network);
}

static const char *value_of(int argc, char **argv, const char *name) {
    for (int i = 1; i + 1 < argc; i++) if (!strcmp(argv[i], name)) return argv[i + 1];
    return 0;
}

int main(int argc, char **argv) {
    const char *lower = value_of(argc, argv, "--lower"), *erofs = value_of(argc, argv, "--erofs");
    const char *answer = value_of(argc, argv, "--answer"), *count = value_of(argc, argv, "--count");
    const char *name = value_of(argc, argv, "--net");
    int serves = !strcmp(argv[argc - 1], "--serve");
    enum net net = !name || !strcmp(name, "none") ? NET_NONE : !strcmp(name, "pooled") ? NET_POOLED : NET_FRESH;
    if (!answer || (!lower && !erofs) || (!count && !serves)) {
        fputs("usage: floor --answer FILE (--lower DIR | --erofs FILE) [--net none|pooled|fresh] --count N | --serve\n",
              stderr);
        return 2;
    }
    host_network = checked(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "open net");
    prepare(lower, erofs, answer);
    char byte;
    for (long left = count ? atol(count) : 0; serves ? read(0, &byte, 1) == 1 : left-- > 0;) {
        double answered, reaped;
        one_sandbox(net, &answered, &reaped);
        printf("%.1f %.1f\n", answered, reaped);
        fflush(stdout);
    }
    return 0;
}
