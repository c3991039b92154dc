"""What a sandbox in which nothing runs costs, with many of them alive at once."""

import os
import pathlib

from census import cgroup_mounts
from measure import Failed
from report import Line, Quantity, at_most
from server import own_server

_TARGET = at_most(2 << 20, "B")
_WARM_UP = 5
_MEMORY_FILES = {
    "memory.usage_in_bytes": "memory charged to its cgroup", "memory.kmem.usage_in_bytes": "  of it the kernel's",
    "memory.current": "memory charged to its cgroup",
}


def _proportional(pid):
    """Bytes of memory, what is shared counted by its share."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:  # ended meanwhile, or of the kernel
        pass
    return 0


def _available():
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    raise ValueError("/proc/meminfo has no MemAvailable")


def _cgroups(ids):
    """Every cgroup directory, in any hierarchy, that bears the id of one of the sandboxes."""
    wanted = set(ids)
    for mount in cgroup_mounts():
        for path, names, _ in os.walk(mount):
            yield from (pathlib.Path(path, name) for name in names if any(part in wanted for part in _words(name)))


def _words(name):
    return name.replace(".", "-").replace("_", "-").split("-")


def _processes(cgroups):
    """Pids in them or below; a hierarchy that repeats another changes nothing."""
    found = set()
    for cgroup in cgroups:
        for path in [cgroup, *(p for p in cgroup.rglob("*") if p.is_dir())]:
            found.update(int(pid) for pid in (path / "cgroup.procs").read_text().split())
    return found


def _charges(cgroups):
    """Words -> sum over the cgroups that say it."""
    sums = {}
    for cgroup in cgroups:
        for name, words in _MEMORY_FILES.items():
            if (cgroup / name).exists():
                sums[words] = sums.get(words, 0) + int((cgroup / name).read_text())
    return sums


def _house(server):
    return sum(_proportional(pid) for pid in server.family)


def lines(context):
    count = context.count(500, 50)
    with own_server(context) as server, server.connection() as connection:
        for _ in range(_WARM_UP):
            server.kill(connection, server.create(connection)[0])
        house, available = _house(server), _available()
        ids = [server.create(connection, seconds=3600)[0] for _ in range(count)]
        try:
            cgroups = list(_cgroups(ids))
            inside = _processes(cgroups)
            memory, grown, taken = sum(map(_proportional, inside)), _house(server) - house, available - _available()
            charges = _charges(cgroups)
        finally:
            for sandbox_id in ids:
                server.kill(connection, sandbox_id)

    if len(inside) < count:
        raise Failed(f"{count} sandboxes, but only {len(inside)} processes in cgroups that bear their ids")

    def each(what, total, target=None):
        return Line("idle", what, count, Quantity(total / count, "B"), target=target)

    yield each("a sandbox: its processes, and what servers grew", memory + grown, _TARGET)
    yield each("  proportional memory of its processes", memory)
    yield each("  growth of server and spawner", grown)
    for words, total in charges.items():
        yield each(words, total)
    yield each("less memory available on the host", taken)
