"""A sandbox at its limits: it is stopped there, and its neighbour does not feel it."""

import json
import os
import pathlib
import shutil
import tempfile
import time

import e2b
import pytest

from nestbox_support import server as servers
from nestbox_support.waiting import eventually

# What a neighbour's small command may take while another sandbox rages on a small machine.
NEIGHBOUR_SECONDS = 10


@pytest.fixture
def pair(new_sandbox):
    return new_sandbox(), new_sandbox()


def assert_well(sandbox):
    started = time.monotonic()
    assert sandbox.commands.run("echo well").stdout == "well\n"
    assert time.monotonic() - started < NEIGHBOUR_SECONDS


def rage(sandbox, command, timeout=20):
    """Runs what will not end well."""
    try:
        return sandbox.commands.run(command, timeout=timeout)
    except Exception as failure:
        return failure


def python(program):
    """The command that runs `program`, which has no double quotes."""
    return f'python3 -c "{program}"'


# Forks, and does not rest when it is refused: a thousand that all want a processor.
BUSY = "import os\nwhile True:\n try: {}\n except OSError: pass"

BOMBS = {
    "processes": ":(){ :|:& };:",
    "busy processes": python(BUSY.format("os.fork()")),
    "busy sessions": python(BUSY.format("os.fork() or os.setsid()")),
    "threads": python("import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,)).start()"),
    "memory": "python3 -c 'x = []\nwhile True: x.append(bytearray(1 << 24))'",
    "memory of files": "head -c 5G /dev/zero > /dev/shm/full",
    "descriptors": "python3 -c \"import os\nx = [os.open('/dev/null', 0) for _ in range(10**7)]\"",
    "disk": "head -c 50G /dev/zero > /home/user/full",
    "inodes": "mkdir -p many && cd many && " + python("for n in range(10**7): open(str(n), 'w').close()"),
    "output": "yes",
    "processor": "for i in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done; wait",
    "sockets": 'python3 -c "import socket\nx = [socket.socket() for _ in range(10**7)]"',
    "deep directories": "python3 -c \"import os\nwhile True: os.mkdir('d'); os.chdir('d')\"",
    "shared memory": python(
        "import ctypes\nl = ctypes.CDLL(None)\nx = [l.shmget(0, 1 << 20, 0o1666) for _ in range(10**6)]"
    ),
    "pipes": 'python3 -c "import os\nx = [os.pipe() for _ in range(10**6)]"',
    "inotify": 'python3 -c "import ctypes\nl = ctypes.CDLL(None)\nx = [l.inotify_init() for _ in range(10**6)]"',
    "logging": "while :; do logger x; echo x > /dev/stderr; done",
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_harms_only_who_lights_it(pair, kind):
    raging, neighbour = pair
    handle = raging.commands.run(BOMBS[kind], background=True, timeout=20)
    for _ in range(5):
        assert_well(neighbour)
    handle.disconnect()
    assert raging.kill() is True
    assert_well(neighbour)


@pytest.mark.parametrize(
    "kind", ["memory", "processes", "busy processes", "busy sessions", "descriptors", "output"]
)
def test_after_a_bomb_the_sandbox_is_usable_again(new_sandbox, kind):
    sandbox = new_sandbox()
    rage(sandbox, BOMBS[kind], timeout=2)

    def usable():
        try:
            return sandbox.commands.run("echo well", timeout=5).stdout == "well\n"
        except e2b.SandboxException:
            return False

    eventually(usable, "the sandbox to recover", 10)


def test_memory_is_limited_to_what_was_promised(new_sandbox):
    sandbox = new_sandbox()
    failure = rage(sandbox, "python3 -c 'x = bytearray(700 << 20); print(len(x))'")
    assert isinstance(failure, e2b.CommandExitException)
    assert failure.exit_code in (-1, 137)
    assert sandbox.commands.run("python3 -c 'x = bytearray(200 << 20); print(len(x))'").stdout == f"{200 << 20}\n"


def test_there_is_no_swap_to_escape_to(new_sandbox):
    failure = rage(
        new_sandbox(), "python3 -c 'x = bytearray(600 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint(1)'"
    )
    assert isinstance(failure, e2b.CommandExitException)


@pytest.fixture
def frugal_server():
    """A server whose template `base` has one processor: a small host has no more than two to promise."""
    templates = pathlib.Path(tempfile.mkdtemp(prefix="nestbox-templates-"))
    shutil.copytree(servers.templates(), templates, dirs_exist_ok=True, copy_function=_link)
    templates.chmod(0o755)
    file = templates / "base" / "template.json"
    template = json.loads(file.read_text()) | {"cpuCount": 1}
    file.unlink()  # it may be a link to the one that others use
    file.write_text(json.dumps(template))
    frugal = servers.Server(templates=templates)
    try:
        yield frugal.start()
    finally:
        frugal.remove()
        shutil.rmtree(templates)


def _link(source, target):
    """A hard link where both lie on one file system: layers are large."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def test_processor_time_is_limited(frugal_server):
    environment = frugal_server.environment()
    sandbox = e2b.Sandbox.create(
        timeout=60,
        api_key=environment["E2B_API_KEY"],
        api_url=environment["E2B_API_URL"],
        sandbox_url=environment["E2B_SANDBOX_URL"],
    )
    sandbox.commands.run("for i in 1 2 3 4; do (while :; do :; done) & done", background=True, timeout=0)
    started, before = time.monotonic(), _cpu_seconds(sandbox)
    sandbox.commands.run("sleep 2")
    used, passed = _cpu_seconds(sandbox) - before, time.monotonic() - started
    assert 0 < used <= passed * 1.3  # one processor was promised


def _cpu_seconds(sandbox):
    ticks = sandbox.commands.run(
        "cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | awk '{s += $12 + $13} END {print s}'"
    ).stdout
    return int(ticks) / 100


def test_bytes_on_disk_are_limited(new_sandbox):
    sandbox = new_sandbox()
    assert "No space left" in rage(sandbox, "fallocate -l 5G /home/user/full").stderr
    sandbox.commands.run("rm /home/user/full")
    # Most of it is only reserved: the last bytes are what is to be refused.
    failure = rage(sandbox, "fallocate -l 3800M /home/user/most && head -c 1G /dev/zero > /home/user/rest")
    assert "No space left" in failure.stderr
    sizes = sandbox.commands.run("stat -c %s /home/user/most /home/user/rest").stdout.split()
    assert sum(int(size) for size in sizes) <= 4096 << 20
    assert_well(sandbox)


def test_inodes_are_limited(new_sandbox):
    sandbox = new_sandbox()
    sandbox.files.write(
        "/tmp/fill.py",
        "import os, sys\nos.mkdir(sys.argv[1])\nos.chdir(sys.argv[1])\n"
        "for number in range(200_000): os.mknod(f'{number}')",
    )
    failure = rage(sandbox, "python3 /tmp/fill.py one & python3 /tmp/fill.py two; wait -n", timeout=90)
    assert "No space left" in failure.stderr
    assert_well(sandbox)


def test_processes_are_limited(new_sandbox):
    program = """
import os, time
count = 0
try:
    while os.fork():
        count += 1
    time.sleep(9)
except OSError:
    print(count)
"""
    assert 0 < int(rage(new_sandbox(), f"python3 -c '{program}' < /dev/null").stdout) <= 1024


def test_open_files_are_limited(new_sandbox):
    failure = rage(new_sandbox(), BOMBS["descriptors"])
    assert "Too many open files" in failure.stderr


def test_output_that_nobody_takes_does_not_fill_the_server(new_sandbox, server):
    sandbox = new_sandbox()
    for _ in range(10):
        sandbox.commands.run("yes", background=True, timeout=0).disconnect()
    resident = server.resident
    assert_well(sandbox)
    assert server.resident - resident < 64 << 20


def test_a_sandbox_is_killed_in_the_midst_of_its_rage(new_sandbox):
    sandbox = new_sandbox()
    sandbox.commands.run(":(){ :|:& };:", background=True, timeout=0)
    started = time.monotonic()
    assert sandbox.kill() is True
    assert time.monotonic() - started < NEIGHBOUR_SECONDS
    assert sandbox.is_running() is False
