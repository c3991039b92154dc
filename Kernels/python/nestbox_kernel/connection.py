"""One connection: a request in, frames out."""

import socket

from .descriptors import raised
from .wire import MAXIMUM_STREAM_BYTES, Execute, FrameReader, Inspect, header

RECEIVE_BYTES = 256 << 10
# While so much waits to be sent, nothing more is taken from the output.
FULL = 1 << 20


class Connection:
    """A peer, never waited for: what it does not take at once is kept."""

    def __init__(self, accepted: socket.socket):
        self._socket = socket.socket(fileno=raised(accepted.detach()))
        self._socket.setblocking(False)
        self._reader = FrameReader()
        self._unsent = bytearray()
        self.is_closed = False

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def is_full(self) -> bool:
        return len(self._unsent) >= FULL

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def receive(self) -> Execute | Inspect | None:
        """The request once it is whole, None before; `is_closed` if it can not come any more.

        Raises WireError for what is no request.
        """
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self.is_closed = True
            return None
        return self._reader.feed(data)

    def say(self, kind: int, payload: bytes):
        """Queues a document of one frame."""
        self._unsent += header(kind, len(payload))
        self._unsent += payload

    def say_stream(self, kind: int, data: bytes):
        """Queues bytes of a stream, in as many frames as they need."""
        rest = memoryview(data)
        while rest:
            piece, rest = rest[:MAXIMUM_STREAM_BYTES], rest[MAXIMUM_STREAM_BYTES:]
            self.say(kind, piece)

    def send(self):
        """Sends what the peer takes now. A peer that is gone takes everything."""
        try:
            while self._unsent:
                with memoryview(self._unsent) as view:
                    sent = self._socket.send(view)
                del self._unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.is_closed = True
            self._unsent.clear()

    def close(self):
        self.is_closed = True
        self._socket.close()
