"""What a sandbox in which nothing runs costs, with many of them alive at once."""

from measure import Failed
from memory import available, cgroups, charges, house, processes, proportional
from report import Line, Quantity, at_most
from server import own_server

_TARGET = at_most(2 << 20, "B")
_WARM_UP = 5


def lines(context):
    count = context.count(500, 50)
    with own_server(context) as server, server.connection() as connection:
        for _ in range(_WARM_UP):
            server.kill(connection, server.create(connection)[0])
        house_before, available_before = house(server), available()
        ids = [server.create(connection, seconds=3600)[0] for _ in range(count)]
        try:
            directories = list(cgroups(ids))
            inside = processes(directories)
            memory, grown = sum(map(proportional, inside)), house(server) - house_before
            taken = available_before - available()
            charged = charges(directories)
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
    for words, total in charged.items():
        yield each(words, total)
    yield each("less memory available on the host", taken)
