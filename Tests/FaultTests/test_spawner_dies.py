"""kill -9 of the spawner, of a sandbox's first process, and of both halves at once."""

import os
import signal

import e2b
import pytest

from nestbox_support import host
from nestbox_support.waiting import eventually


def kill_spawner(server):
    """Kills it; returns when another serves."""
    old = host.wait_for_spawner(server)
    os.kill(old, signal.SIGKILL)
    return host.wait_for_spawner(server, other_than=old)


def test_the_server_starts_another_and_goes_on(own):
    kill_spawner(own)

    def creates():
        try:
            with e2b.Sandbox.create(timeout=60) as sandbox:
                return sandbox.commands.run("echo well").stdout == "well\n"
        except Exception:  # for a moment there is no spawner
            return False

    eventually(creates, "a sandbox of the new spawner", 20)


def test_sandboxes_are_adopted_or_ended_and_the_answer_tells_which(own, name, sandbox):
    kill_spawner(own)
    if eventually(lambda: sandbox.is_running() or "gone", "an answer") is True:
        assert sandbox.commands.run("echo adopted").stdout == "adopted\n"
        sandbox.kill()
    assert sandbox.is_running() is False
    eventually(lambda: not host.sandbox_processes(name), "nothing to be left", 10)


def test_an_adopted_sandboxs_time_still_ends(own, name):
    sandbox = e2b.Sandbox.create(timeout=5)
    kill_spawner(own)
    eventually(lambda: not sandbox.is_running(), "the end of its time", 12)
    eventually(lambda: not host.sandbox_processes(name), "nothing to be left", 10)


def test_both_may_die(own, name, sandbox):
    spawner = host.wait_for_spawner(own)
    own.kill()
    os.kill(spawner, signal.SIGKILL)
    own.start()
    if sandbox.is_running():
        assert sandbox.commands.run("echo adopted").stdout == "adopted\n"
    sandbox.kill()
    eventually(lambda: not host.sandbox_processes(name), "nothing to be left", 10)
    with e2b.Sandbox.create(timeout=60) as fresh:
        assert fresh.commands.run("echo well").stdout == "well\n"


def test_many_deaths_leak_nothing(own, name):
    e2b.Sandbox.create(timeout=300).kill()
    before = host.settled(own, name)
    for _ in range(5):
        e2b.Sandbox.create(timeout=300)
        kill_spawner(own)
    paginator = e2b.Sandbox.list()
    while paginator.has_next:
        for sandbox in paginator.next_items():
            e2b.Sandbox.kill(sandbox.sandbox_id)
    after = host.settled(own, name)
    for what in ("sandbox processes", "cgroups", "mounts of the host", "loop devices"):
        assert after[what] <= before[what], (what, before, after)


def test_a_sandbox_whose_first_process_dies_is_gone(own, name, sandbox):
    sandbox.commands.run("sleep 1000", background=True, timeout=0)
    first = next(pid for pid in host.sandbox_processes(name) if host.status(pid, "NSpid")[-1] == "1")
    os.kill(first, signal.SIGKILL)

    def is_unknown():
        try:
            sandbox.get_info()
        except e2b.SandboxNotFoundException:
            return True

    eventually(is_unknown, "the sandbox to be found dead", 10)
    assert sandbox.is_running() is False
    eventually(lambda: not host.sandbox_processes(name), "nothing to be left", 10)


def test_a_sandbox_out_of_memory_does_not_take_its_neighbour(own, sandbox):
    neighbour = e2b.Sandbox.create(timeout=300)
    with pytest.raises(Exception):
        sandbox.commands.run("python3 -c 'x = bytearray(2 << 30); print(len(x))'", timeout=60)
    assert neighbour.commands.run("echo well").stdout == "well\n"
