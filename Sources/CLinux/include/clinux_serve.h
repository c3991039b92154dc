#pragma once

#include <sys/types.h>

// What `nestbox serve` needs of the kernel while it holds root, and to let go of it. Each answers -1 and sets errno.

/// Blocks SIGTERM, SIGINT, SIGHUP and SIGCHLD in this thread and answers a descriptor that reads them.
int nb_monitor_signals(void);
/// The next of them, or 0 if none is there.
int nb_monitor_next_signal(int descriptor);
/// A SOCK_SEQPACKET connection to `path`; never waits.
int nb_connect_packets(const char *path);

/// Gives this process, which must have one thread, a mount namespace of its own with an empty directory at `place`.
int nb_make_private_place(const char *place);
/// A detached mount that shows the open directory. To be made before the mount namespace is left.
int nb_copy_directory(int directory, int read_only);
/// Attaches such a mount at `path`, made for it.
int nb_show_directory(int mount, const char *path);

/// Gives up root for good: groups, ids, the way back, and the right to gain any by exec. From then on this process is
/// killed when `parent` ends.
int nb_become_user(uid_t uid, gid_t gid, pid_t parent);
