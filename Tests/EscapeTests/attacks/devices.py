"""Makes and opens device nodes."""

import os
import stat

from attack import can_open, finish, must_not

HARMLESS = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"}
# memory, kmsg, disks, loops, kvm, fuse, vsock, tun
NODES = [
    ("mem", stat.S_IFCHR, 1, 1),
    ("kmsg", stat.S_IFCHR, 1, 11),
    ("sda", stat.S_IFBLK, 8, 0),
    ("vda", stat.S_IFBLK, 254, 0),
    ("loop0", stat.S_IFBLK, 7, 0),
    ("kvm", stat.S_IFCHR, 10, 232),
    ("fuse", stat.S_IFCHR, 10, 229),
    ("tun", stat.S_IFCHR, 10, 200),
    ("loop-control", stat.S_IFCHR, 10, 237),
    ("hwrng", stat.S_IFCHR, 10, 183),
    ("tty1", stat.S_IFCHR, 4, 1),
    ("console", stat.S_IFCHR, 5, 1),
    ("rtc", stat.S_IFCHR, 10, 135),
]

for directory in ("/tmp", "/dev", "/dev/shm", "/home/user", "/run", "/usr/local"):
    for name, kind, major, minor in NODES:
        path = f"{directory}/attack-{name}"
        try:
            os.mknod(path, kind | 0o666, os.makedev(major, minor))
        except OSError:
            continue
        must_not(f"open a {name} made in {directory}", can_open(path, os.O_RDONLY) or can_open(path, os.O_WRONLY))
        os.unlink(path)

for directory, _, names in os.walk("/dev"):
    for name in names:
        mode = os.lstat(os.path.join(directory, name)).st_mode
        must_not(f"{directory}/{name} is a disk", stat.S_ISBLK(mode))
        if stat.S_ISCHR(mode) and directory == "/dev":
            must_not(f"{directory}/{name} is a device that nobody needs", name not in HARMLESS)
finish()
