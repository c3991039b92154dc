"""What a sandbox of the code interpreter costs whose kernel has pandas imported, with many of them alive at once."""

import pathlib

from context import template
from measure import Failed
from memory import available, cgroups, house, processes, proportional
from report import Line, Quantity, at_most
from rows.cells import TEMPLATE
from server import own_server, pids, run_code

_TARGET = at_most(15_000_000, "B")
_WARM_UP = 10
_CELL = "import pandas\npandas.DataFrame({'x': range(1000)}).describe()"


def _zygotes(command, inside):
    """Pids of the warm processes: they have the zygote's command line, and are in no sandbox."""
    return [pid for pid in pids() if pid not in inside and command in _words_of(pid)]


def _words_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:  # ended meanwhile
        return []


def _sandbox(server, connection):
    """The id of a new sandbox in which a cell has used pandas."""
    sandbox_id, token = server.create(connection, seconds=3600, template=TEMPLATE)
    run_code(connection, sandbox_id, token, _CELL)
    return sandbox_id


def lines(context):
    count, command = context.count(200, 20), template(context, TEMPLATE)["zygote"]["command"][0]
    with own_server(context) as server, server.connection() as connection:
        for _ in range(_WARM_UP):
            server.kill(connection, _sandbox(server, connection))
        house_before, available_before = house(server), available()
        ids = [_sandbox(server, connection) for _ in range(count)]
        try:
            inside = processes(list(cgroups(ids)))
            memory, grown = sum(map(proportional, inside)), house(server) - house_before
            taken = available_before - available()
            warm = [proportional(pid) for pid in _zygotes(command, inside)]
        finally:
            for sandbox_id in ids:
                server.kill(connection, sandbox_id)
    if len(inside) < 2 * count:
        raise Failed(f"{count} sandboxes with a kernel each, but only {len(inside)} processes in their cgroups")

    def each(what, total, target=None):
        return Line("kernels", what, count, Quantity(total / count, "B"), target=target)

    yield each("a sandbox with pandas: its processes, and what servers grew", memory + grown, _TARGET)
    yield each("  proportional memory of its processes", memory)
    yield each("  growth of server and spawner", grown)
    yield each("less memory available on the host", taken)
    yield Line("kernels", "what is kept warm, its own share", len(warm), Quantity(sum(warm), "B"))
