"""A `nestbox serve` of the benchmark's own: its own data, a free port, ended with all of its sandboxes."""

import contextlib
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from context import base_template, ours, scratch
from http1 import Connection
from measure import Failed

_READY_SECONDS, _END_SECONDS = 60, 60


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@dataclass
class Server:
    port: int
    key: str
    # The monitor, which starts the part that answers and the spawner.
    pid: int
    data: pathlib.Path

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def connection(self):
        connection = Connection("127.0.0.1", self.port)
        try:
            yield connection
        finally:
            connection.close()

    @property
    def family(self):
        """Pids of the server's parts, by program name; what runs in sandboxes is not among them."""
        return {pid: program_of(pid) for pid in pids() if _belongs(pid, self.pid, str(self.data))}

    @property
    def answering_pid(self):
        """The part that answers clients."""
        return next(pid for pid in self.family if _words(pid)[1:2] == ["__server"])

    @property
    def spawner_pid(self):
        return next((pid for pid, name in self.family.items() if name == "nestbox-spawner"), None)

    def create(self, connection, seconds=600, template="base"):
        """The id and the access token of a new sandbox."""
        body = json.dumps({"templateID": template, "timeout": seconds}).encode()
        answer = connection.request("POST", "/v2/sandboxes", self._headers, body, expect=(201,)).json()
        return answer["sandboxID"], answer.get("envdAccessToken", "")

    def kill(self, connection, sandbox_id):
        connection.request("DELETE", f"/sandboxes/{sandbox_id}", self._headers, expect=(204,))

    @property
    def _headers(self):
        return {"x-api-key": self.key, "content-type": "application/json"}


def envd_headers(sandbox_id, token, port=49983):
    return {"e2b-sandbox-id": sandbox_id, "e2b-sandbox-port": str(port), "x-access-token": token}


def run_code(connection, sandbox_id, token, code):
    """Runs a cell of Python; throws `Failed` unless it ends without an error."""
    headers = envd_headers(sandbox_id, token, port=49999) | {"content-type": "application/json"}
    body = connection.request("POST", "/execute", headers, json.dumps({"code": code}).encode()).body
    events = [json.loads(line) for line in body.splitlines()]
    errors = [event for event in events if event["type"] == "error"]
    if errors or not events or events[-1]["type"] != "end_of_execution":
        raise Failed(f"a cell did not end well: {(errors or events)[-1:]}")


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def program_of(pid):
    """The name of the program, or None for one that is gone or is of the kernel."""
    try:
        first = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        return os.path.basename(first.decode(errors="replace")) or None
    except OSError:  # ended meanwhile
        return None


def _words(pid):
    """The command line; empty for a process that is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:  # ended meanwhile
        return []


def _belongs(pid, monitor, data):
    words = _words(pid)
    is_part = words[1:2] == ["__server"] or bool(words) and os.path.basename(words[0]) == "nestbox-spawner"
    # By the name of the scratch directory, which no JSON writes otherwise.
    return pid == monitor or is_part and any(pathlib.Path(data).parent.name in word for word in words)


def _wait_until_ready(process, output):
    """Waits for the line with the URL on its standard output, which is a file: nobody need empty a pipe."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        seen = output.read_bytes()
        if b"http://" in seen and seen.endswith(b"\n"):
            return
        time.sleep(0.01)
    raise Failed(f"`nestbox serve` did not become ready; it said {output.read_bytes()[-300:]!r} (its log is above)")


def _key(data):
    """The API key, as `nestbox env` prints it for a shell."""
    argv = [ours("nestbox"), "env", "--data", str(data)]
    text = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    words = [word for word in shlex.split(text) if word.startswith("E2B_API_KEY=")]
    if not words:
        raise Failed(f"`nestbox env` printed no E2B_API_KEY: {text[:200]!r}")
    return words[0].partition("=")[2]


def _end(process, data):
    """Ends the server, then by pid whatever of it is still there, and says so: that would be a leak."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"benchmark: the server did not end within {_END_SECONDS} s and is killed", file=sys.stderr)
        process.kill()
        process.wait()
    for pid in [pid for pid in pids() if _belongs(pid, -1, str(data))]:
        print(f"benchmark: {program_of(pid)} {pid} outlived its server and is ended", file=sys.stderr)
        with contextlib.suppress(ProcessLookupError):  # it may end by itself at this moment
            os.kill(pid, signal.SIGTERM)


@contextlib.contextmanager
def own_server(context, prefix=(), templates=None):
    """Lends a `Server`. `prefix` stands before its command line, such as `taskset`; `templates` is a directory of other
    ones than the context's."""
    base_template(context)
    program = ours("nestbox")
    with scratch() as place:
        data, port = place / "data", free_port()
        argv = [*prefix, program, "serve", "--data", str(data), "--listen", f"127.0.0.1:{port}",
                "--templates", str(templates or context.templates), "--stop-sandboxes"]
        with open(place / "output", "wb") as output, open(place / "log", "wb") as log:
            process = subprocess.Popen(argv, stdout=output, stderr=log)
        try:
            _wait_until_ready(process, place / "output")
            yield Server(port, _key(data), process.pid, data)
        except Exception:
            sys.stderr.write((place / "log").read_text(errors="replace")[-3000:])
            raise
        finally:
            _end(process, data)
