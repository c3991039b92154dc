"""The zygote: forks that are kernels, and strangers to each other."""

import itertools
import os
import signal
from pathlib import Path

from nestbox_support.python_kernel import eventually, warm_zygote

FORKS = 16
# What no two forks may have in common. Each is a text.
SECRETS = {
    "random": "__import__('random').random()",
    "random's state": "__import__('random').getstate()",
    "numpy's state": "__import__('numpy').random.get_state()[1].tobytes()",
    "numpy's generator": "__import__('numpy').random.default_rng().random()",
    "uuid4": "str(__import__('uuid').uuid4())",
    "uuid1": "str(__import__('uuid').uuid1())",
    "secrets": "__import__('secrets').token_hex()",
    "OpenSSL": "__import__('ssl').RAND_bytes(16)",
    "temporary names": "__import__('tempfile').mktemp()",
    "authentication key": "bytes(__import__('multiprocessing').current_process().authkey)",
    "process number": "__import__('os').getpid()",
    "environment": "__import__('os').environ['WHO']",
}


# Looks through all that the process may read of itself for a text that is only here in two halves.
SEARCH = """
import re
first, second = b"of-one-", b"sandbox-only"
found = 0
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        start, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (....)", line).groups()
        if rights.startswith("rw") and "[v" not in line:
            memory.seek(int(start, 16))
            try:
                part = memory.read(int(end, 16) - int(start, 16))
            except OSError:
                continue
            at = part.find(first)
            while at >= 0:
                found += part[at + len(first) : at + len(first) + len(second)] == second
                at = part.find(first, at + 1)
            del part
"""


def has_ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class TestConversation:
    def test_a_ping_is_answered(self, zygote):
        zygote.socket.send(b"\2")
        assert zygote.socket.recv(16) == b"\4"

    def test_a_fork_whose_order_is_none_ends_and_the_zygote_goes_on(self, zygote):
        for order in (b"{}", zygote.payload("x") | {"language": "ruby"}):
            kind, rest = zygote.order(order)
            assert kind == 2
            eventually(lambda: has_ended(int.from_bytes(rest, "little")))
        zygote.socket.send(b"\2")
        assert zygote.socket.recv(16) == b"\4"

    def test_it_has_one_thread_and_no_descriptor_of_its_own(self, zygote):
        pid = zygote.process.pid
        assert len(os.listdir(f"/proc/{pid}/task")) == 1
        assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2", "3"]

    def test_it_ends_with_the_spawner(self, tmp_path):
        with warm_zygote(tmp_path, "--preload", "json") as zygote:
            assert zygote.end() == 0

    def test_it_preloads_what_it_is_told(self, tmp_path):
        with warm_zygote(tmp_path, "--preload", "colorsys") as zygote:
            loaded = zygote.land("one").value("[n in __import__('sys').modules for n in ('colorsys', 'pandas')]")
            assert loaded == [True, False]


class TestKernel:
    def test_a_fork_is_a_kernel_of_its_context(self, zygote, tmp_path):
        kernel = zygote.land("first")
        hello = kernel.hello()
        assert (hello["context"], hello["cwd"], hello["pid"]) == ("first", str(zygote.directory), kernel.pid)
        assert hello["idle"] is True

    def test_nothing_of_the_warming_is_left(self, zygote):
        """A fork's first cell sees what a cold kernel's first cell sees."""
        kernel = zygote.land("clean")
        names = kernel.run("sorted(globals())")
        assert names.count == 1 and "'pd'" not in names.main["text/plain"] and "'plt'" not in names.main["text/plain"]
        assert kernel.value("(len(In), list(Out))") == (3, [1])
        assert kernel.value("hasattr(__import__('sys'), 'last_value')") is False
        assert kernel.value("__import__('matplotlib').pyplot.get_fignums()") == []

    def test_it_has_the_names_of_a_cold_kernel(self, zygote, fresh_kernel):
        expression = "sorted(name for name in globals())"
        assert zygote.land("names").value(expression) == fresh_kernel.value(expression)

    def test_pandas_answers_at_once(self, zygote):
        run = zygote.land("pandas").run("import pandas\npandas.DataFrame({'a': [1, 2]}).describe()")
        assert "count" in run.main["text/plain"] and "e2b/data" in run.main

    def test_the_pages_of_a_first_table_are_its_own_from_the_start(self, zygote):
        """A fault for each would cost more than the cell itself: without them 1,300 are seen here."""
        before = "import resource\ndef faults(): return resource.getrusage(0).ru_minflt\n\nfirst = faults()\n"
        cell = "import pandas\n_ = repr(pandas.DataFrame({'a': [1, 2]}).describe())\nfaults() - first"
        assert 0 <= int(zygote.land("faults").run(before + cell).main["text/plain"]) < 400

    def test_figures_errors_and_programs_work(self, zygote):
        kernel = zygote.land("works")
        assert "image/png" in kernel.run("import matplotlib.pyplot as plt; _ = plt.plot([1])").results[0]["data"]
        assert kernel.run("1 / 0").error["name"] == "ZeroDivisionError"
        assert kernel.run("!echo program").stdout == "program\n"
        assert kernel.run("import asyncio; await asyncio.sleep(0, 1)").main["text/plain"] == "1"

    def test_it_can_be_interrupted(self, zygote):
        kernel = zygote.land("interrupted")
        peer = kernel.peer()
        peer.execute("print('begun')\nwhile True: pass")
        peer.wait_for(0x82)
        os.killpg(kernel.pid, signal.SIGINT)
        assert peer.wait_for(0x85)["name"] == "KeyboardInterrupt"
        peer.close()

    def test_its_environment_is_the_orders_alone(self, zygote):
        environment = zygote.land("environment", {"ONLY": "this"}).value("dict(__import__('os').environ)")
        assert environment == zygote.payload("environment", {"ONLY": "this"})["environment"]

    def test_it_finds_nothing_of_its_siblings_orders_in_its_memory(self, zygote):
        secret = {"SECRET": "of-one-" + "sandbox-only"}
        keeper, sibling = zygote.land("keeper", secret), zygote.land("sibling")
        found = []
        for kernel in (keeper, sibling):
            kernel.run(SEARCH)
            found.append(kernel.value("found"))
        assert found[0] > 0, "the search finds nothing at all"
        assert found[1] == 0

    def test_its_random_numbers_can_still_be_seeded(self, zygote):
        kernels = [zygote.land(f"seeded-{n}") for n in range(2)]
        code = "__import__('random').seed(1) or __import__('random').random()"
        assert kernels[0].value(code) == kernels[1].value(code)


class TestStrangers:
    def test_no_two_forks_share_a_secret(self, zygote):
        kernels = [zygote.land(f"stranger-{n}", {"WHO": str(n)}) for n in range(FORKS)]
        expression = "{" + ", ".join(f"{name!r}: {code}" for name, code in SECRETS.items()) + "}"
        answers = [kernel.value(expression) for kernel in kernels]
        for one, other in itertools.combinations(answers, 2):
            assert [name for name in SECRETS if one[name] == other[name]] == []

    def test_a_fork_does_not_see_what_another_did(self, zygote):
        one, other = zygote.land("one"), zygote.land("other")
        one.run("import math; math.secret = 1; secret = 2")
        assert other.value("('secret' in globals(), hasattr(__import__('math'), 'secret'))") == (False, False)

    def test_a_fork_outlives_its_zygote(self, tmp_path):
        with warm_zygote(tmp_path, "--preload", "json") as zygote:
            kernel = zygote.land("orphan")
            zygote.socket.close()
            eventually(lambda: zygote.process.poll() is not None)
            assert kernel.value("1 + 1") == 2
