"""Links swapped under the file calls while they run: a call made for `user` never does what `user` may not."""

import threading

import pytest

ROUNDS = 150
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


def attempt(call):
    try:
        return call()
    except Exception:  # half of the time the path is not what it was
        return None


def test_no_write_lands_where_user_may_not_write(swapped):
    sandbox, place = swapped("/etc")
    for number in range(ROUNDS):
        attempt(lambda: sandbox.files.write(f"{place}/landed-{number}", "x"))
        attempt(lambda: sandbox.files.make_dir(f"{place}/made-{number}/below"))
    assert sandbox.commands.run("ls /etc | grep -c -e landed- -e made- || true", user="root").stdout == "0\n"


def test_no_read_shows_what_user_may_not_read(swapped):
    sandbox, place = swapped("/root/private")
    for _ in range(ROUNDS):
        assert attempt(lambda: sandbox.files.read(f"{place}/f")) is None
        assert attempt(lambda: [entry.name for entry in sandbox.files.list(place)]) in (None, [])


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


def test_no_move_takes_what_user_may_not_take(swapped):
    sandbox, place = swapped("/root/private")
    for number in range(ROUNDS):
        attempt(lambda: sandbox.files.rename(f"{place}/f", f"/home/user/taken-{number}"))
    assert sandbox.commands.run("cat /root/private/f", user="root").stdout == "kept\n"


def test_uploads_by_many_at_once_do_not_mix_users(swapped):
    sandbox, place = swapped("/root/private")
    stop = threading.Event()

    def as_root():
        while not stop.is_set():
            attempt(lambda: sandbox.files.write("/root/of-root", "x", user="root"))

    thread = threading.Thread(target=as_root)
    thread.start()
    for number in range(ROUNDS):
        attempt(lambda: sandbox.files.write(f"{place}/of-user-{number}", "x"))
    stop.set()
    thread.join()
    assert sandbox.commands.run("ls /root/private", user="root").stdout == "f\n"
    assert sandbox.commands.run("stat -c %U /root/of-root", user="root").stdout == "root\n"
