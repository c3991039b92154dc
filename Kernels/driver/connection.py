"""One connection of the server: one hello, one request, and what answers it."""

from . import frames

# Above this many unsent bytes nothing more is read for the connection: the reader sets the pace.
CONGESTION = 256 << 10


class Connection:
    """Owned by the kernel, which polls it. It ends when the last byte is sent, or when the other side goes."""

    def __init__(self, socket):
        socket.setblocking(False)
        self._socket = socket
        self._reader = frames.FrameReader(frames.REQUEST_LIMIT)
        self._unsent = bytearray()
        self._ends = False
        self.is_open = True

    def fileno(self):
        return self._socket.fileno()

    @property
    def has_unsent(self):
        return bool(self._unsent)

    @property
    def is_congested(self):
        return len(self._unsent) > CONGESTION

    def requests(self):
        """The frames that have come. Closes, giving none, if the other side has gone or speaks another language."""
        try:
            received = self._socket.recv(frames.OUTPUT_LIMIT)
            if received:
                return list(self._reader.frames(received))
        except BlockingIOError:
            return []
        except (OSError, frames.WireError):
            pass  # as if it had gone: nobody is left who could be told
        self.close()
        return []

    def send(self, kind, payload=b""):
        """Queues a frame and sends what the socket takes now."""
        if self.is_open:
            self._unsent += frames.frame(kind, payload)
            self.flush()

    def finish(self):
        """Closes once all is sent."""
        self._ends = True
        self.flush()

    def flush(self):
        try:
            while self._unsent:
                sent = self._socket.send(self._unsent)
                del self._unsent[:sent]
        except BlockingIOError:
            return
        except OSError:
            return self.close()
        if self._ends:
            self.close()

    def flush_within(self, seconds):
        """Sends the rest before the process ends, to a reader who takes it within `seconds`."""
        if not self.is_open:
            return
        self._socket.settimeout(seconds)
        try:
            self._socket.sendall(self._unsent)
        except OSError:
            pass  # gone or too slow: it will see the end of the connection
        self.close()

    def close(self):
        if self.is_open:
            self.is_open = False
            self._unsent.clear()
            self._socket.close()
