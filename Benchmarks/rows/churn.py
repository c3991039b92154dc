"""Create and kill, again and again: how many a second, whether the last are as quick as the first, and what is left."""

import threading
import time

from census import network_namespaces_in_slabs, programs, settled
from report import Line, Quantity, at_least, at_most, ratio_at_least
from rows.cells import wait_until_warm
from server import own_server

_WORKERS = 2
_WARM_UP = 40
_RATE = at_least(200, "/s")
_FLAT = ratio_at_least(0.9)


class _Cycles:
    """A number of create-and-kill cycles, shared out among the workers as they get free. `_guard` is for all fields."""

    def __init__(self, count):
        self._guard, self._left, self.ends, self.error = threading.Lock(), count, [], None

    def take(self):
        with self._guard:
            self._left -= 1
            return self._left >= 0 and self.error is None

    def ended(self):
        with self._guard:
            self.ends.append(time.perf_counter())

    def broke(self, error):
        with self._guard:
            self.error = error

    def run(self, server):
        """Returns the moment of the start; throws what a worker broke on."""
        start = time.perf_counter()
        workers = [threading.Thread(target=self._work, args=(server,)) for _ in range(_WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if self.error:
            raise self.error
        return start

    def _work(self, server):
        try:
            with server.connection() as connection:
                while self.take():
                    sandbox_id, _ = server.create(connection)
                    server.kill(connection, sandbox_id)
                    self.ended()
        except (OSError, ValueError) as error:
            self.broke(error)


def _rate(ends, start):
    return len(ends) / (ends[-1] - start)


def _rates(cycles, start):
    """All, the first tenth, the last tenth, in cycles a second."""
    ends, tenth = cycles.ends, max(1, len(cycles.ends) // 10)
    return _rate(ends, start), _rate(ends[:tenth], start), _rate(ends[-tenth:], ends[-tenth - 1])


def _difference(before, after):
    """One line per count that changed; none at all is the line one wants to see."""
    for what in sorted(before.keys() | after.keys()):
        was, now = before.get(what, 0), after.get(what, 0)
        if was != now:
            yield Line("churn", f"left: {what}", ours=Quantity(now - was), target=at_most(0),
                       note=f"{was} before, {now} after")
    changed = sum(before.get(what) != after.get(what) for what in before.keys() | after.keys())
    yield Line("churn", f"counts that changed, of {len(after)}", ours=Quantity(changed), target=at_most(0))


def lines(context):
    count = context.count(10_000, 300)
    with own_server(context) as server:
        wait_until_warm(server)
        _Cycles(_WARM_UP).run(server)
        before, names, slabs = settled(server), programs(), network_namespaces_in_slabs()
        cycles = _Cycles(count)
        total, first, last = _rates(cycles, cycles.run(server))
        yield Line("churn", f"create + kill, {_WORKERS} workers", count, Quantity(total, "/s"), target=_RATE)
        yield Line("churn", "last tenth beside the first", count, Quantity(last, "/s"), "first tenth",
                   Quantity(first, "/s"), _FLAT)
        yield from _difference(before, settled(server, like=before))
        for name, more in sorted((programs() - names).items()):
            yield Line("churn", f"more processes: {name}", ours=Quantity(more))
        yield Line("churn", "network namespaces by the kernel's slabs, about", peer_name="before", peer=Quantity(slabs),
                   ours=Quantity(network_namespaces_in_slabs()))
