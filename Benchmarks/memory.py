"""Memory of sandboxes and of their house, told by the kernel."""

import os
import pathlib

from census import cgroup_mounts

_MEMORY_FILES = {
    "memory.usage_in_bytes": "memory charged to its cgroup", "memory.kmem.usage_in_bytes": "  of it the kernel's",
    "memory.current": "memory charged to its cgroup",
}


def proportional(pid):
    """Bytes of memory, what is shared counted by its share."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:  # ended meanwhile, or of the kernel
        pass
    return 0


def available():
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    raise ValueError("/proc/meminfo has no MemAvailable")


def cgroups(ids):
    """Every cgroup directory, in any hierarchy, that bears the id of one of the sandboxes."""
    wanted = set(ids)
    for mount in cgroup_mounts():
        for path, names, _ in os.walk(mount):
            yield from (pathlib.Path(path, name) for name in names if any(part in wanted for part in _words(name)))


def _words(name):
    return name.replace(".", "-").replace("_", "-").split("-")


def processes(directories):
    """Pids in them or below; a hierarchy that repeats another changes nothing."""
    found = set()
    for cgroup in directories:
        for path in [cgroup, *(p for p in cgroup.rglob("*") if p.is_dir())]:
            found.update(int(pid) for pid in (path / "cgroup.procs").read_text().split())
    return found


def charges(directories):
    """Words -> sum over the cgroups that say it."""
    sums = {}
    for cgroup in directories:
        for name, words in _MEMORY_FILES.items():
            if (cgroup / name).exists():
                sums[words] = sums.get(words, 0) + int((cgroup / name).read_text())
    return sums


def house(server):
    return sum(proportional(pid) for pid in server.family)
