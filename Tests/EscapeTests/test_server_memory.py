"""What one sandbox's interpreter can make the server hold, by every way that there is: its memory is looked at."""

import contextlib
import json
import socket

import pytest

from nestbox_support.interpreter import INTERPRETER_PORT, assert_well
from nestbox_support.server import CLIENT_VARIABLES, Server
from nestbox_support.waiting import eventually

MEBIBYTE = 1 << 20
# What a sandbox may make the server hold, and what it takes besides while a frame or a body is decoded, on each of its
# threads, which the allocator keeps.
ALLOWED = (128 + 192) * MEBIBYTE
# Of 15 or 31 MiB each, results several times over on their way: more than is allowed.
ATTEMPTS = {"frames": 14, "results": 10, "code": 40}
LONG = "x" * 15 * MEBIBYTE
PATIENCE = 60

# The first 31 of a result's 32 MiB, on the connection of the very execution that does so, and then nothing.
HALF_A_FRAME = f"""
import os, pathlib, socket, struct, time
for descriptor in range(3, 4200):
    try:
        peer = socket.socket(fileno=os.dup(descriptor))
        peer.getpeername()
    except OSError:
        continue
    if not peer.getsockname():
        continue  # asyncio's own
    peer.setblocking(True)
    peer.sendall(struct.pack("<IB", 32 * {MEBIBYTE}, 0x84))
    for _ in range(31):
        peer.sendall(b"x" * {MEBIBYTE})
pathlib.Path(f"/tmp/sent-{{os.getpid()}}").touch()
time.sleep(1000)
"""


@pytest.fixture
def server():
    """One for each test: an allocator that has kept something would hide the next's growth."""
    server = Server()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture
def plain_environment(server, monkeypatch):
    for name in CLIENT_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment("plain").items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def grown(server):
    """How much the server has grown since the test began, in bytes."""
    before = server.resident
    return lambda: server.resident - before


def bare(server, sandbox, body, length=None):
    """A connection on which code was sent, or the beginning of it, and from which nothing is read."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE)
    connection.connect((host, int(port)))
    head = f"POST /execute HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
    head += f"content-length: {length or len(body)}\r\ne2b-sandbox-id: {sandbox.sandbox_id}\r\n"
    head += f"e2b-sandbox-port: {INTERPRETER_PORT}\r\nx-access-token: {sandbox._envd_access_token}\r\n\r\n"
    # One that was refused already takes no more.
    with contextlib.suppress(ConnectionError):
        connection.sendall(head.encode() + body)
    return connection


def test_frames_that_never_come_whole(new_interpreter, kernels, grown):
    sandbox = new_interpreter()
    wire = kernels(sandbox)
    wire.timeout = PATIENCE
    with contextlib.ExitStack() as running:
        for _ in range(ATTEMPTS["frames"]):
            context = sandbox.create_code_context()
            running.enter_context(wire.running(HALF_A_FRAME, context_id=context.id))
        sent = lambda: int(sandbox.commands.run("ls /tmp | grep -c ^sent-; true").stdout)
        eventually(lambda: sent() == ATTEMPTS["frames"], "that all have sent what they would", PATIENCE)
        assert grown() < ALLOWED
        assert_well(sandbox)
    assert_well(sandbox)


def test_results_that_nobody_reads(new_interpreter, server, grown):
    sandbox = new_interpreter()
    body = json.dumps({"code": "'x' * 30_000_000"}).encode()
    with contextlib.ExitStack() as open_connections:
        for _ in range(ATTEMPTS["results"]):
            open_connections.enter_context(bare(server, sandbox, body))
            # Runs behind it, so that it has run.
            assert_well(sandbox)
        assert grown() < ALLOWED
    eventually(lambda: len(sandbox.run_code("'x' * 30_000_000").text or "") == 30_000_000, "room again", PATIENCE)


def test_code_that_never_comes_whole(new_interpreter, server, grown):
    sandbox = new_interpreter()
    part = b'{"code": "1  #' + LONG.encode()
    with contextlib.ExitStack() as open_connections:
        for _ in range(ATTEMPTS["code"]):
            open_connections.enter_context(bare(server, sandbox, part, length=16 * MEBIBYTE))
        assert grown() < ALLOWED
        refused = bare(server, sandbox, part, length=16 * MEBIBYTE)
        open_connections.enter_context(refused)
        assert refused.recv(15) == b"HTTP/1.1 429 To"
    eventually(lambda: sandbox.run_code("1  #" + LONG).text == "1", "room again", PATIENCE)


def test_code_that_waits(new_interpreter, server, kernels, grown):
    sandbox = new_interpreter()
    wire = kernels(sandbox)
    wire.timeout = PATIENCE
    body = json.dumps({"code": "1  #" + LONG}).encode()
    with wire.running("import time; time.sleep(1000)"), contextlib.ExitStack() as open_connections:
        answers = [open_connections.enter_context(bare(server, sandbox, body)) for _ in range(ATTEMPTS["code"])]
        assert answers[-1].recv(15) == b"HTTP/1.1 429 To"
        assert grown() < ALLOWED
        assert_well(sandbox, sandbox.create_code_context())
    assert_well(sandbox)
