#include "child.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "include/clinux_mounts.h"

#define PATH_BYTES 4096

/// Where the steps are: the stage, which stays, and the directory that paths are relative to. The directory that held
/// the last step's name is kept open, since the next step's is mostly in it, too.
struct place {
    int stage;
    int base;
    int parent;
    size_t parent_length;
    char parent_path[PATH_BYTES];
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

static void forget_parent(struct place *place) {
    if (place->parent >= 0) close(place->parent);
    place->parent = -1;
}

/// The directory that holds `path`'s last name, which `name` then points at. It stays the place's.
static int parent_of(struct place *place, const char *path, const char **name) {
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) : 0;
    *name = slash != NULL ? slash + 1 : path;
    if (**name == 0 || strcmp(*name, "..") == 0 || strcmp(*name, ".") == 0 || length >= PATH_BYTES) {
        errno = length >= PATH_BYTES ? ENAMETOOLONG : EINVAL;
        return -1;
    }
    if (slash == NULL) return place->base;
    if (place->parent >= 0 && place->parent_length == length && memcmp(place->parent_path, path, length) == 0)
        return place->parent;
    forget_parent(place);
    memcpy(place->parent_path, path, length);
    place->parent_path[length] = 0;
    place->parent_length = length;
    return place->parent = open_below(place->base, place->parent_path, O_PATH | O_DIRECTORY);
}

static int make_directory(struct place *place, const struct nb_step *step) {
    const char *name;
    int parent = parent_of(place, step->path, &name);
    if (parent < 0) return -1;
    if (mkdirat(parent, name, step->mode) == 0) return 0;  // there is no umask
    if (errno != EEXIST) return -1;
    int there = open_below(parent, name, O_PATH | O_DIRECTORY);
    return there < 0 ? -1 : closing(there, 0);
}

static int fill_file(int file, const struct nb_step *step) {
    size_t length = step->source != NULL ? strlen(step->source) : 0;
    if (length != 0 && write(file, step->source, length) != (ssize_t)length) return -1;
    return fchmod(file, step->mode);
}

static int create_file(int parent, const char *name) {
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int file = openat(parent, name, flags, 0600);
    if (file >= 0 || errno != EEXIST || unlinkat(parent, name, 0) != 0) return file;
    return openat(parent, name, flags, 0600);
}

static int make_file(struct place *place, const struct nb_step *step) {
    const char *name;
    int parent = parent_of(place, step->path, &name);
    int file = parent < 0 ? -1 : create_file(parent, name);
    return file < 0 ? -1 : closing(file, fill_file(file, step));
}

static int make_link(struct place *place, const struct nb_step *step) {
    const char *name;
    int parent = parent_of(place, step->path, &name);
    if (parent < 0) return -1;
    if (symlinkat(step->source, parent, name) == 0) return 0;
    if (errno != EEXIST || unlinkat(parent, name, 0) != 0) return -1;
    return symlinkat(step->source, parent, name);
}

/// A symbolic link that has the last name is not followed: move_mount(2) does so only if asked to.
static int attach(struct place *place, const struct nb_step *step, int mount) {
    const char *name;
    int parent = parent_of(place, step->path, &name);
    if (parent < 0 || nb_mount_attach(mount, parent, name) != 0) return -1;
    if (place->parent == parent) return 0;
    forget_parent(place);  // it may be below what is covered now
    return 0;
}

static int mount_new(struct place *place, const struct nb_step *step) {
    int mount = nb_mount_new(step->source, NULL, step->options, step->attributes);
    return mount < 0 ? -1 : closing(mount, attach(place, step, mount));
}

/// Whether the step's path is there. Asked first, since to let go of a mount that was attached nowhere makes the kernel
/// wait for all its readers.
static int is_present(struct place *place, const struct nb_step *step) {
    struct stat status;
    const char *name;
    int parent = parent_of(place, step->path, &name);
    return parent >= 0 && fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static int open_source(struct place *place, const struct nb_step *step) {
    if (step->kind == NB_STEP_BIND_HOST) return open(step->source, O_PATH | O_CLOEXEC);
    return open_below(step->kind == NB_STEP_BIND_STAGE ? place->stage : place->base, step->source, O_PATH);
}

/// Shows what `source` names also at the step's path.
static int bind(struct place *place, const struct nb_step *step) {
    if (step->flags & NB_STEP_IF_PRESENT && !is_present(place, step)) return -1;
    int source = open_source(place, step);
    if (source < 0) return -1;
    int mount = closing(source, nb_mount_copy(source, "", step->flags & NB_STEP_RECURSIVE));
    if (mount < 0) return -1;
    if (step->attributes != 0 && nb_mount_restrict(mount, step->attributes) != 0) return closing(mount, -1);
    return closing(mount, attach(place, step, mount));
}

static int enter(struct place *place, const char *path) {
    int root = open_below(place->base, path, O_PATH | O_DIRECTORY);
    if (root < 0) return -1;
    forget_parent(place);
    if (place->base != place->stage) close(place->base);
    place->base = root;
    return fchdir(root);
}

static int run_step(struct place *place, const struct nb_step *step) {
    switch (step->kind) {
        case NB_STEP_DIRECTORY: return make_directory(place, step);
        case NB_STEP_FILE: return make_file(place, step);
        case NB_STEP_LINK: return make_link(place, step);
        case NB_STEP_ATTACH: return attach(place, step, step->descriptor);
        case NB_STEP_MOUNT: return mount_new(place, step);
        case NB_STEP_BIND_HOST:
        case NB_STEP_BIND_STAGE:
        case NB_STEP_BIND_SELF: return bind(place, step);
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
    place->parent = -1;
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
    forget_parent(&place);
    if (place.base != place.stage) close(place.base);
    close(place.stage);
    return 0;
}
