"""The pipes between a driver and its runner."""

import array
import fcntl
import os
import termios

# The driver's descriptors are above this, so that the runner's low ones can be made in any order.
LOWEST = 64


def raised(descriptor):
    """The same file under a number that is out of the way, closed by exec."""
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, LOWEST)
    finally:
        os.close(descriptor)


def pipe():
    """A pipe's reading and writing end."""
    reading, writing = os.pipe()
    return raised(reading), raised(writing)


def waiting(descriptor):
    """How many bytes lie in a pipe now."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


class OutputPipe:
    """What the interpreter and its children have as standard output or error. The driver holds both ends for good: the
    pipe never ends, whoever closes it, and can be opened again by its path.
    """

    def __init__(self, kind):
        self.kind = kind
        self.reading, self.writing = pipe()

    @property
    def path(self):
        """Opens the writing end anew, for processes of the same user."""
        return f"/proc/{os.getpid()}/fd/{self.writing}"

    def read(self, most):
        return os.read(self.reading, most)

    def waiting(self):
        return waiting(self.reading)


class Page:
    """A file in memory by which the driver hands a runner something of any length, without waiting for it to read."""

    def __init__(self):
        self._descriptor = raised(os.memfd_create("nestbox-cell"))

    @property
    def path(self):
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def write(self, content):
        os.ftruncate(self._descriptor, 0)
        written = 0
        while written < len(content):
            written += os.pwrite(self._descriptor, content[written:], written)
