"""A kernel started by hand, and its wire spoken by hand."""

import json
import os
import signal
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

KERNELS = Path(__file__).parents[2] / "Kernels"

EXECUTE, INSPECT = 0x01, 0x02
HELLO, COUNT, STDOUT, STDERR, RESULT, ERROR, END = 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x8F
# No kernel takes longer for anything that these tests ask of it.
PATIENCE_SECONDS = 30


def frame(kind, payload=b""):
    return struct.pack("<IB", len(payload), kind) + payload


def execute_frame(code, environment=None):
    return frame(EXECUTE, json.dumps({"code": code, "environment": environment or {}}).encode())


@dataclass
class Execution:
    """What one connection heard, in order, and the same sorted."""

    frames: list = field(default_factory=list)

    def payloads(self, kind):
        return [payload for heard, payload in self.frames if heard == kind]

    @property
    def stdout(self):
        return b"".join(self.payloads(STDOUT))

    @property
    def stderr(self):
        return b"".join(self.payloads(STDERR))

    @property
    def results(self):
        return [json.loads(payload) for payload in self.payloads(RESULT)]

    @property
    def text(self):
        """The main result as plain text."""
        texts = [result["data"]["text/plain"] for result in self.results if result["main"]]
        return texts[0] if texts else None

    @property
    def errors(self):
        return [json.loads(payload) for payload in self.payloads(ERROR)]

    @property
    def error(self):
        return self.errors[0] if self.errors else None

    @property
    def count(self):
        return json.loads(self.payloads(COUNT)[0])["execution_count"]

    @property
    def ended(self):
        return bool(self.frames) and self.frames[-1][0] == END


class Connection:
    """One connection to a kernel; closes itself at the end of a `with`."""

    def __init__(self, path, patience=PATIENCE_SECONDS):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(patience)
        self.socket.connect(str(path))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, content):
        self.socket.sendall(content)

    def next(self):
        """The next frame as (kind, payload), or None at the end of the connection."""
        header = self._exactly(5)
        if header is None:
            return None
        length, kind = struct.unpack("<IB", header)
        return kind, self._exactly(length)

    def until(self, kind):
        """The frames up to the first of that kind."""
        heard = []
        while not heard or heard[-1][0] != kind:
            following = self.next()
            assert following, f"the connection ended after {heard[-3:]}"
            heard.append(following)
        return heard

    def rest(self):
        """All frames to the end of the connection."""
        heard = []
        while following := self.next():
            heard.append(following)
        return heard

    def _exactly(self, size):
        content = bytearray()
        while len(content) < size:
            received = self.socket.recv(min(size - len(content), 1 << 20))
            if not received:
                assert not content, "the connection ended within a frame"
                return None
            content += received
        return bytes(content)


class Kernel:
    """A kernel process of `language` in `directory`, which is its working directory too."""

    def __init__(self, command, directory, language, environment=None, context="context-1"):
        self.path = Path(directory) / f"{context}.sock"
        self.directory = Path(directory)
        self.context = context
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*command, "--socket", self.path, "--context", context, "--language", language],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def connect(self, patience=PATIENCE_SECONDS):
        """A new connection, as soon as the kernel listens."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.path.exists():
            assert self.process.poll() is None, self.process.stderr.read().decode()
            assert time.monotonic() < deadline, "the kernel does not listen"
            time.sleep(0.002)
        return Connection(self.path, patience)

    def hello(self):
        with self.connect() as connection:
            connection.send(frame(INSPECT))
            (kind, payload), *more = connection.rest()
        assert kind == HELLO and not more
        return json.loads(payload)

    def run(self, code, environment=None):
        """Runs a cell to its end. Fails if the kernel ends before."""
        execution = self.run_to_death(code, environment)
        assert execution.ended, f"no end after {execution.frames[-3:]}"
        return execution

    def run_to_death(self, code, environment=None):
        """Runs a cell to its end, or to the kernel's."""
        with self.connect() as connection:
            connection.send(execute_frame(code, environment))
            heard = connection.rest()
        assert heard[0][0] == HELLO
        return Execution(heard[1:])

    def begin(self, code, environment=None):
        """A connection on which a cell has begun."""
        connection = self.connect()
        connection.send(execute_frame(code, environment))
        connection.until(COUNT)
        return connection

    def interrupt(self):
        """As the server does it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait_until_idle(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.hello()["idle"]:
            assert time.monotonic() < deadline, "the kernel does not become idle"
            time.sleep(0.01)

    def end(self):
        """Ends the process and what it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended by itself
        self.process.wait()
        self.process.stderr.close()
