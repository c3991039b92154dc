#include "child.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "include/clinux_mounts.h"

#define PATH_BYTES 512

/// Where the steps are: the stage, which stays, and the directory that paths are relative to.
struct place {
    int stage;
    int base;
};

/// Opens `path` below `base`. A symbolic link or `..` on the way is refused: the tree may be a stranger's.
static int open_below(int base, const char *path, uint64_t flags) {
    struct open_how how = {
        .flags = flags | O_CLOEXEC | O_NOFOLLOW,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    return (int)syscall(SYS_openat2, base, path, &how, sizeof how);
}

static int closing(int descriptor, int result) {
    int kept = errno;
    close(descriptor);
    errno = kept;
    return result;
}

/// Opens the directory that holds `path`'s last name, and points `name` at it.
static int open_parent(int base, const char *path, const char **name) {
    char parent[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    *name = slash != NULL ? slash + 1 : path;
    if (slash == NULL) return open_below(base, ".", O_PATH | O_DIRECTORY);
    size_t length = (size_t)(slash - path);
    if (length >= sizeof parent) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(parent, path, length);
    parent[length] = 0;
    return open_below(base, parent, O_PATH | O_DIRECTORY);
}

static int make_directory(int base, const struct nb_step *step) {
    const char *name;
    int there = open_below(base, step->path, O_PATH | O_DIRECTORY);
    if (there >= 0) return closing(there, 0);
    int parent = open_parent(base, step->path, &name);
    if (parent < 0) return -1;
    return closing(parent, mkdirat(parent, name, step->mode) == 0 ? fchmodat(parent, name, step->mode, 0) : -1);
}

static int fill_file(int file, const struct nb_step *step) {
    size_t length = step->source != NULL ? strlen(step->source) : 0;
    if (length != 0 && write(file, step->source, length) != (ssize_t)length) return -1;
    return fchmod(file, step->mode);
}

static int make_file(int base, const struct nb_step *step) {
    const char *name;
    int parent = open_parent(base, step->path, &name);
    if (parent < 0) return -1;
    if (unlinkat(parent, name, 0) != 0 && errno != ENOENT) return closing(parent, -1);
    int file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    closing(parent, 0);
    return file < 0 ? -1 : closing(file, fill_file(file, step));
}

static int make_link(int base, const struct nb_step *step) {
    const char *name;
    int parent = open_parent(base, step->path, &name);
    if (parent < 0) return -1;
    if (unlinkat(parent, name, 0) != 0 && errno != ENOENT) return closing(parent, -1);
    return closing(parent, symlinkat(step->source, parent, name));
}

static int attach(int base, const struct nb_step *step, int mount) {
    int target = open_below(base, step->path, O_PATH);
    return target < 0 ? -1 : closing(target, nb_mount_attach(mount, target, ""));
}

static int mount_new(int base, const struct nb_step *step) {
    int mount = nb_mount_new(step->source, NULL, step->options, step->attributes);
    return mount < 0 ? -1 : closing(mount, attach(base, step, mount));
}

/// Shows what `source` names also at the step's path.
static int bind(int base, const struct nb_step *step, int source) {
    if (source < 0) return -1;
    int mount = nb_mount_copy(source, "", step->flags & NB_STEP_RECURSIVE);
    closing(source, 0);
    if (mount < 0) return -1;
    if (step->attributes != 0 && nb_mount_restrict(mount, step->attributes) != 0) return closing(mount, -1);
    return closing(mount, attach(base, step, mount));
}

static int enter(struct place *place, const char *path) {
    int root = open_below(place->base, path, O_PATH | O_DIRECTORY);
    if (root < 0) return -1;
    if (place->base != place->stage) close(place->base);
    place->base = root;
    return fchdir(root);
}

static int run_step(struct place *place, const struct nb_step *step) {
    switch (step->kind) {
        case NB_STEP_DIRECTORY: return make_directory(place->base, step);
        case NB_STEP_FILE: return make_file(place->base, step);
        case NB_STEP_LINK: return make_link(place->base, step);
        case NB_STEP_ATTACH: return attach(place->base, step, step->descriptor);
        case NB_STEP_MOUNT: return mount_new(place->base, step);
        case NB_STEP_BIND_HOST: return bind(place->base, step, open(step->source, O_PATH | O_CLOEXEC));
        case NB_STEP_BIND_STAGE: return bind(place->base, step, open_below(place->stage, step->source, O_PATH));
        case NB_STEP_BIND_SELF: return bind(place->base, step, open_below(place->base, step->source, O_PATH));
        case NB_STEP_ENTER: return enter(place, step->path);
        case NB_STEP_PIVOT: return nb_pivot_here();
    }
    errno = EINVAL;
    return -1;
}

/// Mounts the stage over `directory`, by default `stage` in the current one, and goes there.
static int make_stage(struct place *place, const char *directory, const char *options) {
    if (directory == NULL) directory = "stage";
    if (options == NULL) options = "mode=755,size=1m,nr_inodes=256";
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
    if (mount("stage", directory, "tmpfs", MS_NOSUID | MS_NODEV, options) != 0) return -1;
    if (chdir(directory) != 0) return -1;
    place->stage = place->base = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return place->base < 0 ? -1 : 0;
}

int nb_run_steps(
    const struct nb_step *steps, size_t count, const char *stage, const char *stage_options, size_t *failed) {
    struct place place;
    *failed = count;
    if (make_stage(&place, stage, stage_options) != 0) return -1;
    for (size_t index = 0; index < count; index++) {
        if (run_step(&place, &steps[index]) == 0) continue;
        if (errno == ENOENT && steps[index].flags & NB_STEP_IF_PRESENT) continue;
        *failed = index;
        return -1;
    }
    if (place.base != place.stage) close(place.base);
    close(place.stage);
    return 0;
}
