"""`sys.stdout` and `sys.stderr` of a cell."""

import io

from .output import Output
from .wire import STDERR, STDOUT

DESCRIPTORS = {STDOUT: 1, STDERR: 2}
NAMES = {STDOUT: "<stdout>", STDERR: "<stderr>"}


class ByteStream(io.RawIOBase):
    """`sys.stdout.buffer`: bytes go to the reader as they are."""

    def __init__(self, output: Output, kind: int):
        self._output = output
        self._kind = kind
        self.name = NAMES[kind]
        self.mode = "wb"

    def write(self, data) -> int:
        whole = bytes(memoryview(data))
        if whole:
            self._output.write(self._kind, whole)
        return len(whole)

    def fileno(self) -> int:
        return DESCRIPTORS[self._kind]

    def writable(self) -> bool:
        return True

    def close(self):
        """Nothing: the stream is the kernel's."""


class TextStream(io.TextIOBase):
    """Texts of one kind, passed to the output. It has no buffer of its own, and nothing closes it."""

    encoding = "utf-8"
    errors = "backslashreplace"
    line_buffering = True
    write_through = True

    def __init__(self, output: Output, kind: int):
        self._output = output
        self._kind = kind
        self.name = NAMES[kind]
        self.mode = "w"
        self.buffer = ByteStream(output, kind)

    def write(self, text: str) -> int:
        if type(text) is not str:
            text = _plain(text)
        if text:
            self._output.write(self._kind, text)
        return len(text)

    def fileno(self) -> int:
        return DESCRIPTORS[self._kind]

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def flush(self):
        """Returns once the reader has been sent what was written, or after a moment."""
        self._output.flush()

    def reconfigure(self, **options):
        """Nothing: texts leave as UTF-8, lines as they come."""

    def close(self):
        """Nothing: the stream is the kernel's."""


def _plain(text) -> str:
    """The characters of a subclass of str, without its methods. Raises TypeError, as files do, for what is no text."""
    if not isinstance(text, str):
        raise TypeError(f"write() argument must be str, not {type(text).__name__}")
    return "".join((text,))
