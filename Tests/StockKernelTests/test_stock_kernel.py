"""Nestbox on the kernel that Debian 12 has (6.1, no mounts straight from files) and on cgroup v2 alone."""

import pytest

from nestbox_support.stock_machine import StockMachine, why_not

pytestmark = pytest.mark.timeout(600)

TREE = "/sys/fs/cgroup/system.slice"
SERVE = "nestbox serve --data /var/tmp/data --listen 127.0.0.1:8300 --templates templates"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    if reason := why_not():
        pytest.skip(reason)
    machine = StockMachine(tmp_path_factory.mktemp("stock")).start()
    yield machine
    machine.stop()


@pytest.fixture(scope="module")
def served(machine):
    """The machine with a server, and the environment of a client in its shell."""
    serve(machine)
    return machine


def serve(machine):
    code, text = machine.run(
        f"{SERVE} >/tmp/log 2>&1 & until grep -q ready /tmp/log; do [ -d /proc/$! ] || exit 1; sleep 0.1; done"
    )
    assert code == 0, text + machine.run("cat /tmp/log")[1]


def nestbox(machine, command):
    return machine.run(f'eval "$(nestbox env --data /var/tmp/data)"; nestbox {command}')


def create(machine):
    code, made = nestbox(machine, "sandbox create")
    assert code == 0, made
    return made.strip()


def cgroups(machine):
    """Those of sandboxes, as paths."""
    return machine.run(f"find {TREE} -type d -name 's-*'")[1].split()


def test_it_is_the_machine_that_is_meant(machine):
    assert machine.run("uname -r")[1].startswith("6.1.")
    assert machine.run("grep -c cgroup /proc/self/mounts")[1].strip() == "1"


def test_doctor_finds_the_process_level_available(machine):
    code, report = machine.run("nestbox doctor")
    assert code == 0
    assert "process    available" in report, report
    assert "mounted over a loop device" in report
    assert "cgroups                            v2" in report


class TestOneCommand:
    def test_it_runs(self, machine):
        assert machine.run("nestbox run -- echo hello") == (0, "hello\n")

    def test_memory_is_limited(self, machine):
        code, text = machine.run(
            "nestbox run --template base --templates templates --memory 64MiB -- python3 -c 'x = bytearray(1 << 28)'"
        )
        assert (code, "out of memory" in text) == (137, True), text

    def test_processes_are_limited(self, machine):
        script = "for i in $(seq 20); do sleep 5 & done"
        code, text = machine.run(f"nestbox run --pids 10 --timeout 60s -- sh -c '{script}'")
        assert "Resource temporarily unavailable" in text or "can't fork" in text, (code, text)

    def test_time_is_limited(self, machine):
        code, text = machine.run("nestbox run --timeout 2s -- sleep 60")
        assert code == 124, text

    def test_a_template_is_its_root(self, machine):
        code, text = machine.run(
            "nestbox run --template base --templates templates -- python3 -c 'print(6 * 7)'"
            "; find /sys/fs/cgroup -name 'nestbox-run*'"
        )
        assert (code, text) == (0, "42\n"), text


class TestServer:
    def test_a_sandbox_lives_and_ends(self, served):
        sandbox = create(served)
        # A cgroup that holds processes may not hand controllers down, so the tree stands beside the service's own.
        (cgroup,) = cgroups(served)
        assert "nestbox.service" not in cgroup
        assert served.run(f"cat {cgroup}/memory.swap.max")[1].strip() == "0"
        code, text = nestbox(served, f"sandbox exec {sandbox} -- python3 -c 'print(6 * 7)'")
        assert (code, text.strip()) == (0, "42")
        assert nestbox(served, f"sandbox kill {sandbox}")[0] == 0
        gone = served.run(f"for i in $(seq 100); do [ -d {cgroup} ] || exit 0; sleep 0.1; done; exit 1")
        assert gone[0] == 0

    def test_a_sandbox_out_of_memory_loses_the_command_only(self, served):
        sandbox = create(served)
        bomb = "x = bytearray(1 << 30)"
        assert nestbox(served, f"sandbox exec {sandbox} -- python3 -c '{bomb}'")[0] != 0
        assert nestbox(served, f"sandbox exec {sandbox} -- echo alive") == (0, "alive\n")
        assert nestbox(served, f"sandbox kill {sandbox}")[0] == 0

    def test_the_death_of_the_server_loses_no_sandbox(self, served):
        sandbox = create(served)
        served.run("while killall -9 nestbox-server; do sleep 0.1; done")
        serve(served)
        assert nestbox(served, f"sandbox exec {sandbox} -- echo alive") == (0, "alive\n")
        assert nestbox(served, f"sandbox kill {sandbox}")[0] == 0
