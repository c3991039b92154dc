"""What the host holds for one server: processes, cgroups, mounts, loop devices, descriptors, files. Needs root."""

import os
import pathlib
import re

from nestbox_support.waiting import eventually

SETTLE_SECONDS = 20


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:  # ended meanwhile
        return []


def spawner_pid(server):
    """The spawner that serves `server`, or None."""
    for pid in processes():
        words = command_line(pid)
        if words and words[0].endswith("nestbox-spawner") and any(str(server.data) in word for word in words):
            return pid
    return None


def wait_for_spawner(server, other_than=None):
    def found():
        pid = spawner_pid(server)
        return pid if pid != other_than else None

    return eventually(found, "a running spawner")


def instance(server):
    """The name of the server's directory in every cgroup hierarchy."""
    words = command_line(wait_for_spawner(server))
    return words[words.index("--instance") + 1]


def cgroups(name):
    """Every directory of the installation `name` in every hierarchy, its own top ones left out."""
    found = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        if right.split(" ")[0] in ("cgroup", "cgroup2"):
            mount = left.split(" ")[4]
            for top, directories, _ in os.walk(mount):
                if name in top[len(mount) :].split("/"):
                    found += [os.path.join(top, directory) for directory in directories]
    return found


# Begins the names of cgroups that are no sandbox's: of what holds a family's namespaces, and of what is kept warm.
OWN_CGROUP = "_"


def sandbox_processes(name):
    """Every process of the installation's sandboxes, in the host's numbers."""
    found = set()
    for directory in cgroups(name):
        if os.path.basename(directory).startswith(OWN_CGROUP):
            continue
        try:
            found |= {int(pid) for pid in pathlib.Path(directory, "cgroup.procs").read_text().split()}
        except OSError:  # removed meanwhile
            pass
    return found


def status(pid, field):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return re.search(rf"^{field}:\s*(.*)$", text, re.MULTILINE)[1].split()


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:  # ended meanwhile
        return 0


def loop_devices(server):
    """Loop devices over files of the server's, deleted ones too."""
    found = []
    for path in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            backing = path.read_text().strip()
        except OSError:  # detached meanwhile
            continue
        if server.directory.name in backing:  # not by the whole path: the file may lie in another mount namespace
            found.append(path)
    return found


def host_mounts():
    """What the host itself sees: no mount of ours may ever be among it."""
    return pathlib.Path("/proc/self/mountinfo").read_text().splitlines()


def census(server, name):
    spawner = spawner_pid(server)
    mounts = pathlib.Path(f"/proc/{spawner}/mountinfo").read_text().splitlines()
    return {
        "sandbox processes": len(sandbox_processes(name)),
        "cgroups": len(cgroups(name)),
        "mounts of the spawner": len(mounts),
        "mounts of the host": len(host_mounts()),
        "loop devices": len(loop_devices(server)),
        "descriptors of the spawner": descriptors(spawner),
        "descriptors of the server": descriptors(server.pid),
        "files": sum(len(files) for _, _, files in os.walk(server.data)),
    }


def settled(server, name):
    """A census that did not change for a while: pools are full again and the dead are buried."""
    last = []

    def unchanged():
        last.append(census(server, name))
        return last[-1] if len(last) > 25 and all(one == last[-1] for one in last[-25:]) else None

    return eventually(unchanged, "the host to settle", SETTLE_SECONDS)
