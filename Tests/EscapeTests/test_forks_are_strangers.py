"""Kernels are forks of one warm process, and know nothing of each other that they could guess the other by.

The judge is a program that tells all that should be fresh in its process. Sixty-four kernels tell it, and no two may
agree on any of it. That the judge can see is shown on forks that nobody made strangers: they agree on much. To see the
whole test fail, take an entry out of the list of what is made afresh, or the call of it that the landed kernel makes:
`Stranger` in Kernels/python.
"""

import concurrent.futures
import itertools
import json
import subprocess
import sys
import time

import e2b_code_interpreter
import pytest

from nestbox_support.waiting import eventually

KERNELS = 64
WARMING_SECONDS = 60
CONTEXTS_OF_ONE_SANDBOX = 8
AT_ONCE = 8
CLOCK_SECONDS = 5
# Memory that a process has in common with others though it was written to: only a fork has that.
COMMON_BYTES = 20 << 20

PROBE = r"""
def tell():
    import multiprocessing, os, random, secrets, sqlite3, ssl, string, tempfile, uuid

    told = {
        "random": [random.getrandbits(256) for _ in range(2)],
        "random, a choice": "".join(random.choices(string.ascii_letters, k=40)),
        "random, a new generator": random.Random().getrandbits(256),
        "os.urandom": os.urandom(16).hex(),
        "os.getrandom": os.getrandom(16).hex(),
        "secrets": secrets.token_hex(16),
        "uuid1": uuid.uuid1().hex,
        "uuid1, its sequence and node": f"{uuid.uuid1().clock_seq} {uuid.getnode()} {uuid.uuid1().time}",
        "uuid4": uuid.uuid4().hex,
        "ssl": ssl.RAND_bytes(16).hex(),
        "authkey": bytes(multiprocessing.current_process().authkey).hex(),
        "temporary name": tempfile.mktemp(),
        "temporary names to come": [next(tempfile._get_candidate_names()) for _ in range(3)],
        "temporary directory": tempfile.mkdtemp(),
        "sqlite": sqlite3.connect(":memory:").execute("select hex(randomblob(16))").fetchone()[0],
    }
    return told


def tell_of_numbers():
    import numpy, pandas

    return {
        "numpy.random": numpy.random.bytes(16).hex(),
        "numpy.random, normal": numpy.random.standard_normal(4).tolist(),
        "numpy, a new generator": numpy.random.default_rng().bytes(16).hex(),
        "numpy, a new legacy generator": numpy.random.RandomState().bytes(16).hex(),
        "pandas, a sample": pandas.Series(range(10**6)).sample(5).tolist(),
    }


def tell_of_the_machine():
    import pathlib, platform, socket

    return {
        "hostname": socket.gethostname(),
        "hostname by platform": platform.node(),
        "hostname by uname": os.uname().nodename,
        "hostname by its file": pathlib.Path("/etc/hostname").read_text().strip(),
        "machine-id": pathlib.Path("/etc/machine-id").read_text().strip(),
        "boot_id": pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "sandbox": os.environ["E2B_SANDBOX_ID"],
    }


def tell_of_the_process():
    import pathlib, threading, time

    status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
    memory = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    return {
        "pids": [os.getpid(), int(os.readlink("/proc/self")), threading.get_native_id(), int(status["Pid"])],
        "main thread": threading.current_thread() is threading.main_thread(),
        "threads": int(status["Threads"]),
        "session": os.getsid(0) == os.getpid(),
        "wall clock": time.time(),
        "common bytes": int(memory["Shared_Dirty"].split()[0]) << 10,
    }
"""


def telling(fresh):
    """A program that tells what `fresh` evaluates to, and of its process."""
    return f"{PROBE}\nimport json, os\nprint(json.dumps([{fresh}, tell_of_the_process()]))"


# Of kernels in one sandbox, which is one machine, and of kernels in sandboxes of their own.
OF_ONE_MACHINE = telling("tell() | tell_of_numbers()")
ALL = telling("tell() | tell_of_numbers() | tell_of_the_machine()")


def agreements(tellings):
    """The names of what any two of the tellings have in common."""
    pairs = itertools.combinations(tellings, 2)
    return {name for one, other in pairs for name in one if one[name] == other[name]}


def ask(sandbox, code=ALL, context=None):
    before = time.time()
    execution = sandbox.run_code(code, context=context)
    assert execution.error is None, execution.error.traceback
    fresh, process = json.loads("".join(execution.logs.stdout))
    return fresh, process | {"asked between": (before, time.time())}


def is_fork(process):
    return process["common bytes"] > COMMON_BYTES


def next_is_fork():
    sandbox = e2b_code_interpreter.Sandbox.create(timeout=60)
    try:
        return is_fork(ask(sandbox)[1])
    finally:
        sandbox.kill()


@pytest.fixture(scope="module")
def strangers(plain_environment):
    """What each of the kernels said, all of them alive at once."""
    sandboxes = []
    eventually(next_is_fork, "a warm process that new kernels are forks of", WARMING_SECONDS)

    def make(_):
        sandbox = e2b_code_interpreter.Sandbox.create(timeout=600)
        sandboxes.append(sandbox)
        return ask(sandbox)

    try:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            yield list(pool.map(make, range(KERNELS)))
    finally:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda sandbox: sandbox.kill(), sandboxes))


def test_no_two_agree_on_anything_that_is_random_or_theirs(strangers):
    assert len(strangers) == KERNELS
    assert agreements([fresh for fresh, _ in strangers]) == set()


def test_each_agrees_with_itself_on_its_names(strangers):
    for fresh, _ in strangers:
        assert len({fresh[name] for name in fresh if name.startswith("hostname")}) == 1
        assert fresh["machine-id"] and fresh["boot_id"]


def test_each_knows_its_own_process(strangers):
    for _, process in strangers:
        assert len(set(process["pids"])) == 1
        assert process["main thread"] and process["session"]


def test_each_has_the_right_time(strangers):
    for _, process in strangers:
        before, after = process["asked between"]
        assert before - CLOCK_SECONDS < process["wall clock"] < after + CLOCK_SECONDS


def test_they_are_forks_of_a_warm_process(strangers):
    """Else all of the above would be true of any sixty-four processes, and prove nothing."""
    forks = [process for _, process in strangers if is_fork(process)]
    assert len(forks) > KERNELS * 3 // 4


def test_contexts_of_one_sandbox_are_strangers_too(new_interpreter):
    sandbox = new_interpreter()
    contexts = [sandbox.create_code_context() for _ in range(CONTEXTS_OF_ONE_SANDBOX)]
    told = [ask(sandbox, OF_ONE_MACHINE, context)[0] for context in [None, *contexts]]
    assert agreements(told) == set()


def test_the_same_context_never_says_the_same_twice(new_interpreter):
    sandbox = new_interpreter()
    told = [ask(sandbox, OF_ONE_MACHINE)[0] for _ in range(2)]
    assert agreements(told) <= {"authkey"}  # a process has one for its life


# Forks as the landing does: by the call of C, so that no hook of Python's makes anything afresh.
FORKS = (
    PROBE
    + """
import ctypes, json, os, sys
tell()  # warm, as the process is that kernels are forked from
for _ in range(int(sys.argv[1])):
    if (pid := ctypes.PyDLL(None).fork()) == 0:
        os.write(1, json.dumps(tell()).encode() + b"\\n")
        os._exit(0)
    os.waitpid(pid, 0)
"""
)


def bare_forks(count):
    """What forks of one warm process say, which nobody made strangers."""
    done = subprocess.run([sys.executable, "-c", FORKS, str(count)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_judge_sees_forks_that_are_no_strangers():
    told = bare_forks(3)
    assert len(told) == 3
    assert {"random", "random, a choice", "authkey"} <= agreements(told)


def test_the_judge_sees_one_pair_among_many():
    told = bare_forks(2)
    others = [{name: f"{name} {number}" for name in told[0]} for number in range(KERNELS - 2)]
    assert "random" in agreements([told[0], *others, told[1]])
    assert agreements(others) == set()
