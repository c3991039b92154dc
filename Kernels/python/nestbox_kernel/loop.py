"""The event loop in which cells run."""

import asyncio
import selectors


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


class _NoSelector:
    """What a loop without descriptors waits with: nothing."""
