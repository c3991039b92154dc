#include "include/clinux_probe.h"
#include "child.h"
#include "include/clinux_mounts.h"
#include "include/clinux_run.h"
#include "include/clinux_seccomp.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/loop.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NOBODY 65534
#define TRY_SECONDS 5

/// Runs `body` in a child, and answers the errno that it ended with. One that hangs is killed.
static int try_in_child(int (*body)(void *), void *argument) {
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid < 0) return errno;
    if (pid == 0) {
        alarm(TRY_SECONDS);
        errno = 0;
        _exit(body(argument) == 0 ? 0 : errno != 0 ? errno & 0xff : EIO);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : ETIMEDOUT;
}

struct namespaces {
    uint64_t flags;
    int as_nobody;
};

static int become_nobody(void) {
    if (syscall(SYS_setgroups, 0, NULL) != 0) return -1;
    if (syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) != 0) return -1;
    return (int)syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY);
}

static int enter_namespaces(void *pointer) {
    struct namespaces *wanted = pointer;
    if (wanted->as_nobody && geteuid() == 0 && become_nobody() != 0) return -1;
    return unshare((int)wanted->flags);
}

int nb_probe_namespaces(uint64_t flags, int as_nobody) {
    struct namespaces wanted = {flags, as_nobody};
    return try_in_child(enter_namespaces, &wanted);
}

struct filter {
    const void *program;
    size_t bytes;
};

static int load_filter(void *pointer) {
    struct filter *filter = pointer;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    if (clinux_seccomp_load(filter->program, filter->bytes, false) != 0) return -1;
    // The sandbox's filter allows getpid and refuses keyctl.
    if (syscall(SYS_getpid) < 0) return -1;
    if (syscall(SYS_keyctl, 0, 0, 0, 0, 0) >= 0 || errno != EPERM) {
        errno = EIO;
        return -1;
    }
    return 0;
}

int nb_probe_seccomp(const void *filter, size_t bytes) {
    struct filter loaded = {filter, bytes};
    return try_in_child(load_filter, &loaded);
}

/// A user and a mount namespace of one's own, and a tmpfs at the current directory.
static int private_tmpfs(void) {
    if (geteuid() == 0 && become_nobody() != 0) return -1;
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return -1;
    uint32_t user = geteuid(), group = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return -1;
    if (nb_run_map(getpid(), user, user, group, group, 1, 1) != 0) return -1;
    if (mount("probe", "/sys", "tmpfs", 0, "size=64k,mode=755") != 0) return -1;
    return chdir("/sys");
}

static int mount_overlay(void *unused) {
    (void)unused;
    if (private_tmpfs() != 0) return -1;
    if (mkdir("lower", 0755) != 0 || mkdir("upper", 0755) != 0 || mkdir("work", 0755) != 0 || mkdir("all", 0755) != 0)
        return -1;
    if (mount("probe", "all", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work,userxattr") != 0) return -1;
    return open("all/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 ? -1 : 0;
}

int nb_probe_overlay(void) {
    return try_in_child(mount_overlay, NULL);
}

struct layer {
    int image;
    int as_others;
};

static int mount_straight(void *pointer) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", *(int *)pointer);
    return nb_mount_new("erofs", path, NULL, NB_READ_ONLY) < 0 ? -1 : 0;
}

int nb_probe_straight_mount(int image) {
    return try_in_child(mount_straight, &image);
}

static int mount_layer(void *pointer) {
    const struct layer *layer = pointer;
    int mount = nb_mount_layer(layer->image, 0);
    if (mount < 0 || !layer->as_others) return mount < 0 ? -1 : 0;
    int ids = nb_run_id_map(0, NOBODY, 0, NOBODY, 1);
    return ids < 0 ? -1 : nb_mount_map_ids(mount, ids);
}

int nb_probe_layer(int image, int as_others) {
    struct layer layer = {image, as_others};
    return try_in_child(mount_layer, &layer);
}

int nb_probe_landlock(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? -errno : (int)version;
}

struct table_request {
    struct nlmsghdr begin;
    struct nfgenmsg begin_body;
    struct nlmsghdr table;
    struct nfgenmsg table_body;
    struct nlattr name;
    char text[8];
    struct nlmsghdr end;
    struct nfgenmsg end_body;
};

/// A batch of one: "add table inet probe", acknowledged.
static int add_table(void *unused) {
    (void)unused;
    int flags = geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET;
    if (unshare(flags) != 0) return -1;
    int socket_descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (socket_descriptor < 0) return -1;
    uint32_t edge = sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg);
    struct table_request request = {
        .begin = {.nlmsg_len = edge, .nlmsg_type = NFNL_MSG_BATCH_BEGIN, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 1},
        .begin_body = {.res_id = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8)},
        .table = {.nlmsg_len = edge + sizeof(struct nlattr) + 8,
                  .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
                  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, .nlmsg_seq = 2},
        .table_body = {.nfgen_family = 1 /* NFPROTO_INET */},
        .name = {.nla_len = sizeof(struct nlattr) + 6, .nla_type = NFTA_TABLE_NAME},
        .text = "probe",
        .end = {.nlmsg_len = edge, .nlmsg_type = NFNL_MSG_BATCH_END, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 3},
        .end_body = {.res_id = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8)},
    };
    if (send(socket_descriptor, &request, sizeof request, 0) != (ssize_t)sizeof request) return -1;
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[256];
    } answer;
    ssize_t count = recv(socket_descriptor, &answer, sizeof answer, 0);
    if (count < (ssize_t)(sizeof answer.header + sizeof answer.error.error)) return -1;
    errno = answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
    return errno == 0 ? 0 : -1;
}

int nb_probe_nftables(void) {
    return try_in_child(add_table, NULL);
}

int nb_probe_loop(void) {
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return errno;
    int number = ioctl(control, LOOP_CTL_GET_FREE), refusal = number < 0 ? errno : 0;
    close(control);
    return refusal;
}
