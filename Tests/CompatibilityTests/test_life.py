"""How a sandbox ends, and what those learn who still use it."""

import threading
import time

import e2b
import pytest

from nestbox_support.waiting import eventually
from nestbox_support.wire import Envd

GONE = (e2b.SandboxNotRunningException, e2b.TimeoutException)


def test_it_ends_when_its_time_is_over(flavour):
    sandbox = flavour.Sandbox.create(timeout=1)
    eventually(lambda: not sandbox.is_running(), "the end of its life", 6)
    with pytest.raises(e2b.SandboxNotFoundException):
        sandbox.get_info()


def test_a_shortened_life_is_short(flavour):
    sandbox = flavour.Sandbox.create(timeout=300)
    sandbox.set_timeout(1)
    eventually(lambda: not sandbox.is_running(), "the end of its life", 6)


def test_a_lengthened_life_is_long(new_sandbox):
    sandbox = new_sandbox(timeout=2)
    sandbox.set_timeout(60)
    assert sandbox.commands.run("sleep 3; echo alive").stdout == "alive\n"


@pytest.mark.parametrize(
    "call",
    [
        lambda sandbox: sandbox.commands.run("true"),
        lambda sandbox: sandbox.commands.list(),
        lambda sandbox: sandbox.files.read("/etc/hostname"),
        lambda sandbox: sandbox.files.write("f", "x"),
        lambda sandbox: sandbox.files.list("/"),
        lambda sandbox: sandbox.files.exists("/"),
    ],
    ids=["run", "list processes", "read", "write", "list files", "exists"],
)
def test_after_a_kill_every_call_says_that_it_is_not_running(flavour, call):
    sandbox = flavour.Sandbox.create(timeout=60)
    sandbox.kill()
    with pytest.raises(e2b.SandboxNotRunningException, match="was not found"):
        call(sandbox)


@pytest.mark.parametrize(
    "call",
    [lambda sandbox: sandbox.set_timeout(60), lambda sandbox: sandbox.get_info(), lambda sandbox: sandbox.connect()],
)
def test_after_a_kill_the_control_plane_does_not_find_it(flavour, call):
    sandbox = flavour.Sandbox.create(timeout=60)
    sandbox.kill()
    with pytest.raises(e2b.SandboxNotFoundException):
        call(sandbox)


def test_a_command_that_ran_learns_that_its_sandbox_was_killed(flavour):
    sandbox = flavour.Sandbox.create(timeout=60)
    handle = sandbox.commands.run("echo started; sleep 1000", background=True, timeout=0)
    sandbox.kill()
    with pytest.raises(e2b.SandboxNotRunningException, match="was killed or reached its end of life|was not found"):
        handle.wait()


def test_a_command_that_ran_learns_that_its_sandboxs_time_was_over(flavour):
    sandbox = flavour.Sandbox.create(timeout=2)
    with pytest.raises(GONE):
        sandbox.commands.run("sleep 1000", timeout=30)


def test_a_gone_sandbox_is_502_in_these_words(server, new_sandbox):
    sandbox = new_sandbox()
    sandbox.kill()
    with Envd(server, sandbox.sandbox_id, sandbox._envd_access_token) as wire:
        for response in (
            wire.get("/health"),
            wire.call("process.Process/List", {}),
            wire.get("/files", params={"path": "/"}),
        ):
            assert response.status_code == 502
            assert response.json() == {
                "sandboxId": sandbox.sandbox_id,
                "message": "The sandbox was not found",
                "code": 502,
            }


def test_a_browser_is_told_in_html(server):
    headers = {"Accept": "text/html", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    with Envd(server, "i0123456789abcdefghi", None, port=8000) as client:
        response = client.get("/", headers=headers)
    assert response.status_code == 502
    assert response.headers["content-type"].startswith("text/html")


def test_killing_takes_no_longer_for_processes_that_ignore_signals(new_sandbox):
    sandbox = new_sandbox()
    sandbox.commands.run(
        'python3 -c "import signal, time; [signal.signal(s, signal.SIG_IGN) for s in (1, 2, 3, 15)]; time.sleep(9999)"',
        background=True,
        timeout=0,
    )
    started = time.monotonic()
    assert sandbox.kill() is True
    assert time.monotonic() - started < 5


def test_twenty_live_and_die_at_once(Sandbox):
    failures = []

    def live(number):
        try:
            with Sandbox.create(timeout=60) as sandbox:
                assert sandbox.commands.run(f"echo {number}").stdout == f"{number}\n"
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=live, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
