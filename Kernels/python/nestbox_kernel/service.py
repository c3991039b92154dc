"""The one thread beside the cells: it owns the connections and takes what the cells say."""

import _thread
import os
import select
import signal
import socket
import time
from collections import deque

from .backlog import Backlog
from .connection import Connection
from .descriptors import raised
from .loop import BROKEN
from .output import Output
from .reception import Reception
from .settings import Settings
from .wire import END, STDERR, STDOUT, Execute

# Executions that wait for their turn. The server sends one at a time.
WAITING = 64
# Seconds for which output gathers before it is sent.
GATHER = 0.02
# Seconds between interrupts of a cell whose peer has gone, and how many there are.
INSIST = 1.0
INTERRUPTS = 10
# Seconds after which it looks whether its descriptors are still there while a cell runs: nothing tells when they go.
LOOK = 2.0

# Found out ahead: it takes the standard library a name for each number, and an exception for each without one.
SIGNALS = signal.valid_signals()
HANG_UP = select.EPOLLHUP | select.EPOLLERR


class Service:
    """Hands one execution at a time to the main thread, and sends what it says.

    It never waits for the main thread, so it answers while a cell runs; and never for a peer: while one does not take
    what is sent, nothing more is taken from the output, and in the end the cell waits.
    """

    def __init__(self, settings: Settings, listener: socket.socket, output: Output, pipes: dict[int, int]):
        self._output = output
        self._pipes = pipes
        self._wakeup = raised(os.eventfd(0, os.EFD_NONBLOCK))
        self._epoll = _raised_epoll()
        self._reception = Reception(settings, listener, self._epoll, self._enqueue, lambda: self._running is None)
        self._waiting: deque[tuple[Connection, Execute]] = deque()
        self._running: Connection | None = None
        self._backlog = Backlog()
        self._gather_until: float | None = None
        self._interrupt_at: float | None = None
        self._interrupts = 0
        self._is_held = False
        for descriptor in (self._wakeup, *pipes.values()):
            self._epoll.register(descriptor, select.EPOLLIN)
        output.connect(pipes, self._wake)

    def start(self, hand_over):
        """Starts the thread; `hand_over` gives an execution to the main thread."""
        self._hand_over = hand_over
        # Not by `threading`, which would wait until the thread runs, and show it to user code.
        _thread.start_new_thread(self._run, ())

    def own(self) -> list[int]:
        """The descriptors that a forked child has no use for."""
        connections = [connection.fileno() for connection, _ in self._waiting]
        if self._running is not None:
            connections.append(self._running.fileno())
        return [self._wakeup, self._epoll.fileno(), *connections, *self._reception.own()]

    def _wake(self):
        """From any thread: there is something to take."""
        os.eventfd_write(self._wakeup, 1)

    def _run(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            while True:
                for descriptor, events in self._epoll.poll(self._patience()):
                    self._attend(descriptor, events)
                self._insist()
                self._move_output()
        except BaseException:
            # Somebody has closed what this thread stands on. A kernel that can not speak ends, and is started afresh.
            os._exit(BROKEN)

    def _patience(self) -> float:
        """Seconds until there is something to do by the clock alone; -1 if there is not."""
        gather = None if self._is_held else self._gather_until
        moments = [moment for moment in (gather, self._interrupt_at) if moment is not None]
        if moments:
            return max(0.0, min(moments) - time.monotonic())
        return -1 if self._running is None else LOOK

    def _attend(self, descriptor: int, events: int):
        if descriptor == self._wakeup:
            os.eventfd_read(self._wakeup)
            self._gather()
        elif descriptor in self._pipes.values():
            self._output.take_pipes()
            self._gather()
        elif not self._reception.attend(descriptor) and events & HANG_UP:
            self._hang_up(descriptor)

    # Executions.

    def _enqueue(self, connection: Connection, request: Execute):
        if len(self._waiting) >= WAITING:
            self._reception.refuse(connection, f"{WAITING} executions wait already")
            return
        self._waiting.append((connection, request))
        self._start_next()

    def _start_next(self):
        if self._running is not None or not self._waiting:
            return
        self._running, request = self._waiting.popleft()
        for kind, data in self._backlog.take():
            self._running.say_stream(kind, data)
        self._hand_over(request)

    def _finish(self):
        """The running execution has ended; what follows in the output is the next one's."""
        finished, self._running, self._interrupt_at = self._running, None, None
        if finished.is_closed:
            finished.close()
        else:
            finished.say(END, b"")
            self._reception.let_go(finished)
        self._start_next()

    def _hang_up(self, descriptor: int):
        """A peer has gone: its execution is interrupted if it runs, and forgotten if it waits."""
        self._epoll.unregister(descriptor)
        if self._running is not None and descriptor == self._running.fileno():
            self._running.is_closed = True
            self._interrupts, self._interrupt_at = 0, time.monotonic()
            self._hold(False)
            return
        gone = [waiting for waiting in self._waiting if waiting[0].fileno() == descriptor]
        for waiting in gone:
            self._waiting.remove(waiting)
            waiting[0].close()

    def _insist(self):
        """Interrupts a cell whose peer has gone, and again as long as it goes on: some calls ignore the first.

        The signal goes to the whole group, as from a terminal: what the cell waits for may be a program.
        """
        if self._interrupt_at is None or time.monotonic() < self._interrupt_at or self._output.is_over:
            return
        os.killpg(os.getpgrp(), signal.SIGINT)
        self._interrupts += 1
        self._interrupt_at = time.monotonic() + INSIST if self._interrupts < INTERRUPTS else None

    # Output.

    def _gather(self):
        """Gives the output a moment to become more, unless there is enough of it."""
        if self._gather_until is None:
            self._gather_until = time.monotonic() + GATHER

    def _move_output(self):
        """Sends what is left, then takes what is due, unless the peer has yet to take what there is."""
        running = self._running
        if running is not None and not running.is_closed:
            running.send()
            self._hold(running.has_unsent)
            if running.is_full:
                return
        if self._gather_until is None:
            return
        if self._output.is_due or time.monotonic() >= self._gather_until:
            self._gather_until = None
            self._pass_on(self._output.take())
            self._output.passed_on()

    def _hold(self, is_held: bool):
        """While the peer has bytes to take, they are what is waited for, and the pipes are left alone."""
        if is_held == self._is_held:
            return
        self._is_held = is_held
        for descriptor in self._pipes.values():
            self._epoll.modify(descriptor, 0 if is_held else select.EPOLLIN)
        if self._running is not None and not self._running.is_closed:
            self._epoll.modify(self._running.fileno(), select.EPOLLOUT if is_held else 0)

    def _pass_on(self, items: deque):
        """Gives the items to whom they belong: up to the end of a cell to its peer, after it to the next one's."""
        stream, parts = None, []
        for kind, data in items:
            if parts and kind != stream:
                self._pass_on_stream(stream, parts)
                parts = []
            if kind in (STDOUT, STDERR):
                stream = kind
                parts.append(_bytes(data))
            elif kind == END:
                self._finish()
            elif self._running is not None and not self._running.is_closed:
                self._running.say(kind, data)
        if parts:
            self._pass_on_stream(stream, parts)
        if self._running is not None and not self._running.is_closed:
            self._running.send()
            self._hold(self._running.has_unsent)

    def _pass_on_stream(self, kind: int, parts: list[bytes]):
        data = b"".join(parts)
        if self._running is None:
            self._backlog.add(kind, data)
        elif not self._running.is_closed:
            self._running.say_stream(kind, data)


def _bytes(data: str | bytes) -> bytes:
    return data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data


def _raised_epoll() -> select.epoll:
    made = select.epoll()
    try:
        return select.epoll.fromfd(raised(os.dup(made.fileno())))
    finally:
        made.close()
