"""What is printed while no cell runs."""

from collections import deque

from .wire import STDERR

# So much is kept of what background threads and processes print between two executions.
KEPT_BYTES = 64 << 10


class Backlog:
    """Kept for the next execution, the newest of it; the notice tells how much more there was."""

    def __init__(self):
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._dropped = 0

    def add(self, kind: int, data: bytes):
        self._pieces.append((kind, data))
        self._size += len(data)
        while self._size - len(self._pieces[0][1]) >= KEPT_BYTES:
            _, oldest = self._pieces.popleft()
            self._size -= len(oldest)
            self._dropped += len(oldest)

    def take(self) -> list[tuple[int, bytes]]:
        """All that is kept, behind a notice if something was dropped; nothing is kept after that."""
        notice = f"[nestbox: {self._dropped} bytes that were printed between two runs are not shown]\n"
        kept = ([(STDERR, notice.encode())] if self._dropped else []) + list(self._pieces)
        self.__init__()
        return kept
