"""What the kernel counts for all sandboxes together. One that takes all it can get of a thing is not felt by a sandbox
of another tenant, nor by another of its own tenant, that needs the same thing."""

import pathlib
import re

import pytest
from e2b import PtySize

from nestbox_support.tenant import Tenant
from nestbox_support.waiting import eventually

ATTACKS = pathlib.Path(__file__).parent / "attacks"
# More of anything than a host has.
PLENTY = 10**7
USERS = pytest.mark.parametrize("user", ["user", "root"])
PAGE_BYTES = 4096


@pytest.fixture
def tenants(server, plain_environment):
    """Two tenants who do not know each other."""
    both = Tenant(server), Tenant(server)
    yield both
    for tenant in both:
        tenant.remove()


def hoards(sandbox, what, user="user", most=PLENTY):
    """Begins to take; gives the command."""
    for name in ("attack", "hoard"):
        sandbox.files.write(f"/tmp/attacks/{name}.py", (ATTACKS / f"{name}.py").read_text())
    command = f"python3 /tmp/attacks/hoard.py '{what}' {most}"
    return sandbox.commands.run(command, background=True, timeout=0, user=user)


class Hoard:
    """A sandbox that holds all it could get of `what`: `count` of it, until the kernel said `refusal`."""

    def __init__(self, sandbox, what, user="user", most=PLENTY):
        command = hoards(sandbox, what, user, most)
        said, wrong = "", ""
        for stdout, stderr, _ in command:
            said, wrong = said + (stdout or ""), wrong + (stderr or "")
            if said.endswith("\n"):
                break
        assert said, f"the hoard of {what} ended: {wrong}"
        self.count, self.refusal = int(said.split()[0]), said.split()[1]


def watches_a_directory(sandbox):
    """Through the API, as a client does."""
    sandbox.files.make_dir("/home/user/watched")
    events = []
    handle = sandbox.files.watch_dir("/home/user/watched")
    sandbox.files.write("/home/user/watched/file", "x")
    eventually(lambda: events.extend(handle.get_new_events()) or events, "an event of the watched directory")
    handle.stop()


def starts_a_kernel(sandbox):
    context = sandbox.create_code_context()
    assert sandbox.run_code("20 + 1", context=context).text == "21"


def runs(sandbox, program):
    """`program` in Python, with the C library as `libc`."""
    head = "import ctypes, os, socket, threading\nlibc = ctypes.CDLL(None, use_errno=True)"
    sandbox.files.write("/tmp/program.py", f"{head}\n{program}\nprint('well')")
    assert sandbox.commands.run("python3 /tmp/program.py", timeout=60).stdout == "well\n"


def makes_a_timer(sandbox):
    runs(sandbox, "assert libc.timer_create(1, None, ctypes.byref(ctypes.c_void_p())) == 0")


def queues_a_signal(sandbox):
    runs(
        sandbox,
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [40])\n"
        "assert libc.sigqueue(os.getpid(), 40, None) == 0 and signal.sigtimedwait([40], 0).si_signo == 40",
    )


def makes_a_message_queue(sandbox):
    runs(sandbox, "assert libc.mq_open(b'/mine', os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600, None) >= 0")


def opens_a_terminal(sandbox):
    handle = sandbox.pty.create(size=PtySize(rows=24, cols=80), timeout=0)
    assert handle.kill() is True


def sends_over_loopback(sandbox):
    runs(
        sandbox,
        """
count = 64 << 20
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
threading.Thread(target=client.sendall, args=(bytes(count),)).start()
while count:
    count -= len(server.recv(1 << 20))
left, right = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
left.bind(("127.0.0.1", 0))
for _ in range(1000):
    right.sendto(bytes(60_000), left.getsockname())
    assert len(left.recv(60_000)) == 60_000
""",
    )


@USERS
def test_inotify_is_each_sandboxs_own(tenants, user):
    raging, neighbour = tenants
    hoard = Hoard(raging.create(), "inotify instances", user)
    assert (hoard.refusal, hoard.count <= 128) == ("EMFILE", True), f"{hoard.count} instances"
    watches_a_directory(raging.create())
    interpreter = neighbour.create_interpreter()
    watches_a_directory(interpreter)
    starts_a_kernel(interpreter)


COUNTED = {
    "waiting signals": (1024, "EAGAIN", queues_a_signal),
    "timers": (1024, "EAGAIN", makes_a_timer),
    "message queues": (3, "EMFILE", makes_a_message_queue),
    "terminals": (128, "ENOSPC", opens_a_terminal),
}


@USERS
@pytest.mark.parametrize("what", COUNTED)
def test_what_is_counted_by_user_or_for_the_host_is_each_sandboxs_own(tenants, what, user):
    most, refusal, needs = COUNTED[what]
    hoard = Hoard(tenants[0].create(), what, user)
    assert (hoard.refusal, 0 < hoard.count <= most) == (refusal, True), f"{hoard.count} {what}, {hoard.refusal}"
    for tenant in tenants:
        needs(tenant.create())


def socket_bytes(protocol):
    """What the kernel holds for all sockets of the host, of every network namespace."""
    text = pathlib.Path("/proc/net/sockstat").read_text()
    return int(re.search(rf"^{protocol}: .*mem (\d+)", text, re.MULTILINE)[1]) * PAGE_BYTES


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_memory_of_sockets_is_limited(tenants, protocol):
    """A sandbox of 512 MiB has 64 for its sockets, and what each must have: two pages each way."""
    sockets = 4000
    before = socket_bytes(protocol)
    Hoard(tenants[0].create(), f"memory of {protocol}", most=sockets)
    assert socket_bytes(protocol) - before <= (64 << 20) + 2 * sockets * 4 * PAGE_BYTES
    for tenant in tenants:
        sends_over_loopback(tenant.create())


def closes_early(sandbox):
    """What was sent before is read to its end all the same."""
    runs(
        sandbox,
        """
for _ in range(200):
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    client.setblocking(False)
    sent = 0
    try:
        while True:
            sent += client.send(bytes(1 << 16))
    except BlockingIOError:
        client.close()
    server, _ = listener.accept()
    received = 0
    while data := server.recv(1 << 20):
        received += len(data)
    assert received == sent > 1 << 16
""",
    )


def closed_connections():
    """Of the whole host: those that still send."""
    return int(re.search(r"orphan (\d+)", pathlib.Path("/proc/net/sockstat").read_text())[1])


def test_connections_that_are_closed_early_are_each_sandboxs_own(tenants):
    """At what a host lets linger when nobody has raised it, 131,072, all others' are cut off."""
    raging, *sandboxes = tenants[0].create(), *(tenant.create() for tenant in tenants)
    hoards(raging, "closed connections")
    eventually(lambda: closed_connections() > 130_000, "a host full of closed connections", 90)
    for sandbox in sandboxes:
        closes_early(sandbox)


@USERS
@pytest.mark.parametrize("what, refusal", [("asynchronous io", "ENOSYS"), ("programs of sockets", "ENOPROTOOPT")])
def test_what_the_kernel_has_for_all_and_nobody_needs_is_not_there(tenants, what, refusal, user):
    hoard = Hoard(tenants[0].create(), what, user)
    assert (hoard.count, hoard.refusal) == (0, refusal)
