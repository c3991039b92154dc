"""Links swapped under the file calls while they run.

The file calls act with the rights of the sandbox's root and give what they make to the named user, as E2B's do. So what
they promise is where they end: no link leads them out of the sandbox, and no removal out of the tree it was given.
"""

import pathlib
import secrets
import threading

import pytest

ROUNDS = 100
# Swaps a directory with a link, as fast as it can, for ever: renameat2 with RENAME_EXCHANGE.
SWAP = """
import ctypes, os, sys
directory, target = sys.argv[1:]
os.makedirs(directory, exist_ok=True)
link = directory + '.link'
os.symlink(target, link)
libc = ctypes.CDLL(None)
print('swapping', flush=True)
while True:
    libc.renameat2(-100, directory.encode(), -100, link.encode(), 2)
"""
# Where a link may point: to the host's directory by its name, up beyond the root, and around by way of /proc.
ROADS = ["{}", "../../../../../../../../..{}", "/proc/1/root{}", "/proc/1/cwd/../../../..{}", "/proc/self/root{}"]


@pytest.fixture
def outside():
    """A directory of the host with a file `f`, where everybody on the host may do everything."""
    path = pathlib.Path(f"/tmp/nestbox-outside-{secrets.token_hex(6)}")
    path.mkdir()
    path.chmod(0o777)
    (path / "f").write_text("the host's")
    (path / "f").chmod(0o666)
    yield path
    for entry in path.iterdir():
        entry.rmdir() if entry.is_dir() else entry.unlink()
    path.rmdir()


def assert_untouched(outside):
    assert [entry.name for entry in outside.iterdir()] == ["f"]
    assert (outside / "f").read_text() == "the host's"


@pytest.fixture
def swapped(new_sandbox):
    """`swapped(target)`: a sandbox and a path in it that is now a directory, now a link to `target`."""

    def start(target):
        sandbox = new_sandbox()
        sandbox.commands.run("mkdir -p /root/private && echo kept > /root/private/f && chmod 700 /root", user="root")
        sandbox.files.write("/tmp/swap.py", SWAP)
        handle = sandbox.commands.run(f"python3 /tmp/swap.py /home/user/place {target}", background=True, timeout=0)
        assert next(iter(handle))[0] == "swapping\n"
        return sandbox, "/home/user/place"

    return start


@pytest.fixture(params=ROADS)
def road(request, swapped, outside):
    """A sandbox, and a path in it that is swapped with a link which, on the host, would lead to `outside`."""
    return swapped(request.param.format(outside))


def attempt(call):
    try:
        return call()
    except Exception:  # half of the time the path is not what it was
        return None


def test_no_call_reaches_the_host(road, outside):
    """Writes, directories, moves in and out, listings, reads and removals, as the strongest user there is."""
    sandbox, place = road
    read, listed = set(), set()
    sandbox.files.write("/home/user/mine", "x")
    for number in range(ROUNDS // 5):
        attempt(lambda: sandbox.files.write(f"{place}/landed-{number}", "x", user="root"))
        attempt(lambda: sandbox.files.make_dir(f"{place}/made-{number}/below", user="root"))
        attempt(lambda: sandbox.files.rename("/home/user/mine", f"{place}/moved-{number}", user="root"))
        attempt(lambda: sandbox.files.rename(f"{place}/f", f"/home/user/taken-{number}", user="root"))
        read.add(attempt(lambda: sandbox.files.read(f"{place}/f", user="root")))
        listed.update(attempt(lambda: [entry.name for entry in sandbox.files.list(place, user="root")]) or [])
        attempt(lambda: sandbox.files.remove(f"{place}/f", user="root"))
        attempt(lambda: sandbox.files.write(f"{place}/f", "the sandbox's", user="root"))
    assert_untouched(outside)
    assert read <= {None, "the sandbox's"}
    assert listed, "the calls did nothing"


def test_no_call_reaches_a_neighbour(swapped, new_sandbox):
    sandbox, place = swapped("/root/shared")
    neighbour = new_sandbox()
    for one, text in ((sandbox, "mine"), (neighbour, "the neighbour's")):
        one.files.write("/root/shared/f", text, user="root")
    read = set()
    for number in range(ROUNDS // 5):
        attempt(lambda: sandbox.files.write(f"{place}/landed-{number}", "x", user="root"))
        read.add(attempt(lambda: sandbox.files.read(f"{place}/f", user="root")))
    assert read <= {None, "mine"}
    assert neighbour.commands.run("cat /root/shared/*", user="root").stdout == "the neighbour's"


def test_no_removal_follows_a_link(swapped):
    sandbox, place = swapped("/root/private")
    sandbox.commands.run("chmod 755 /root && chmod 777 /root/private", user="root")
    sandbox.commands.run("mkdir -p /home/user/tree")
    for _ in range(ROUNDS):
        attempt(lambda: sandbox.files.write(f"{place}/inner/f", "x"))
        attempt(lambda: sandbox.files.remove(place))
    assert sandbox.commands.run("cat /root/private/f", user="root").stdout == "kept\n"


def test_a_removal_by_root_does_not_leave_its_tree(new_sandbox):
    """While root removes a tree, `user` swaps a directory in it with a link to another one."""
    sandbox = new_sandbox()
    sandbox.commands.run("mkdir -p /opt/kept && seq 2000 | sed 's|^|/opt/kept/|' | xargs touch", user="root")
    sandbox.files.write("/tmp/swap.py", SWAP)
    for _ in range(10):
        sandbox.commands.run(
            "rm -rf /home/user/tree*; mkdir -p /home/user/tree/a/b/c/d; cd /home/user/tree/a/b; seq 500 | xargs touch"
        )
        handle = sandbox.commands.run("python3 /tmp/swap.py /home/user/tree/a /opt/kept", background=True, timeout=0)
        next(iter(handle))
        attempt(lambda: sandbox.files.remove("/home/user/tree", user="root"))
        handle.kill()
    assert sandbox.commands.run("ls /opt/kept | wc -l").stdout == "2000\n"


def test_what_is_made_belongs_to_the_named_user(swapped):
    """Uploads for `user` and for root at once, through a path that is swapped: no two are mixed up."""
    sandbox, place = swapped("/root/private")
    stop = threading.Event()

    def as_root():
        while not stop.is_set():
            attempt(lambda: sandbox.files.write(f"/root/of-root-{secrets.token_hex(4)}", "x", user="root"))

    thread = threading.Thread(target=as_root)
    thread.start()
    for number in range(ROUNDS):
        attempt(lambda: sandbox.files.write(f"{place}/of-user-{number}", "x"))
    stop.set()
    thread.join()
    owners = "find /root /home/user -name '{}' -printf '%u\n' | sort -u"
    assert sandbox.commands.run(owners.format("of-user-*"), user="root").stdout == "user\n"
    assert sandbox.commands.run(owners.format("of-root-*"), user="root").stdout == "root\n"
