"""Counts what a sandbox service could leak, on the host and in its own processes, and names what differs."""

import collections
import os
import pathlib
import time

from server import pids, program_of

_SETTLE_SECONDS, _SETTLE_STEP = 20, 0.5


def cgroup_mounts():
    """Mount point -> name of each cgroup hierarchy of the host, version 1 and 2."""
    found = {}
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ")
        if kind in ("cgroup", "cgroup2"):
            found[left.split(" ")[4]] = "v2" if kind == "cgroup2" else os.path.basename(left.split(" ")[4])
    return found


def _count_directories(path):
    return sum(len(names) for _, names, _ in os.walk(path))


def _lines(path):
    return len(pathlib.Path(path).read_bytes().splitlines())


def network_namespaces_in_slabs():
    """About how many the kernel holds, those too that are being taken down; its allocator counts a few free ones in, so
    this is for the eye. 0 if it does not say."""
    try:
        for line in pathlib.Path("/proc/slabinfo").read_text().splitlines():
            if line.startswith("net_namespace"):
                return int(line.split()[1])
    except OSError:  # not root: /proc/slabinfo is not for everybody
        pass
    return 0


def _network_namespaces():
    """Distinct network namespaces that a process is in or holds by a descriptor."""
    found = set()
    for pid in pids():
        for link in [f"/proc/{pid}/ns/net", *_descriptors(pid)]:
            try:
                target = os.readlink(link)
            except OSError:  # ended meanwhile
                continue
            if target.startswith("net:["):
                found.add(target)
    return len(found)


def _descriptors(pid):
    try:
        return [f"/proc/{pid}/fd/{name}" for name in os.listdir(f"/proc/{pid}/fd")]
    except OSError:  # ended meanwhile
        return []


def _loop_devices():
    return sum(1 for device in pathlib.Path("/sys/block").glob("loop*") if (device / "loop" / "backing_file").exists())


def _files(path):
    return sum(len(directories) + len(files) for _, directories, files in os.walk(path))


def programs():
    """Name -> number of the host's processes, without the kernel's own."""
    return collections.Counter(filter(None, map(program_of, pids())))


def census(server):
    """What -> count, now."""
    spawner = server.spawner_pid
    counts = {
        "processes of the host": sum(programs().values()),
        "mounts of the host": _lines("/proc/self/mountinfo"),
        "network namespaces": _network_namespaces(),
        "loop devices": _loop_devices(),
        "files in the data directory": _files(server.data),
        "descriptors of the server": len(_descriptors(server.answering_pid)),
    }
    if spawner is not None:
        counts["descriptors of the spawner"] = len(_descriptors(spawner))
        counts["mounts of the spawner"] = _lines(f"/proc/{spawner}/mountinfo")
    for path, name in cgroup_mounts().items():
        counts[f"cgroups, {name}"] = _count_directories(path)
    return counts


def settled(server, like=None):
    """The census once it stands still for a step or is as it was in `like`; the kernel takes namespaces down behind our
    backs, and pools fill up again. After `_SETTLE_SECONDS` it is what it is."""
    deadline, last = time.monotonic() + _SETTLE_SECONDS, census(server)
    while time.monotonic() < deadline:
        time.sleep(_SETTLE_STEP)
        now = census(server)
        if now == like or (like is None and now == last):
            return now
        last = now
    return last
