#include "include/clinux_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPTIONS_BYTES 1024
#define LOOP_ATTEMPTS 64

static uint64_t mount_attributes(unsigned attributes) {
    uint64_t bits = 0;
    if (attributes & NB_READ_ONLY) bits |= MOUNT_ATTR_RDONLY;
    if (attributes & NB_NO_SETUID) bits |= MOUNT_ATTR_NOSUID;
    if (attributes & NB_NO_DEVICES) bits |= MOUNT_ATTR_NODEV;
    if (attributes & NB_NO_EXEC) bits |= MOUNT_ATTR_NOEXEC;
    return bits;
}

static void close_keeping_errno(int descriptor) {
    int kept = errno;
    close(descriptor);
    errno = kept;
}

static int configure(int context, const char *options) {
    char text[OPTIONS_BYTES], *rest = text, *option;
    if (strlen(options) >= sizeof text) {
        errno = E2BIG;
        return -1;
    }
    strcpy(text, options);
    while ((option = strsep(&rest, ",")) != NULL) {
        char *value = strchr(option, '=');
        if (value != NULL) *value++ = 0;
        int kind = value != NULL ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
        if (fsconfig(context, kind, option, value, 0) != 0) return -1;
    }
    return 0;
}

int nb_mount_new(const char *type, const char *source, const char *options, unsigned attributes) {
    int context = fsopen(type, FSOPEN_CLOEXEC), mount = -1;
    if (context < 0) return -1;
    if ((source == NULL || fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) == 0)
        && (!(attributes & NB_READ_ONLY) || source == NULL || fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) == 0)
        && (options == NULL || configure(context, options) == 0)
        && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        mount = fsmount(context, FSMOUNT_CLOEXEC, mount_attributes(attributes));
    close_keeping_errno(context);
    return mount;
}

int nb_mount_reconfigure(const char *path, const char *options) {
    int context = fspick(AT_FDCWD, path, FSPICK_CLOEXEC), result = -1;
    if (context < 0) return -1;
    if (configure(context, options) == 0) result = fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
    close_keeping_errno(context);
    return result;
}

int nb_mount_copy(int directory, const char *path, int recursive) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
    return open_tree(directory, path, *path ? flags : flags | AT_EMPTY_PATH);
}

int nb_mount_restrict(int mount, unsigned attributes) {
    struct mount_attr change = {.attr_set = mount_attributes(attributes)};
    return mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change);
}

int nb_mount_map_ids(int mount, int user_namespace) {
    struct mount_attr change = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user_namespace};
    return mount_setattr(mount, "", AT_EMPTY_PATH, &change, sizeof change);
}

int nb_mount_attach(int mount, int directory, const char *path) {
    unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*path ? 0 : MOVE_MOUNT_T_EMPTY_PATH);
    return move_mount(mount, "", directory, path, flags);
}

int nb_leave_mount_namespace(void) {
    if (unshare(CLONE_NEWNS) != 0) return -1;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int nb_loop_attach(int file, int read_only, int *number) {
    struct loop_config config = {.fd = (uint32_t)file};
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), device = -1;
    if (control < 0) return -1;
    for (int attempt = 0; attempt < LOOP_ATTEMPTS; attempt++) {
        char path[32];
        *number = ioctl(control, LOOP_CTL_GET_FREE);
        if (*number < 0) break;
        snprintf(path, sizeof path, "/dev/loop%d", *number);
        device = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
        if (device < 0) break;
        if (ioctl(device, LOOP_CONFIGURE, &config) == 0) break;
        close_keeping_errno(device);
        device = -1;
        if (errno != EBUSY) break;  // EBUSY: another program took the free one first
    }
    close_keeping_errno(control);
    return device;
}

int nb_mount_layer(int file, unsigned attributes) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    int mount = nb_mount_new("erofs", path, NULL, attributes | NB_READ_ONLY), number;
    if (mount >= 0 || errno != ENOTBLK) return mount;
    int device = nb_loop_attach(file, 1, &number);
    if (device < 0) return -1;
    snprintf(path, sizeof path, "/dev/loop%d", number);
    mount = nb_mount_new("erofs", path, NULL, attributes | NB_READ_ONLY);
    close_keeping_errno(device);  // the mount holds it from now on
    return mount;
}

int nb_file_without_name(int directory, mode_t mode) {
    return openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
}

int nb_mount_sync(int mount) {
    int root = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return -1;
    int result = syncfs(root);
    close_keeping_errno(root);
    return result;
}

static int copy_bytes(int from, int to, off_t start, off_t end) {
    char buffer[64 << 10];
    while (start < end) {
        size_t wanted = end - start < (off_t)sizeof buffer ? (size_t)(end - start) : sizeof buffer;
        ssize_t count = pread(from, buffer, wanted, start);
        if (count <= 0 || pwrite(to, buffer, (size_t)count, start) != count) return -1;
        start += count;
    }
    return 0;
}

int nb_copy_sparse(int from, int to) {
    struct stat status;
    if (ioctl(to, FICLONE, from) == 0) return 0;
    if (fstat(from, &status) != 0 || ftruncate(to, status.st_size) != 0) return -1;
    off_t start = 0, end = 0;
    while ((start = lseek(from, end, SEEK_DATA)) >= 0) {
        end = lseek(from, start, SEEK_HOLE);
        if (end < 0 || copy_bytes(from, to, start, end) != 0) return -1;
    }
    return errno == ENXIO ? 0 : -1;
}
