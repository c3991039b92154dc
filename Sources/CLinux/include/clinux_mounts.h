#pragma once

#include <stdint.h>
#include <sys/types.h>

// Mounts as descriptors. A detached mount is gone when its last descriptor is closed. Each answers -1 and sets errno.

#define NB_READ_ONLY 1u
#define NB_NO_SETUID 2u
#define NB_NO_DEVICES 4u
#define NB_NO_EXEC 8u

/// A detached mount of a new instance of `type`. `options` is "key=value,flag" or NULL; a value may not hold a comma.
int nb_mount_new(const char *type, const char *source, const char *options, unsigned attributes);
/// A detached copy of the mount (with all below it if `recursive`) that `path` lies on.
int nb_mount_copy(int directory, const char *path, int recursive);
/// Sets attributes on a detached mount and all below it.
int nb_mount_restrict(int mount, unsigned attributes);
/// Shows the files of a detached mount under the ids of `user_namespace`.
int nb_mount_map_ids(int mount, int user_namespace);
/// Attaches a detached mount.
int nb_mount_attach(int mount, int directory, const char *path);

/// Sets the flags `options`, separated by commas, and no others on the file system that is mounted at `path`.
int nb_mount_reconfigure(const char *path, const char *options);

/// Gives this process a mount namespace of its own, from which nothing reaches the host's.
int nb_leave_mount_namespace(void);

/// A loop device for `file` that goes away with its last user. Writes its number.
int nb_loop_attach(int file, int read_only, int *number);
/// Mounts the erofs image `file` as `nb_mount_new` does, read-only: straight from the file where the kernel can, from
/// Linux 6.12 on, else over a loop device that goes with the mount.
int nb_mount_layer(int file, unsigned attributes);

/// Writes out all that the mount's file system holds.
int nb_mount_sync(int mount);

/// A file without a name in `directory`.
int nb_file_without_name(int directory, mode_t mode);
/// Copies what is allocated of `from` into the empty file `to`, sharing blocks where the file system can.
int nb_copy_sparse(int from, int to);
