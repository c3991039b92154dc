"""kill -9 of the server: sandboxes, commands and deadlines do not notice."""

import itertools
import os
import random
import signal
import subprocess
import threading
import time

import e2b
import pytest

from nestbox_support import host
from nestbox_support.server import as_root, nestbox_binary, templates
from nestbox_support.waiting import eventually
from nestbox_support.wire import frames, output

BACKGROUND = {"background": True, "timeout": 0}
COUNTING = "i=0; while true; do echo tick $((i += 1)); sleep 0.02; done"


def restart(server):
    server.kill()
    server.start()


def ids():
    found, paginator = [], e2b.Sandbox.list()
    while paginator.has_next:
        found += [sandbox.sandbox_id for sandbox in paginator.next_items()]
    return found


def test_a_sandbox_is_found_again_with_all_that_is_its(own, sandbox):
    sandbox.files.write("kept", "before")
    ends = sandbox.get_info().end_at
    restart(own)
    assert ids() == [sandbox.sandbox_id]
    assert sandbox.get_info().end_at == ends
    assert sandbox.files.read("kept") == "before"
    assert sandbox.commands.run("echo $E2B_SANDBOX_ID").stdout.strip() == sandbox.sandbox_id


def test_its_environment_is_found_again(own):
    sandbox = e2b.Sandbox.create(timeout=300, envs={"A": "kept"}, metadata={"m": "kept too"})
    restart(own)
    assert sandbox.commands.run("echo $A").stdout == "kept\n"
    assert sandbox.get_info().metadata == {"m": "kept too"}


def test_a_running_command_goes_on_and_is_reached_by_its_pid(own, sandbox):
    handle = sandbox.commands.run(COUNTING, **BACKGROUND)
    first = next(iter(handle))[0]
    restart(own)
    assert handle.pid in [process.pid for process in sandbox.commands.list()]
    again = sandbox.commands.connect(handle.pid, timeout=30)
    later = "".join(stdout or "" for stdout, _, _ in itertools.islice(again, 3))
    number = lambda text: int(text.split("tick ")[1].split()[0])
    assert number(later) > number(first)
    assert sandbox.commands.kill(handle.pid) is True


def test_a_running_command_is_reached_by_its_tag(own, sandbox, wire):
    start = threading.Thread(
        target=lambda: _ignore_the_break(
            lambda: wire.start("/bin/bash", "-c", "read line; echo got $line", tag="mine", stdin=True)
        )
    )
    start.start()
    listed = lambda: wire.call("process.Process/List", {}).json().get("processes", [])
    eventually(lambda: any(process.get("tag") == "mine" for process in listed()), "the command to start")
    restart(own)
    start.join(10)
    result = {}
    reader = threading.Thread(
        target=lambda: result.update(response=wire.open("process.Process/Connect", {"process": {"tag": "mine"}}))
    )
    reader.start()
    sent = wire.call("process.Process/SendInput", {"process": {"tag": "mine"}, "input": {"stdin": "aGVsbG8K"}})
    assert sent.status_code == 200
    reader.join(10)
    messages = [message["event"] for flags, message in frames(result["response"].content) if flags == 0]
    ended = [event["end"] for event in messages if "end" in event]
    assert ended and ended[0].get("exitCode", 0) == 0
    # Whoever connects after the line was written may have missed it; whoever connected before may not.
    assert output([event for event in messages if "data" in event]) in (b"got hello\n", b"")


def _ignore_the_break(call):
    try:
        call()
    except Exception:  # the stream breaks when the server dies
        pass


def test_a_command_is_not_held_up_while_nobody_listens(own, sandbox):
    sandbox.commands.run("sleep 0.5; seq 2000000; touch /tmp/finished", **BACKGROUND)
    own.kill()
    time.sleep(0.6)  # the flood must begin while the server is dead
    own.start()
    eventually(lambda: sandbox.files.exists("/tmp/finished"), "the command to finish", 20)


def test_a_terminal_goes_on(own, sandbox):
    handle = sandbox.pty.create(size=e2b.PtySize(rows=24, cols=80), timeout=0)
    sandbox.pty.send_stdin(handle.pid, b"KEPT=still-here\n")
    restart(own)
    again = sandbox.pty.connect(handle.pid, timeout=30)
    sandbox.pty.send_stdin(handle.pid, b"echo =$KEPT=; exit\n")
    shown = bytearray()
    again.wait(on_pty=shown.extend)
    assert b"=still-here=" in shown


def test_its_time_ends_even_if_the_server_stays_dead(own, name):
    sandbox = e2b.Sandbox.create(timeout=3)
    sandbox.commands.run("sleep 1000", **BACKGROUND)
    before = len(host.sandbox_processes(name))
    own.kill()
    assert before > 0
    eventually(lambda: not host.sandbox_processes(name), "every process of the sandbox to be gone", 10)
    own.start()
    assert sandbox.is_running() is False
    with pytest.raises(e2b.SandboxNotFoundException):
        sandbox.get_info()


def test_a_lengthened_time_is_remembered(own):
    sandbox = e2b.Sandbox.create(timeout=3)
    sandbox.set_timeout(300)
    own.kill()
    time.sleep(3.5)  # past the first end
    own.start()
    assert sandbox.commands.run("echo alive").stdout == "alive\n"


def test_an_idempotent_creation_is_remembered(own):
    first = e2b.Sandbox.create(timeout=300, idempotency_key="same-key")
    restart(own)
    assert e2b.Sandbox.create(timeout=300, idempotency_key="same-key").sandbox_id == first.sandbox_id


def test_a_key_made_before_is_good_after(own, sandbox):
    restart(own)
    assert sandbox.get_info().sandbox_id == sandbox.sandbox_id


@pytest.mark.parametrize("attempt", range(3))
def test_death_in_a_storm_of_creations_leaves_what_is_listed_and_nothing_else(own, name, attempt):
    done = threading.Event()

    def create():
        while not done.is_set():
            _ignore_the_break(lambda: e2b.Sandbox.create(timeout=300, retries=0, request_timeout=5))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(random.uniform(0.1, 0.6))
    own.kill()
    done.set()
    for thread in threads:
        thread.join()
    own.start()
    listed = ids()
    for sandbox_id in listed:
        assert e2b.Sandbox.connect(sandbox_id).commands.run("echo alive").stdout == "alive\n"
        e2b.Sandbox.kill(sandbox_id)
    eventually(lambda: not host.sandbox_processes(name), "no process without a listed sandbox", 10)


def test_death_in_a_storm_of_kills_leaves_nothing(own, name):
    sandboxes = [e2b.Sandbox.create(timeout=300) for _ in range(12)]
    threads = [
        threading.Thread(target=lambda s=sandbox: _ignore_the_break(lambda: s.kill(retries=0, request_timeout=5)))
        for sandbox in sandboxes
    ]
    for thread in threads:
        thread.start()
    own.kill()
    for thread in threads:
        thread.join()
    own.start()
    for sandbox in sandboxes:
        sandbox.kill()
        assert sandbox.is_running() is False
    eventually(lambda: not host.sandbox_processes(name), "every process to be gone", 10)


def test_sigterm_leaves_sandboxes_alive(own, sandbox):
    handle = sandbox.commands.run(COUNTING, **BACKGROUND)
    own.stop()
    assert own.process.returncode == 0
    own.start()
    assert handle.pid in [process.pid for process in sandbox.commands.list()]


def test_a_second_server_on_the_same_data_is_refused(own, sandbox):
    second = subprocess.run(
        as_root(nestbox_binary(), "serve", "--data", own.data, "--listen", "127.0.0.1:0", "--templates", templates()),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode != 0
    assert str(own.data) in second.stderr
    assert sandbox.commands.run("echo unharmed").stdout == "unharmed\n"


def test_sandboxes_that_a_reboot_took_are_marked_as_lost(own, name, sandbox):
    spawner = host.wait_for_spawner(own)
    own.kill()
    os.kill(spawner, signal.SIGKILL)
    for pid in host.sandbox_processes(name):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    own.start()
    assert sandbox.is_running() is False
    assert ids() == []
    with e2b.Sandbox.create(timeout=60) as fresh:
        assert fresh.commands.run("echo well").stdout == "well\n"
