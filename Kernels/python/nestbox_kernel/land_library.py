"""`libnestbox-land.so`: how a zygote is asked, and how a fork of it moves into a sandbox."""

import ctypes
import os

# Where the spawner asks.
SPAWNER = 3
PATH = "/usr/lib/nestbox/libnestbox-land.so"

PAYLOAD_BYTES = 32 << 10


class Stretch(ctypes.Structure):
    """`struct nb_stretch`."""

    _fields_ = [("start", ctypes.c_size_t), ("bytes", ctypes.c_size_t)]


class LandLibrary:
    """The library's functions, called with the interpreter's lock held: there is one thread, and it waits."""

    def __init__(self, socket: int, path: str = PATH):
        """Raises OSError if there is no such library."""
        library = ctypes.PyDLL(path, use_errno=True)
        self._socket = socket
        self._ready = library.nb_zygote_ready
        self._serve = library.nb_zygote_serve
        self._serve.argtypes = [
            ctypes.c_int,
            ctypes.POINTER(Stretch),
            ctypes.c_size_t,
            ctypes.c_char_p,
            ctypes.c_size_t,
        ]
        self._serve.restype = ctypes.c_size_t

    def serve(self, stretches: list[tuple[int, int]]) -> bytes:
        """Says that the process is warm, and forks into sandboxes from then on. Returns in each, with the order's
        payload; the process itself ends with the spawner.

        What lands has pages of its own in the `stretches`, `(start, bytes)`, from the start. Raises OSError if the
        spawner can not be told.
        """
        payload = ctypes.create_string_buffer(PAYLOAD_BYTES)
        copied = (Stretch * len(stretches))(*stretches)
        if self._ready(self._socket) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        ctypes.pythonapi.PyOS_BeforeFork()
        length = self._serve(self._socket, copied, len(copied), payload, PAYLOAD_BYTES)
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return payload.raw[:length]
