"""What was used is given back: counts of everything before and after."""

import socket
import struct
import threading

import e2b
import pytest

from nestbox_support import host
from nestbox_support.waiting import eventually

CYCLES = 60
# The most writable layers that are kept ready; how many there are depends on how requests have fallen so far.
READY = 32
# The database keeps a log file for a while, and a connection may be open for keeping alive.
SLACK = {
    "files": 4, "descriptors of the server": 8, "descriptors of the spawner": 2 + READY, "loop devices": READY,
}


def assert_same(before, after):
    for what, count in before.items():
        assert after[what] <= count + SLACK.get(what, 0), f"{what}: {count} before, {after[what]} after"


def live():
    with e2b.Sandbox.create(timeout=60) as sandbox:
        sandbox.commands.run("sleep 100 & echo x > f; (setsid sleep 100 &); true")
        sandbox.files.read("f")
        sandbox.pty.create(size=e2b.PtySize(rows=24, cols=80), timeout=0)
        sandbox.files.watch_dir("/tmp")


@pytest.fixture
def before(own, name):
    threads = [threading.Thread(target=live) for _ in range(8)]  # fills every pool
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return host.settled(own, name)


def test_sixty_whole_lives_leave_nothing(own, name, before):
    for _ in range(CYCLES):
        live()
    assert_same(before, host.settled(own, name))


def test_lives_at_the_same_time_leave_nothing(own, name, before):
    threads = [threading.Thread(target=lambda: [live() for _ in range(6)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_same(before, host.settled(own, name))


def test_refused_creations_leave_nothing(own, name, before):
    for body in ({"template": "nosuch"}, {"timeout": -1}):
        for _ in range(20):
            with pytest.raises(Exception):
                e2b.Sandbox.create(**body, retries=0)
    assert_same(before, host.settled(own, name))


def test_clients_that_vanish_leave_nothing(own, name, before, sandbox):
    before = host.settled(own, name)
    host_name, port = own.url.removeprefix("http://").split(":")
    head = (
        f"Host: {host_name}\r\nE2b-Sandbox-Id: {sandbox.sandbox_id}\r\nE2b-Sandbox-Port: 49983\r\n"
        f"X-Access-Token: {sandbox._envd_access_token}\r\n"
    )
    requests = [
        f"POST /files?path=torn HTTP/1.1\r\n{head}Content-Type: application/octet-stream\r\n"
        "Content-Length: 9999999\r\n\r\npart",
        f"GET /files?path=/usr/bin/git HTTP/1.1\r\n{head}\r\n",
        "POST /v2/sandboxes HTTP/1.1\r\n",
        "CONNECT",
        f"POST /process.Process/List HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{",
    ]
    for number in range(100):
        connection = socket.create_connection((host_name, int(port)), timeout=10)
        connection.sendall(requests[number % len(requests)].encode())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    assert_same(before, host.settled(own, name))


def test_watchers_and_streams_end_with_their_clients(own, name, before, sandbox):
    before = host.settled(own, name)
    for _ in range(30):
        sandbox.files.watch_dir("/tmp").stop()
        handle = sandbox.commands.run("sleep 1000", background=True, timeout=0)
        handle.disconnect()
        sandbox.commands.kill(handle.pid)
    assert_same(before, host.settled(own, name))


def test_a_stop_with_its_sandboxes_leaves_nothing(own, name):
    e2b.Sandbox.create(timeout=300)
    spawner = host.wait_for_spawner(own)
    own.stop_with_sandboxes()
    eventually(lambda: not host.command_line(spawner), "the spawner to end with its last sandbox", 15)
    assert host.cgroups(name) == []
    assert host.loop_devices(own) == []
