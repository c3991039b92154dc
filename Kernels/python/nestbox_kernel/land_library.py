"""`libnestbox-land.so`: how a zygote is asked, and how a fork of it comes down in a sandbox."""

import ctypes
import os

# Where the spawner asks.
SPAWNER = 3
PATH = "/usr/lib/nestbox/libnestbox-land.so"

NAMESPACES = 7
CGROUPS = 8
STEP_BYTES = 64
PAYLOAD_BYTES = 32 << 10


class Landing(ctypes.Structure):
    """`struct nb_landing`: the sandbox to land in."""

    _fields_ = [("namespaces", ctypes.c_int * NAMESPACES), ("cgroups", ctypes.c_int * CGROUPS), ("count", ctypes.c_int)]


class LandFailure(ctypes.Structure):
    """`struct nb_land_failure`: the step that was refused, and its errno."""

    _fields_ = [("error_number", ctypes.c_int32), ("step", ctypes.c_char * STEP_BYTES)]


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
        self._receive = library.nb_zygote_receive
        self._receive.argtypes = [ctypes.c_int, ctypes.POINTER(Landing), ctypes.c_char_p, ctypes.c_size_t]
        self._receive.restype = ctypes.c_ssize_t
        self._land = library.nb_land
        self._land.argtypes = [ctypes.POINTER(Landing), ctypes.POINTER(LandFailure)]
        self._landed = library.nb_zygote_landed
        self._landed.argtypes = [
            ctypes.c_int,
            ctypes.POINTER(Landing),
            ctypes.c_int,
            ctypes.POINTER(LandFailure),
        ]
        self._copy_pages = library.nb_copy_pages
        self._copy_pages.argtypes = [ctypes.POINTER(Stretch), ctypes.c_size_t]
        self._copy_pages.restype = None
        self._stretches = (Stretch * 0)()
        self._landing = Landing()
        self._payload = ctypes.create_string_buffer(PAYLOAD_BYTES)
        self._length = 0

    def expect_writes(self, stretches: list[tuple[int, int]]):
        """From now on what lands has pages of its own there, `(start, bytes)`, from the start."""
        self._stretches = (Stretch * len(stretches))(*stretches)

    def say_ready(self):
        self._check(self._ready(self._socket))

    def receive(self) -> bool:
        """Waits for the next order. False when there will be no more: the zygote is to end."""
        self._length = self._receive(self._socket, self._landing, self._payload, PAYLOAD_BYTES)
        return self._length >= 0

    def land(self) -> bytes | None:
        """Forks into the sandbox of the last order, and tells the spawner what became of it.

        The order's payload in the landed process. None in this one, which never looks at a payload and forgets it at
        once: what is in the environment of one sandbox must not be in the memory of the next. Raises OSError if the
        spawner can not be told.
        """
        failure = LandFailure()
        interpreter = ctypes.pythonapi
        interpreter.PyOS_BeforeFork()
        pid = self._land(self._landing, failure)
        if pid == 0:
            self._copy_pages(self._stretches, len(self._stretches))
            interpreter.PyOS_AfterFork_Child()
            return self._payload.raw[: self._length]
        ctypes.memset(self._payload, 0, PAYLOAD_BYTES)
        interpreter.PyOS_AfterFork_Parent()
        self._check(self._landed(self._socket, self._landing, pid, failure))
        return None

    @staticmethod
    def _check(result: int):
        if result != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
