"""The event loop: connections on one side, one interpreter on the other."""

import os
import select
import signal
import socket
import time
from collections import deque

from . import frames
from .connection import Connection
from .pipes import OutputPipe, raised, waiting
from .runner import Barrier, Begun, Ended, Frame, Refusal, interruption

# Connections at a time. The server opens one for each run and puts runs in a row; more is somebody else.
CONNECTION_LIMIT = 64
# A cell that goes on after an interrupt is interrupted again, this often and so many times. A command that was just
# being started may miss the first; whoever waits for the cell has lost patience after 5 seconds.
INTERRUPT_AGAIN_SECONDS = 1
INTERRUPTS = 5
# A reader that is slower than this does not learn what a dying kernel said last.
LAST_WORDS_SECONDS = 5


class Cell:
    """A run: where its output goes, and whether it still does."""

    def __init__(self, connection, request):
        self.connection = connection
        self.request = request
        self.has_begun = False
        self.interrupts = 0
        self.next_interrupt = None


class Kernel:
    """Listens at `path` for the context `identity`, and has `make_runner` run its cells. `run()` never returns."""

    def __init__(self, path, identity, make_runner):
        self._path = path
        self._identity = identity
        self._outputs = OutputPipe(frames.STDOUT), OutputPipe(frames.STDERR)
        self._signals = self._catch_signals()
        self._runner = make_runner(self._outputs)
        self._runner.start()
        self._listener = listen(path)
        self._connections = {}
        self._waiting = deque()
        self._cell = None
        self._count = 0

    def run(self):
        while True:
            self._start_next()
            for descriptor, events in self._poll():
                self._serve(descriptor, events)
            if self._patience() == 0:
                self._interrupt()

    # Polling

    def _poll(self):
        poll = select.poll()
        poll.register(self._signals, select.POLLIN)
        if len(self._connections) < CONNECTION_LIMIT:
            poll.register(self._listener, select.POLLIN)
        for descriptor, connection in self._connections.items():
            poll.register(descriptor, select.POLLIN | (select.POLLOUT if connection.has_unsent else 0))
        if not (self._cell and self._cell.connection.is_congested):
            for pipe in self._outputs:
                poll.register(pipe.reading, select.POLLIN)
            poll.register(self._runner.descriptor(), select.POLLIN)
        return poll.poll(self._patience())

    def _serve(self, descriptor, events):
        if descriptor == self._signals:
            self._serve_signals()
        elif descriptor == self._listener.fileno():
            self._accept()
        elif descriptor in self._connections:
            self._serve_connection(self._connections[descriptor], events)
        elif descriptor == self._runner.descriptor():
            self._serve_runner()
        else:
            for pipe in self._outputs:
                if pipe.reading == descriptor and pipe.waiting():
                    self._pass_on(pipe, frames.OUTPUT_LIMIT)

    # Connections

    def _accept(self):
        try:
            connection = Connection(self._listener.accept()[0])
        except OSError:
            return  # gone before it was taken, or no descriptor left: the next round tries again
        self._connections[connection.fileno()] = connection
        connection.send(frames.HELLO, self._hello())
        self._forget_closed()

    def _hello(self):
        return encoded(
            {
                "protocol": frames.PROTOCOL,
                "pid": os.getpid(),
                "context": self._identity["context"],
                "language": self._identity["language"],
                "cwd": self._runner.cwd,
                "idle": self._cell is None,
            }
        )

    def _serve_connection(self, connection, events):
        if events & select.POLLOUT:
            connection.flush()
        if connection.is_open and events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            for kind, payload in connection.requests():
                self._take(connection, kind, payload)
        self._forget_closed()

    def _take(self, connection, kind, payload):
        request = decoded(payload) if kind == frames.EXECUTE else None
        if request is None:
            connection.finish()  # an inspect has its answer; and nothing is said to what is not of the wire
        else:
            self._waiting.append(Cell(connection, request))

    def _forget_closed(self):
        closed = [key for key, connection in self._connections.items() if not connection.is_open]
        for key in closed:
            del self._connections[key]
        self._waiting = deque(cell for cell in self._waiting if cell.connection.is_open)
        if self._cell and not self._cell.connection.is_open and not self._cell.interrupts:
            self._interrupt()

    # Cells

    def _start_next(self):
        if self._cell or not self._waiting:
            return
        self._drain()
        self._cell = cell = self._waiting.popleft()
        self._count += 1
        cell.connection.send(frames.COUNT, encoded({"execution_count": self._count}))
        try:
            self._runner.execute(self._count, cell.request["code"], cell.request["environment"])
        except Refusal as refusal:
            self._end(refusal.failure)

    def _serve_runner(self):
        if not waiting(self._runner.descriptor()):
            return  # what there was has been heard when the process died
        for event in self._runner.events():
            self._drain()
            self._obey(event)

    def _obey(self, event):
        if isinstance(event, Barrier):
            event.release()
        elif self._cell and isinstance(event, Begun):
            self._cell.has_begun = True
            if self._cell.interrupts:
                self._interrupt()
        elif self._cell and isinstance(event, Frame):
            self._cell.connection.send(event.kind, event.payload)
        elif self._cell and isinstance(event, Ended):
            self._end(event.failure)

    def _end(self, failure):
        connection = self._cell.connection
        if self._cell.interrupts and not self._cell.has_begun:
            failure = interruption()
        if failure:
            connection.send(frames.ERROR, encoded(texts(failure)))
        connection.send(frames.END)
        connection.finish()
        self._cell = None
        self._forget_closed()

    def _drain(self):
        """Passes on what was written before now, and no more: a background job may write for ever."""
        for pipe in self._outputs:
            left = pipe.waiting()
            while left > 0:
                left -= self._pass_on(pipe, min(left, frames.OUTPUT_LIMIT))

    def _pass_on(self, pipe, most):
        """What is written while no cell runs is nobody's."""
        output = pipe.read(most)
        if self._cell:
            self._cell.connection.send(pipe.kind, output)
        return len(output)

    # Signals

    def _catch_signals(self):
        reading, writing = (raised(descriptor) for descriptor in os.pipe())
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        return reading

    def _serve_signals(self):
        numbers = set(os.read(self._signals, 4096))
        if signal.SIGTERM in numbers:
            self._leave()
        if signal.SIGINT in numbers and self._cell:
            self._interrupt()
        if signal.SIGCHLD in numbers:
            self._reap()

    def _interrupt(self):
        """Interrupts the cell. One that has not begun will be when it has; and if it does not come to that, what an
        earlier one left behind is interrupted.
        """
        cell = self._cell
        if cell.has_begun or cell.interrupts:
            self._runner.interrupt()
        cell.interrupts += 1
        repeats = cell.interrupts < INTERRUPTS
        cell.next_interrupt = time.monotonic() + INTERRUPT_AGAIN_SECONDS if repeats else None

    def _patience(self):
        """Milliseconds to the next interrupt, or None."""
        if self._cell is None or self._cell.next_interrupt is None:
            return None
        return max(0, int(1000 * (self._cell.next_interrupt - time.monotonic())))

    def _reap(self):
        pid, status = os.waitpid(self._runner.pid, os.WNOHANG)
        if pid == 0:
            return
        self._hear_last_words()
        ended = self._runner.died(status)
        if ended is None:
            self._end_like(status)
        self._drain()
        self._obey(ended)

    def _hear_last_words(self):
        while waiting(self._runner.descriptor()):
            self._serve_runner()
        self._drain()

    def _end_like(self, status):
        """The kernel ends as its interpreter did, and the connection without an `end`."""
        if self._cell:
            self._cell.connection.flush_within(LAST_WORDS_SECONDS)
        remove(self._path)
        if os.WIFSIGNALED(status):
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
            os.kill(os.getpid(), os.WTERMSIG(status))
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)

    def _leave(self):
        """SIGTERM: nothing stays behind that belongs to the interpreter's group or to this one's."""
        remove(self._path)
        self._runner.signal(signal.SIGKILL)
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(128 + signal.SIGTERM)


def texts(failure):
    return {
        "name": frames.shortened(failure.name),
        "value": frames.shortened(failure.value),
        "traceback": frames.shortened(failure.traceback),
    }


def listen(path):
    """A socket whose name appears when it can be connected to."""
    os.makedirs(os.path.dirname(path) or ".", mode=0o755, exist_ok=True)
    fresh = path + ".new"
    remove(fresh)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.setblocking(False)
    listener.bind(fresh)
    os.chmod(fresh, 0o600)
    listener.listen(CONNECTION_LIMIT)
    os.rename(fresh, path)
    return listener


def remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def encoded(value):
    import json  # here, since nobody has connected yet when the kernel starts

    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def decoded(payload):
    """An execute request, or None if it is none."""
    import json

    try:
        request = json.loads(payload)
    except (ValueError, RecursionError):  # the second from what is nested without end
        return None
    if not isinstance(request, dict) or not isinstance(request.get("code"), str):
        return None
    environment = request.setdefault("environment", {})
    texts = isinstance(environment, dict) and all(isinstance(value, str) for value in environment.values())
    return request if texts else None
