"""The server's end of the kernel wire, by hand, and programs to speak it with."""

import ast
import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
KERNELS = ROOT / "Kernels" / "python"
STAND_IN = ROOT / "Tests" / "KernelTests" / "python" / "land_standin.c"
HEADER = struct.Struct("<IB")
EXECUTE, INSPECT = 0x01, 0x02
HELLO, COUNT, STDOUT, STDERR, RESULT, ERROR, END = 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x8F
DOCUMENTS = (HELLO, COUNT, RESULT, ERROR)
# Seconds for anything that a kernel is asked for.
PATIENCE = 60


class Run:
    """The frames of one execution, once it has ended."""

    def __init__(self, frames):
        self.frames = frames
        self.hello = frames[0][1]

    def of(self, kind):
        return [payload for one, payload in self.frames if one == kind]

    @property
    def stdout(self):
        return b"".join(self.of(STDOUT)).decode()

    @property
    def stderr(self):
        return b"".join(self.of(STDERR)).decode()

    @property
    def streams(self):
        """Adjacent frames of one stream put together, in order."""
        joined = []
        for kind, payload in self.frames:
            if kind in (STDOUT, STDERR):
                if joined and joined[-1][0] == kind:
                    joined[-1] = (kind, joined[-1][1] + payload)
                else:
                    joined.append((kind, payload))
        return joined

    @property
    def results(self):
        return self.of(RESULT)

    @property
    def main(self):
        """The forms of the main result."""
        return next(result["data"] for result in self.results if result["main"])

    @property
    def error(self):
        return next(iter(self.of(ERROR)), None)

    @property
    def count(self):
        return self.of(COUNT)[0]["execution_count"]

    @property
    def has_ended(self):
        return self.frames[-1][0] == END


class Peer:
    """One connection to a kernel. It hears hello first."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.settimeout(PATIENCE)
        self._file = self.socket.makefile("rb")

    def send(self, kind, payload=b""):
        self.socket.sendall(HEADER.pack(len(payload), kind) + payload)

    def execute(self, code, environment=None):
        self.send(EXECUTE, json.dumps({"code": code, "environment": environment or {}}).encode())

    def frame(self):
        """The next frame, or None at the end."""
        head = self._file.read(HEADER.size)
        if len(head) < HEADER.size:
            return None
        length, kind = HEADER.unpack(head)
        payload = self._file.read(length)
        return kind, json.loads(payload, parse_constant=refuse_constant) if kind in DOCUMENTS else payload

    def frames(self):
        """All that comes until the kernel closes the connection."""
        return list(iter(self.frame, None))

    def wait_for(self, kind, text=b""):
        """Reads until a frame of `kind` that holds `text` has come."""
        for got, payload in iter(self.frame, None):
            if got == kind and (not text or text in payload):
                return payload
        raise AssertionError("the kernel has closed the connection")

    def go_on(self):
        """Makes a peer whose wait has timed out between two frames able to read again."""
        self._file = self.socket.makefile("rb")

    def close(self):
        self._file.close()
        self.socket.close()


def refuse_constant(name):
    raise AssertionError(f"{name} is not JSON")


class Kernel:
    """A running kernel, by its socket."""

    def __init__(self, path, pid=None):
        self.path = path
        self.pid = pid

    def peer(self):
        return Peer(self.path)

    def run(self, code, environment=None):
        peer = self.peer()
        try:
            peer.execute(code, environment)
            return Run(peer.frames())
        finally:
            peer.close()

    def hello(self):
        peer = self.peer()
        try:
            peer.send(INSPECT)
            [(kind, hello)] = peer.frames()
            assert kind == HELLO
            return hello
        finally:
            peer.close()

    def value(self, expression):
        """The value of an expression that is a literal."""
        run = self.run(expression)
        assert run.error is None, run.error["traceback"]
        return ast.literal_eval(run.main["text/plain"])


def python():
    """The interpreter that runs kernels: NESTBOX_KERNEL_PYTHON, or this one."""
    return os.environ.get("NESTBOX_KERNEL_PYTHON", sys.executable)


def lacks(*modules):
    """The modules that the kernels' interpreter can not import."""
    code = "import importlib.util, sys; print(*(m for m in sys.argv[1:] if not importlib.util.find_spec(m)))"
    return subprocess.run([python(), "-c", code, *modules], capture_output=True, text=True, check=True).stdout.split()


def eventually(condition, seconds=PATIENCE):
    """The first true value of `condition`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.002)
    return value


@contextlib.contextmanager
def cold_kernel(directory, cwd=None, environment=None):
    """Lends a kernel started from nothing in a session of its own."""
    path = Path(directory) / "kernels" / "context.sock"
    command = [python(), str(KERNELS / "kernel"), "--socket", str(path), "--context", "ctx", "--language", "python"]
    variables = os.environ | {"HOME": str(directory), "MPLCONFIGDIR": str(directory)} | (environment or {})
    process = subprocess.Popen(
        command, cwd=cwd or directory, env=variables, start_new_session=True, stdin=subprocess.DEVNULL
    )
    try:
        eventually(lambda: path.exists() or process.poll() is not None)
        assert process.poll() is None
        kernel = Kernel(path, process.pid)
        kernel.process = process
        yield kernel
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Zygote:
    """A warm process and the spawner's end of its conversation."""

    def __init__(self, socket, process, directory):
        self.socket = socket
        self.process = process
        self.directory = Path(directory)
        self._landed = []

    def order(self, payload):
        """Sends a landing; the kind of the answer and its rest."""
        self.socket.send(b"\1" + (payload if isinstance(payload, bytes) else json.dumps(payload).encode()))
        answer = self.socket.recv(4096)
        return answer[0], answer[1:]

    def payload(self, context, environment=None):
        return {
            "socket": str(self.directory / f"{context}.sock"),
            "context": context,
            "language": "python",
            "cwd": str(self.directory),
            "environment": {"HOME": str(self.directory), "PATH": os.environ["PATH"]} | (environment or {}),
        }

    def land(self, context, environment=None):
        payload = self.payload(context, environment)
        kind, rest = self.order(payload)
        assert kind == 2, rest
        pid = int.from_bytes(rest, "little")
        self._landed.append(pid)
        path = Path(payload["socket"])
        eventually(path.exists)
        return Kernel(path, pid)

    def end(self):
        self.socket.close()
        for pid in self._landed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def warm_zygote(directory, *arguments):
    """Lends a zygote that has said that it is ready. Its landings are forks that go nowhere."""
    library = Path(directory) / "libnestbox-land.so"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(STAND_IN)], check=True)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(PATIENCE)
    launch = f'exec 3<&{theirs.fileno()} {theirs.fileno()}<&- && exec "$0" "$@"'
    command = ["bash", "-c", launch, python(), str(KERNELS / "zygote"), "--library", str(library), *arguments]
    variables = os.environ | {"HOME": str(directory), "MPLCONFIGDIR": str(directory)}
    with theirs:
        process = subprocess.Popen(command, env=variables, pass_fds=[theirs.fileno()], start_new_session=True)
    zygote = Zygote(ours, process, directory)
    try:
        assert ours.recv(16) == b"\1", "the zygote has not become ready"
        yield zygote
    finally:
        zygote.end()
