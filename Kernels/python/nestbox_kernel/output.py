"""What a cell says, in the order in which it said it."""

import os
import select
import threading
from collections import deque

from .wire import COUNT, END, MAXIMUM_STREAM_BYTES, STDERR, STDOUT

# Larger texts are cut into pieces of so many characters.
PIECE = 64 << 10
# So much waits before the service is woken early; so much waits before those who write have to.
FULL = 64 << 10
HIGH = 1 << 20
# Seconds after which one who waits for room looks again, should a wake-up have been lost to an interrupt.
PATIENCE = 0.5
# Seconds for which a flush waits for the service.
FLUSH = 0.2


class Output:
    """One queue of `(kind, data)`: texts, bytes and whole documents, from any thread, taken by the service.

    What stands in the pipes of descriptors 1 and 2 is put into the queue before anything that is written later, so the
    output of child processes and of C code keeps its place between Python's own.

    A signal may raise an exception between any two steps of the main thread. Each step by itself leaves the queue
    whole: `append` and `extend` are single calls of C, the size is an estimate that `take` sets right, and a lost
    wake-up is made good by the next one, at the latest at the end of the cell.
    """

    def __init__(self):
        self._items: deque = deque()
        self._size = 0
        self._lock = threading.Lock()
        self._room = threading.Event()
        self._passed_on = threading.Event()
        self._is_flushed = False
        self._pipes: dict[int, int] = {}
        self._poll = select.poll()
        self._wake = lambda: None
        self._is_announced = False
        self.is_over = False

    def connect(self, pipes: dict[int, int], wake):
        """From now on `pipes` are part of the output, and `wake` is called when there is something to take."""
        self._pipes = {descriptor: kind for kind, descriptor in pipes.items()}
        for descriptor in self._pipes:
            self._poll.register(descriptor, select.POLLIN)
        self._wake = wake

    def write(self, kind: int, data: str | bytes):
        """Puts `data` behind everything said before. Waits while too much is queued and there is a taker."""
        if len(data) > PIECE and kind in (STDOUT, STDERR):
            for start in range(0, len(data), PIECE):
                self.write(kind, data[start : start + PIECE])
            return
        with self._lock:
            # A line's end follows its text at once: print writes them separately, and one look is enough for both.
            if data != "\n" and self._pipes:
                self._read_pipes()
            is_first = not self._is_announced and kind != COUNT  # which is in no hurry
            self._is_announced = self._is_announced or is_first
            before = self._size
            self._items.append((kind, data))
            self._size = before + len(data)
        if kind == END:
            self.is_over = True
            self._wake()
        elif is_first or before < FULL <= self._size:
            self._wake()
        if self._size > HIGH and self._pipes:
            self._wait_for_room()

    def take_pipes(self) -> bool:
        """Moves what the pipes hold into the queue. Whether there was anything."""
        with self._lock:
            return self._read_pipes()

    def _read_pipes(self) -> bool:
        ready = self._poll.poll(0)
        for descriptor, _ in ready:
            # One call of C reads and appends: no exception of a signal can come between and lose the bytes.
            pair = zip((self._pipes[descriptor],), map(os.read, (descriptor,), (MAXIMUM_STREAM_BYTES,)))
            self._items.extend(pair)
            self._size += MAXIMUM_STREAM_BYTES
        return bool(ready)

    def drain_pipes(self):
        """Moves all that stands in the pipes now into the queue, but not what somebody goes on writing for ever."""
        for _ in range(HIGH // MAXIMUM_STREAM_BYTES):
            if not self._pipes or not self.take_pipes():
                return

    def take(self) -> deque:
        """Everything queued; who waited for room goes on."""
        with self._lock:
            items, self._items = self._items, deque()
            self._size = 0
            self._is_announced = self.is_over = False
            self._is_flushed = False
        self._room.set()
        return items

    def flush(self):
        """Waits until the service has passed on what was said so far, a moment at most: a process that ends next has
        then said it."""
        if not self._items or not self._pipes:
            return
        self._passed_on.clear()
        self._is_flushed = True
        self._wake()
        self._passed_on.wait(FLUSH)

    def passed_on(self):
        """What was taken last is on its way."""
        self._passed_on.set()

    @property
    def is_due(self) -> bool:
        """Whether there is no reason to let it become more."""
        return self.is_over or self._is_flushed or self._size >= FULL

    def _wait_for_room(self):
        while self._size > HIGH:
            self._room.clear()
            self._wake()
            if self._size > HIGH:
                self._room.wait(PATIENCE)

    def become_direct(self):
        """In a forked child: what is written goes to descriptors 1 and 2, since the queue is the parent's."""
        self._lock = threading.Lock()
        self._items.clear()
        self._pipes = {}
        self.write = write_directly
        self.drain_pipes = lambda: None
        self.flush = lambda: None


def write_directly(kind: int, data: str | bytes):
    """The output of a forked child: texts to the standard descriptors, nothing else to anywhere."""
    descriptor = {STDOUT: 1, STDERR: 2}.get(kind)
    if descriptor is None:
        return
    rest = memoryview(data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
