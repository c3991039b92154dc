"""SIGINT: ends the cell that runs, and nothing when none does."""

import asyncio
import signal
import time

# Two signals within so many seconds are one wish: the server and the service both send one.
ONE_WISH = 0.5


class Interrupts:
    """Decides what a SIGINT does. All of it happens in the main thread, between two steps of whatever runs there."""

    def __init__(self):
        self._is_open = False
        self._task: asyncio.Task | None = None
        self._last = 0.0
        self.was_interrupted = False

    def begin(self, task: asyncio.Task | None = None):
        """From now on a cell may be interrupted; `task` is it if it is asynchronous."""
        self.was_interrupted = False
        self._task = task
        self._last = 0.0
        self._is_open = True

    def end(self):
        self._is_open = False
        self._task = None

    def claim(self):
        """Makes SIGINT the kernel's again, whatever code has done to it."""
        signal.signal(signal.SIGINT, self._arrived)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def release(self):
        """In a forked child: SIGINT does what it does in any Python program."""
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def _arrived(self, number, frame):
        now = time.monotonic()
        if not self._is_open or now - self._last < ONE_WISH:
            return
        is_first, self._last, self.was_interrupted = self._last == 0.0, now, True
        if self._task is not None and is_first and asyncio.current_task(self._task.get_loop()) is not self._task:
            # The cell awaits something. If that does not end it, the next signal strikes whatever runs.
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)
            return
        raise KeyboardInterrupt
