#include "child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

// A mount namespace that holds the least of which a box is made, so that a box's own, a copy of it, costs little and
// shows nothing of the host even before its root is made.

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

static int refuse(struct nb_failure *failure, const char *step, const char *detail) {
    int kept = errno;
    nb_fill_failure(failure, step, detail);
    errno = kept;
    return -1;
}

static int show_device(const char *name, struct nb_failure *failure) {
    char from[32], to[32];
    snprintf(from, sizeof from, "/dev/%s", name);
    snprintf(to, sizeof to, "dev/%s", name);
    int file = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return refuse(failure, "nest: make", to);
    close(file);
    if (mount(from, to, NULL, MS_BIND, NULL) != 0) return refuse(failure, "nest: bind", from);
    // No MS_NODEV: they are devices.
    if (mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NOEXEC, NULL) != 0)
        return refuse(failure, "nest: restrict", to);
    return 0;
}

struct nest {
    int result;
    struct nb_failure *failure;
};

static int nest_body(void *pointer) {
    struct nest *nest = pointer;
    struct nb_failure *failure = nest->failure;
    umask(022);
    if (unshare(CLONE_NEWNS) != 0) return refuse(failure, "nest: unshare", NULL);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return refuse(failure, "nest: make private", NULL);
    if (mount("nest", "stage", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k,nr_inodes=32") != 0
        || chdir("stage") != 0)
        return refuse(failure, "nest: root", NULL);
    if (mkdir("proc", 0555) != 0 || mkdir("dev", 0755) != 0 || mkdir("stage", 0755) != 0)
        return refuse(failure, "nest: directories", NULL);
    // Only who sees one /proc in full may mount another.
    if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
        return refuse(failure, "nest: mount", "proc");
    for (size_t index = 0; index < sizeof devices / sizeof devices[0]; index++)
        if (show_device(devices[index], failure) != 0) return -1;
    if (nb_pivot_here() != 0) return refuse(failure, "nest: pivot", NULL);
    nest->result = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    return nest->result < 0 ? refuse(failure, "nest: open", NULL) : 0;
}

int nb_nest_namespace(int *result, struct nb_failure *failure) {
    struct nest nest = {-1, failure};
    errno = 0;
    nb_fill_failure(failure, "nest", NULL);
    if (nb_in_helper(nest_body, &nest) != 0) return -1;
    *result = nest.result;
    return 0;
}
