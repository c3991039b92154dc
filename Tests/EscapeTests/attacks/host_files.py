"""Reads a file of the host by every road that once led out of a sandbox. Arguments: its path, its text."""

import os
import sys

from attack import call, finish, must_not, refused, refused_or_killed

path, text = sys.argv[1:]


def shows(candidate):
    try:
        with open(candidate, "rb") as file:
            return text.encode() in file.read(4096)
    except OSError:
        return False


def climb_out():
    """The classic: a root below the working directory, then up beyond it."""
    os.makedirs("/tmp/climb/deep", exist_ok=True)
    os.chdir("/tmp/climb")
    os.chroot("/tmp/climb/deep")
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")
    if not shows(path):
        raise PermissionError("still inside")


roads = [
    path,
    f"/proc/1/root{path}",
    f"/proc/self/root{path}",
    f"/proc/1/cwd/{path}",
    f"/proc/self/cwd/../../../..{path}",
    f"/../../..{path}",
    f"/.old{path}",
    f"/oldroot{path}",
    f"/mnt{path}",
    f"/run{path}",
]
for process in filter(str.isdigit, os.listdir("/proc")):
    roads += [f"/proc/{process}/root{path}", f"/proc/{process}/cwd{path}"]
    try:
        roads += [f"/proc/{process}/fd/{fd}/..{path}" for fd in os.listdir(f"/proc/{process}/fd")]
        roads += [f"/proc/{process}/fd/{fd}{path}" for fd in os.listdir(f"/proc/{process}/fd")]
    except OSError:
        pass
for road in roads:
    must_not(f"read {road}", shows(road))

refused_or_killed("climb out of a chroot", climb_out)
with refused("a file handle of the root's inode"):
    handle = (12).to_bytes(4, "little") + (1).to_bytes(4, "little") + (2).to_bytes(4, "little") + bytes(12)
    call("open_by_handle_at", os.open("/", os.O_RDONLY), handle, os.O_RDONLY)
with open("/proc/self/mountinfo") as mounts:
    shown = mounts.read()
must_not("the mount table names the host's data", os.path.dirname(path) in shown)
finish()
