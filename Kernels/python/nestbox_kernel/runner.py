"""The main thread: runs one cell after another inside an asyncio loop that goes on between them."""

import asyncio
import ctypes
import os
import sys

from IPython.core.async_helpers import _should_be_async

from .answers import Answers
from .descriptors import StandardPipes
from .interrupts import Interrupts
from .loop import BROKEN, KernelLoop
from .output import Output
from .shell import KernelShell
from .streams import TextStream
from .wire import STDERR, STDOUT, Execute

# How often in a row the loop may fail before the kernel gives up: its own descriptors must be gone.
FAILURES = 100
LINE_BUFFERED = 1


class Runner:
    """Runs what it is handed. Every cell ends with an `end` in the output, whatever happens in it.

    It can be made before the process that it is for: it has no descriptors until it is opened.
    """

    def __init__(self, shell: KernelShell, output: Output, answers: Answers):
        self._shell = shell
        self._output = output
        self._answers = answers
        self.interrupts = Interrupts()
        self._streams = TextStream(output, STDOUT), TextStream(output, STDERR)
        self._stdin = open(0, encoding="utf-8", closefd=False)  # where the pipes will have put /dev/null
        self._before: dict[str, str | None] = {}
        self._library = ctypes.CDLL(None)
        self._let_lines_out()
        self._loop = KernelLoop()
        asyncio.set_event_loop(self._loop)
        shell.was_interrupted = lambda: self.interrupts.was_interrupted

    def open(self):
        """Takes the standard streams of this process. From now on it can run."""
        self.pipes = StandardPipes()
        self._pid = os.getpid()
        self._loop.open()
        asyncio.set_event_loop(self._loop)  # again: from Python 3.12 on a fork forgets it
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = self._stdin, *self._streams
        self._restore()

    def run(self):
        """Runs cells for ever. The process ends if the loop itself is broken beyond repair."""
        for _ in range(FAILURES):
            try:
                while True:
                    self._loop.run_forever()  # user code may stop it
            except BaseException as error:  # a signal handler's exception, or one of a background task
                self._leave_child()
                sys.stderr.write(f"[nestbox: between two cells: {error!r}]\n")
        os._exit(BROKEN)

    def hand_over(self, request: Execute):
        """From any thread: has the main thread run `request` next."""
        self._loop.call_soon_threadsafe(self._begin, request)

    def _begin(self, request: Execute):
        self._restore()
        self._set_environment(request.environment)
        self._answers.begin(self._shell.execution_count)
        try:
            self.interrupts.begin()
            transformed, failure = self._shell.transformed(request.code)
            cell = self._shell.cell(request.code, transformed, failure)
            if failure is None and _should_be_async(transformed):
                task = self._loop.create_task(cell)
                self.interrupts.begin(task)
                task.add_done_callback(self._finish_task)
                return
            _drive(cell)
        except BaseException as error:
            self.interrupts.end()
            self._finish(error)
        else:
            self.interrupts.end()
            self._finish(None)

    def _finish_task(self, task: asyncio.Task):
        self.interrupts.end()
        if task.cancelled():
            self._finish(KeyboardInterrupt() if self.interrupts.was_interrupted else asyncio.CancelledError())
        else:
            self._finish(task.exception())

    def _finish(self, error: BaseException | None):
        """Ends an execution; `error` is what came through all of IPython's own nets."""
        if error is not None and not self._answers.has_failed:
            self._shell.tell(error)
        self._leave_child()
        self._restore_environment()
        self._library.fflush(None)
        self._output.drain_pipes()
        self._answers.end()

    def _restore(self):
        """Undoes what the cell before may have done to what all cells share."""
        self.pipes.restore()
        self.interrupts.claim()
        sys.stdin = self._stdin
        sys.stdout, sys.stderr = self._streams

    def _set_environment(self, variables: dict[str, str]):
        self._before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)

    def _restore_environment(self):
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _let_lines_out(self):
        """C's `stdout` passes each line on at once, as on a terminal, so that it keeps its place in the output."""
        stdout = ctypes.c_void_p.in_dll(self._library, "stdout")
        self._library.setvbuf(stdout, None, LINE_BUFFERED, 0)

    def _leave_child(self):
        """Ends a process that a cell has forked and that came to the cell's end: the context is its parent's."""
        if os.getpid() != self._pid:
            os._exit(1 if self._answers.has_failed else 0)


def _drive(coroutine):
    """Runs a coroutine that awaits nothing."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("the cell waits for something although nothing in it is awaited")
