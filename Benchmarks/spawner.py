"""A `nestbox-spawner` of the benchmark's own, spoken to as the server does."""

import contextlib
import itertools
import os
import socket
import time

import wire
from context import need_root, ours, running
from measure import Failed

_PATIENCE = 60.0  # seconds for any one answer; a zygote imports much before it is warm
_USER = 65534  # whose connections the spawner takes: the user a server would run as


class Spawner:
    """One connection to the spawner, and the directory where its guests listen."""

    def __init__(self, connection, directory, pid):
        self._connection, self._directory, self.pid = connection, directory, pid
        self._numbers = itertools.count(1)
        self._ask(wire.hello(next(self._numbers)), "welcome")

    def _receive(self):
        datagram = self._connection.recv(wire.DATAGRAM_BYTES)
        if not datagram:
            raise Failed("the spawner closed the connection")
        return wire.answer(datagram)

    def _ask(self, datagram, kind):
        """Sends, and takes the answer of `kind`; what the spawner says unasked meanwhile is passed over."""
        self._connection.send(datagram)
        while True:
            answer = self._receive()
            if answer.kind == "failed":
                code, step, error_number, message = answer.fields
                raise Failed(f"the spawner says: {step}: {message} (code {code}, errno {error_number})")
            if answer.kind == kind:
                return answer

    def create(self, sandbox):
        """Returns when the guest has answered a ping on a connection of its own."""
        self._ask(wire.create(next(self._numbers), sandbox), "created")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as guest:
            guest.settimeout(_PATIENCE)
            guest.connect(str(self._directory / f"{sandbox.sandbox_id}.sock"))
            guest.send(wire.PING)
            kind, payload = wire.read_frame(guest)
        if kind != wire.OK:
            raise Failed(f"the guest answered a ping with kind {kind:#x}: {payload[:80]!r}")

    def start_zygote(self, zygote):
        """Returns when it is warm."""
        self._ask(wire.start_zygote(next(self._numbers), zygote), "done")

    def end_zygote(self, family):
        """Returns when it is gone."""
        self._ask(wire.end_zygote(next(self._numbers), family), "done")

    def land(self, sandbox_id, payload):
        """Returns the number of the new process in the sandbox."""
        return self._ask(wire.land(next(self._numbers), sandbox_id, payload), "landed").fields[0]

    def destroy(self, sandbox_id):
        """Returns when the spawner has said that all of the sandbox is gone."""
        self._connection.send(wire.destroy(next(self._numbers), sandbox_id))
        while True:
            answer = self._receive()
            if answer.kind == "failed":
                raise Failed(f"the spawner says: {answer.fields[1]}: {answer.fields[3]}")
            if answer.kind == "ended" and answer.fields[0] == sandbox_id:
                return


def _connect(path, process):
    """Connects as the server's user as soon as the spawner listens."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.settimeout(_PATIENCE)
        os.seteuid(_USER)
        try:
            connection.connect(str(path))
            return connection
        except OSError:  # not bound yet; the loop's end says if it never is
            connection.close()
        finally:
            os.seteuid(0)
        time.sleep(0.01)
    raise Failed(f"nestbox-spawner does not listen on {path}; its exit code is {process.poll()}")


@contextlib.contextmanager
def own_spawner(place, layers):
    """Lends a `Spawner` that keeps its things under `place`; it ends with all of its sandboxes."""
    need_root("nestbox-spawner")
    directory, data = place / "sockets", place / "data"
    for path in [directory, data]:
        path.mkdir(mode=0o755)
        os.chown(path, _USER, _USER)
    argv = [
        ours("nestbox-spawner"), "--socket-dir", str(directory), "--socket", "spawner.sock", "--data", str(data),
        "--layers", str(layers), "--guest", ours("nestbox-guest"), "--uid", str(_USER), "--gid", str(_USER),
        "--instance", f"bench{os.getpid()}",
    ]
    with running(argv) as process:
        with contextlib.closing(_connect(directory / "spawner.sock", process)) as connection:
            yield Spawner(connection, directory, process.pid)
