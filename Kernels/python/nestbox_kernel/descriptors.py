"""File descriptors: where the kernel keeps its own, and the pipes that stand at 1 and 2."""

import fcntl
import os
import resource

from .wire import STDERR, STDOUT

# The kernel's own descriptors stand this far below the limit, where code that closes or guesses small numbers does not
# find them; but not higher than HIGHEST, since the kernel's table of them grows with the greatest number.
ROOM = 128
HIGHEST = 4096


def raised(descriptor: int) -> int:
    """Moves a descriptor up, closed on exec. Returns the new number; the old one is closed."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    ceiling = HIGHEST if soft == resource.RLIM_INFINITY else min(soft, HIGHEST)
    try:
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(3, ceiling - ROOM))
    finally:
        os.close(descriptor)
    return moved


class StandardPipes:
    """The pipes behind descriptors 1 and 2: what does not go through `sys.stdout` comes out here."""

    def __init__(self):
        """Puts the pipes in place, and /dev/null at 0."""
        self._ends = {}
        self.readers: dict[int, int] = {}
        for standard, kind in ((1, STDOUT), (2, STDERR)):
            reading, writing = (raised(end) for end in os.pipe())
            os.set_blocking(reading, False)
            self.readers[kind] = reading
            self._ends[standard] = writing
        self.restore()

    def restore(self):
        """Makes 0, 1 and 2 again what they were at the start, whatever code has done to them."""
        for standard, writing in self._ends.items():
            if not _is_same(standard, writing):
                os.dup2(writing, standard)
        if not _is_null(0):
            nothing = os.open(os.devnull, os.O_RDONLY)
            if nothing != 0:
                os.dup2(nothing, 0)
                os.close(nothing)
            else:
                os.set_inheritable(0, True)

    def own(self) -> list[int]:
        """The descriptors that a forked child has no use for."""
        return [*self.readers.values(), *self._ends.values()]


def _is_same(one: int, other: int) -> bool:
    try:
        return os.path.samestat(os.fstat(one), os.fstat(other))
    except OSError:
        return False


def _is_null(descriptor: int) -> bool:
    try:
        return os.fstat(descriptor).st_rdev == os.stat(os.devnull).st_rdev
    except OSError:
        return False
