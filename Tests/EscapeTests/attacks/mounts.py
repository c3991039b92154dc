"""Changes the mount table and the root."""

import os

from attack import call, finish, refused

NEW_ROOT = b"/tmp/new-root"
BIND, REMOUNT, PRIVATE, DETACH = 0x1000, 0x20, 0x40000, 2

os.makedirs(NEW_ROOT + b"/old", exist_ok=True)
for kind in (
    b"tmpfs",
    b"proc",
    b"sysfs",
    b"cgroup2",
    b"cgroup",
    b"devtmpfs",
    b"devpts",
    b"mqueue",
    b"securityfs",
    b"debugfs",
    b"tracefs",
    b"bpf",
    b"binfmt_misc",
    b"ext4",
    b"erofs",
    b"overlay",
    b"fuse",
    b"nfs",
    b"9p",
):
    options = (
        b"lowerdir=/usr,upperdir=/tmp,workdir=/tmp" if kind == b"overlay" else b"fd=0" if kind == b"fuse" else None
    )
    with refused(f"mount {kind.decode()}"):
        call("mount", b"none", NEW_ROOT, kind, 0, options)
with refused("bind mount"):
    call("mount", b"/", NEW_ROOT, None, BIND, None)
for place in (b"/", b"/proc", b"/proc/sys", b"/dev"):
    with refused(f"remount {place.decode()} writable"):
        call("mount", None, place, None, REMOUNT | BIND, None)
    with refused(f"make {place.decode()} private"):
        call("mount", None, place, None, PRIVATE, None)
with open("/proc/self/mountinfo") as mounts:
    points = [line.split()[4] for line in mounts]
for point in points:
    with refused(f"unmount {point}"):
        call("umount2", point.encode(), DETACH)
with refused("another root"):
    call("pivot_root", NEW_ROOT, NEW_ROOT + b"/old")
with refused("a new file system by the new calls"):
    call("fsopen", b"tmpfs", 0)
with refused("a clone of the tree"):
    call("open_tree", -100, b"/", 1)
with refused("a move of a mount"):
    call("move_mount", -100, b"/proc", -100, NEW_ROOT, 0)
with refused("new attributes of a mount"):
    call("mount_setattr", -100, b"/", 0, bytes(32), 32)
with refused("a pick of a mounted file system"):
    call("fspick", -100, b"/", 0)
finish()
