"""Each wall of a sandbox, attacked from inside as `user` and as its root. An attack names what worked; nothing may."""

import fcntl
import os
import pathlib
import secrets
import socket
import subprocess

import e2b
import pytest

from nestbox_support import host
from nestbox_support.server import nestbox_binary
from nestbox_support.waiting import eventually

ATTACKS = pathlib.Path(__file__).parent / "attacks"
USERS = pytest.mark.parametrize("user", ["user", "root"])


@pytest.fixture
def attack(new_sandbox):
    """`attack(name, user, *arguments)` runs one in a new sandbox, which must be well afterwards."""

    def run(name, user, *arguments):
        sandbox = prepare(new_sandbox(), name)
        words = " ".join(str(argument) for argument in arguments)
        try:
            result = sandbox.commands.run(f"python3 /tmp/attacks/{name}.py {words}", user=user, timeout=60)
        except e2b.CommandExitException as failure:
            pytest.fail(f"{failure.stdout[-3000:]}\n{failure.stderr[-3000:]}")
        assert "held:" in result.stdout, "the attack tried nothing"
        assert sandbox.commands.run("echo well").stdout == "well\n"
        return sandbox

    return run


def prepare(sandbox, name):
    for file in ("attack", name):
        sandbox.files.write(f"/tmp/attacks/{file}.py", (ATTACKS / f"{file}.py").read_text())
    return sandbox


@pytest.fixture
def canary():
    """A file of the host that everybody on the host may read."""
    path = pathlib.Path(f"/tmp/nestbox-canary-{secrets.token_hex(6)}")
    text = secrets.token_hex(16)
    path.mkdir()
    (path / "file").write_text(text)
    (path / "file").chmod(0o666)
    path.chmod(0o777)
    yield path / "file", text
    assert (path / "file").read_text() == text
    (path / "file").unlink()
    path.rmdir()


@USERS
def test_no_file_of_the_host_is_reached(attack, canary, user):
    attack("host_files", user, *canary)


@USERS
def test_no_process_of_the_host_is_seen_or_touched(attack, server, user):
    attack("host_processes", user, server.pid)


@USERS
def test_the_guest_is_out_of_reach(attack, user):
    attack("first_process", user)


@USERS
def test_the_guests_program_stays_as_it_was(attack, server, user):
    guests = {path: path.read_bytes() for path in server_programs()}
    attack("first_process", user)
    assert all(path.read_bytes() == before for path, before in guests.items())


def test_what_runs_as_the_guest_is_no_file_of_the_host(server, new_sandbox):
    needs_root()
    new_sandbox()
    guests = [pid for pid in host.processes() if host.command_line(pid)[:1] == ["nestbox-guest"]]
    assert guests
    for pid in guests:
        assert os.readlink(f"/proc/{pid}/exe").startswith("/memfd:nestbox-guest")
        with open(f"/proc/{pid}/exe", "rb") as program:
            seals = fcntl.fcntl(program, fcntl.F_GET_SEALS)
        for seal in (fcntl.F_SEAL_WRITE, fcntl.F_SEAL_GROW, fcntl.F_SEAL_SHRINK, fcntl.F_SEAL_SEAL):
            assert seals & seal


def server_programs():
    return [
        path
        for path in nestbox_binary().resolve().parent.glob("nestbox*")
        if path.is_file() and os.access(path, os.X_OK)
    ]


@USERS
def test_no_descriptor_leaks_in(attack, user):
    attack("descriptors", user)


@USERS
def test_the_kernels_files_neither_steer_nor_tell(attack, user):
    attack("kernel_files", user)


@USERS
def test_no_device_is_made_or_opened(attack, user):
    attack("devices", user)


@USERS
def test_the_mount_table_stays_as_it_is(attack, user):
    before = host.host_mounts()
    attack("mounts", user)
    assert host.host_mounts() == before


@USERS
def test_no_namespace_is_made_or_entered(attack, user):
    attack("namespaces", user)


@USERS
def test_no_socket_leads_out(attack, user):
    abstract = f"nestbox-canary-{secrets.token_hex(6)}"
    with socket.create_server(("0.0.0.0", 0)) as listener, socket.socket(socket.AF_UNIX) as local:
        local.bind("\0" + abstract)
        local.listen()
        attack("sockets", user, listener.getsockname()[1], abstract, host_address())
        for one in (listener, local):
            one.settimeout(0.01)
            with pytest.raises(TimeoutError):
                one.accept()


def host_address():
    """An address of the host that is not loopback; loopback where it has no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


@USERS
def test_the_kernel_does_not_answer_what_no_program_needs(attack, user):
    attack("kernel_calls", user)


@USERS
def test_its_root_is_a_weak_one(attack, user):
    attack("capabilities", user)


@USERS
def test_it_can_not_leave_its_cgroup(attack, user):
    attack("cgroups", user)


@USERS
def test_neighbours_do_not_meet(new_sandbox, user):
    mark = f"mark-{secrets.token_hex(6)}"
    left = prepare(new_sandbox(), "neighbour").commands.run(
        f"python3 /tmp/attacks/neighbour.py leave {mark}", user=user, background=True, timeout=0
    )
    assert next(iter(left))[0] == "left\n"
    try:
        prepare(new_sandbox(), "neighbour").commands.run(f"python3 /tmp/attacks/neighbour.py look {mark}", user=user)
    except e2b.CommandExitException as failure:
        pytest.fail(failure.stdout)


def test_neighbours_have_different_users_of_the_host(server, new_sandbox):
    """Of one family or not: what one owns on the host, the other does not."""
    needs_root()
    name = host.instance(server)
    before = host.sandbox_processes(name)
    sandboxes = [new_sandbox() for _ in range(2)]
    for sandbox in sandboxes:
        sandbox.commands.run("sleep 1000", user="root", background=True, timeout=0)

    def sleepers():
        new = host.sandbox_processes(name) - before
        return [pid for pid in new if host.command_line(pid)[:1] == ["sleep"]]

    eventually(lambda: len(sleepers()) == 2, "both to run")
    owners = {pid: int(host.status(pid, "Uid")[0]) for pid in sleepers()}
    assert len(owners) == 2
    assert len(set(owners.values())) == 2, owners


def needs_root():
    if os.geteuid() != 0:
        pytest.skip("reads /proc of processes that belong to root")


class TestSeenFromTheHost:
    @pytest.fixture
    def inside(self, server, new_sandbox):
        """The host's pids of one sandbox in which root and user run something."""
        needs_root()
        name = host.instance(server)
        before = host.sandbox_processes(name)
        sandbox = new_sandbox()
        for user in ("user", "root"):
            sandbox.commands.run("sleep 1000", user=user, background=True, timeout=0)
        sleeping = lambda: [
            pid for pid in host.sandbox_processes(name) - before if host.command_line(pid)[:1] == ["sleep"]
        ]
        eventually(lambda: len(sleeping()) == 2, "both to run")
        return host.sandbox_processes(name) - before

    def test_no_process_of_a_sandbox_is_a_real_user_of_the_host(self, inside):
        for pid in inside:
            assert min(int(number) for number in host.status(pid, "Uid") + host.status(pid, "Gid")) >= 100_000

    def test_every_process_is_filtered_and_limited(self, inside):
        for pid in inside:
            assert host.status(pid, "Seccomp") == ["2"]
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            assert "unlimited" not in next(line for line in limits.splitlines() if line.startswith("Max open files"))
            core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
            assert core.split()[4:6] == ["0", "0"]

    def test_no_process_shares_a_namespace_with_the_host(self, inside):
        for pid in inside:
            for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
                assert os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"), kind

    def test_no_process_holds_a_file_of_the_host(self, inside):
        roots = {os.stat(f"/proc/{pid}/root").st_dev for pid in inside}
        assert os.stat("/").st_dev not in roots
        for pid in inside:
            for number in os.listdir(f"/proc/{pid}/fd"):
                link = os.readlink(f"/proc/{pid}/fd/{number}")
                assert link.startswith(("socket:", "pipe:", "anon_inode:", "/dev/null")), (pid, number, link)

    def test_nothing_of_it_is_mounted_on_the_host(self, inside, server):
        assert not [line for line in host.host_mounts() if str(server.data) in line]

    def test_a_setuid_file_made_inside_is_none_outside(self, server, new_sandbox):
        needs_root()
        sandbox = new_sandbox()
        sandbox.commands.run(
            "cp /bin/bash /tmp/shell && chown root:root /tmp/shell && chmod 6755 /tmp/shell", user="root"
        )
        found = subprocess.run(["find", server.data, "-perm", "/6000", "-type", "f"], capture_output=True, text=True)
        assert found.stdout == ""

    def test_a_crash_leaves_no_core_file(self, new_sandbox):
        pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text()
        sandbox = new_sandbox()
        with pytest.raises(e2b.CommandExitException):
            sandbox.commands.run("cd /tmp && ulimit -c unlimited; python3 -c 'import os; os.abort()'")
        assert "core" not in sandbox.commands.run("ls /tmp").stdout
        assert pathlib.Path("/proc/sys/kernel/core_pattern").read_text() == pattern

    def test_its_host_name_is_its_own(self, new_sandbox):
        before = socket.gethostname()
        sandbox = new_sandbox()
        sandbox.commands.run("hostname attacked || true", user="root")
        assert socket.gethostname() == before
        assert sandbox.commands.run("hostname").stdout.strip() != before

    def test_its_ids_are_its_own(self, new_sandbox):
        read = lambda path: new_sandbox().commands.run(f"cat {path}").stdout
        for path in ("/proc/sys/kernel/random/boot_id", "/etc/machine-id"):
            first, second = read(path), read(path)
            assert first != second, path
            assert not os.path.exists(path) or first != pathlib.Path(path).read_text()
