"""The event loop in which cells run."""

import asyncio
import os
import selectors

# What a kernel ends with whose own descriptors are gone: one of its threads can not go on.
BROKEN = 70


class KernelLoop(asyncio.SelectorEventLoop):
    """A loop that can be made before the process that it is for: it has no descriptors until it is opened."""

    def __init__(self):
        self._is_open = False
        super().__init__(_NoSelector())

    def open(self):
        """From now on it can run."""
        self._is_open = True
        self._selector = selectors.DefaultSelector()
        self._make_self_pipe()

    def _make_self_pipe(self):
        if self._is_open:
            super()._make_self_pipe()

    def _write_to_self(self):
        """Wakes the loop. asyncio's own says nothing when it can not, and a cell would wait for ever to be begun."""
        waking = self._csock
        if waking is None:
            return
        try:
            waking.send(b"\0")
        except BlockingIOError:
            pass  # it has been woken often enough
        except OSError:
            os._exit(BROKEN)  # user code has closed or shut it; a kernel that ends is started afresh


class _NoSelector:
    """What a loop without descriptors waits with: nothing."""
