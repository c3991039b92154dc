"""Code that breaks its own kernel: the call ends with a clear event, and the next one works."""

import e2b
import pytest

from nestbox_support.interpreter import DEATH, assert_well, of_type, printed, stderr
from nestbox_support.waiting import eventually

PATIENCE = 60
# No limit of Python's own comes before the end of such a small stack.
OVERFLOW = """
import json, threading
threading.stack_size(32768)
nested = []
for _ in range(900): nested = [nested]
thread = threading.Thread(target=json.dumps, args=(nested,))
thread.start()
thread.join()
"""


@pytest.fixture
def context(notebook):
    context = notebook.create_code_context()
    yield context
    notebook.remove_code_context(context)


def run(sandbox, code, context, timeout=PATIENCE):
    """Runs what may break the kernel; a run that does not end by itself is given up."""
    try:
        return sandbox.run_code(code, context=context, timeout=timeout)
    except e2b.TimeoutException:
        return None


class TestDeath:
    @pytest.mark.parametrize(
        "code",
        [
            "import os; os._exit(0)",
            "import os; os._exit(7)",
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "import os, signal; os.kill(os.getpid(), signal.SIGTERM)\nimport time; time.sleep(1000)",
            "import os; os.kill(0, 9)",
            "import ctypes; ctypes.string_at(0)",
            "import os; os.abort()",
            "import faulthandler; faulthandler._sigsegv()",
            "import os; os.execv('/bin/true', ['true'])",
            OVERFLOW,
            "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass",
        ],
        ids=[
            "exit",
            "exit 7",
            "kill",
            "terminate",
            "kill all",
            "null",
            "abort",
            "fault",
            "exec",
            "stack",
            "time limit",
        ],
    )
    def test_a_kernel_that_dies_is_an_error_and_a_fresh_one(self, notebook, context, code):
        notebook.run_code("gone = 1", context=context)
        execution = notebook.run_code(code, context=context, timeout=PATIENCE)
        assert execution.error.name == DEATH
        assert "state is lost" in execution.error.value
        assert_well(notebook, context)
        assert notebook.run_code("gone", context=context).error.name == "NameError"

    def test_what_was_said_before_is_kept(self, notebook, context):
        execution = notebook.run_code("print('last words', flush=True)\nimport os; os._exit(1)", context=context)
        assert ("".join(execution.logs.stdout), execution.error.name) == ("last words\n", DEATH)

    def test_the_stream_ends_as_it_should(self, notebook, context, kernels):
        events = kernels(notebook).run("import os; os._exit(1)", context_id=context.id)
        assert [event["name"] for event in of_type(events, "error")] == [DEATH]

    def test_the_others_do_not_notice(self, notebook, context):
        notebook.run_code("alive = 'yes'")
        notebook.run_code("import os; os._exit(1)", context=context)
        assert notebook.run_code("alive").text == "yes"

    def test_a_kernel_killed_between_cells_is_replaced(self, notebook, context):
        pid = notebook.run_code("import os; os.getpid()", context=context).text
        notebook.commands.run(f"kill -9 {pid}", user="root")
        execution = notebook.run_code("1 + 1", context=context, timeout=PATIENCE)
        assert execution.text == "2" or execution.error.name == DEATH
        assert_well(notebook, context)

    def test_each_death_leaves_nothing_behind(self, notebook, context):
        count = lambda: int(notebook.commands.run("ps -eo pid= | wc -l").stdout)
        assert_well(notebook, context)
        before = count()
        for _ in range(5):
            notebook.run_code("import os; os._exit(1)", context=context, timeout=PATIENCE)
        assert_well(notebook, context)
        eventually(lambda: count() <= before, "as many processes as before")

    def test_a_child_that_forgets_to_leave_is_no_second_kernel(self, notebook, context):
        execution = notebook.run_code(
            "import os\nkind = 'child' if os.fork() == 0 else 'parent'\nkind", context=context
        )
        assert [result.text for result in execution.results] == ["parent"]
        assert {notebook.run_code("kind", context=context, timeout=PATIENCE).text for _ in range(20)} == {"parent"}

    def test_children_by_multiprocessing_work(self, notebook, context):
        code = "import multiprocessing\nwith multiprocessing.Pool(4) as pool: out = pool.map(abs, range(-3, 0))\nout"
        assert notebook.run_code(code, context=context, timeout=PATIENCE).text == "[3, 2, 1]"


class TestExhaustion:
    """Each in a sandbox of its own, whose limits it meets."""

    @pytest.mark.parametrize(
        "code",
        [
            "x = bytearray(10 * 2**30)",
            "x = []\nwhile True: x.append(bytearray(2**24))",
            "import numpy; x = numpy.ones(10 * 2**27)",
            "x = 'x' * (10 * 2**30)",
        ],
        ids=["at once", "bit by bit", "numpy", "text"],
    )
    def test_ten_gigabytes(self, new_interpreter, code):
        sandbox = new_interpreter()
        execution = sandbox.run_code(code, timeout=PATIENCE)
        assert execution.error.name in ("MemoryError", "_ArrayMemoryError", DEATH)
        assert_well(sandbox)

    def test_a_fork_bomb(self, new_interpreter):
        sandbox = new_interpreter()
        assert_well(sandbox)
        run(sandbox, "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError: pass", None, 5)
        assert_well(sandbox, seconds=PATIENCE)

    def test_a_fork_bomb_of_a_shell(self, new_interpreter):
        sandbox = new_interpreter()
        assert_well(sandbox)
        run(sandbox, "%%bash\nbomb() { bomb | bomb & }; bomb; sleep 3", None, 5)
        assert_well(sandbox, seconds=PATIENCE)

    def test_a_thousand_threads(self, notebook, context):
        code = "import threading, time\nthreads = []\ntry:\n    for _ in range(100_000):\n"
        code += (
            "        threads.append(threading.Thread(target=time.sleep, args=(3,), daemon=True)); threads[-1].start()\n"
        )
        run(notebook, code + "except RuntimeError as error: print(error)", context, 20)
        assert_well(notebook, context, PATIENCE)

    def test_every_descriptor(self, notebook, context):
        run(notebook, "kept = []\nwhile True: kept.append(open('/dev/null'))", context, 20)
        run(notebook, "import os\nwhile True: os.dup(0)", context, 20)
        run(notebook, "del kept\nimport gc; gc.collect()", context, 20)
        assert_well(notebook, context, PATIENCE)

    def test_a_full_disk(self, new_interpreter):
        sandbox = new_interpreter()
        code = "try:\n    with open('/home/user/full', 'wb') as file:\n        while True: file.write(bytes(2**24))\n"
        execution = sandbox.run_code(code + "except OSError as error: print(error.errno)", timeout=PATIENCE)
        assert printed(execution) == "28\n"
        assert_well(sandbox)
        sandbox.create_code_context()


class TestResults:
    def test_one_of_two_hundred_megabytes_is_an_error(self, notebook, context):
        execution = notebook.run_code("'x' * 200_000_000", context=context, timeout=PATIENCE)
        assert execution.error.name == "ResultTooLarge"
        assert_well(notebook, context)

    def test_one_of_twenty_megabytes_is_none(self, notebook, context):
        assert len(notebook.run_code("'x' * 20_000_000", context=context, timeout=PATIENCE).text) == 20_000_000

    def test_a_plot_of_a_million_points(self, notebook, context):
        code = "import numpy as np, matplotlib.pyplot as plt\nplt.plot(np.random.rand(1_000_000), '.')\nplt.show()"
        execution = notebook.run_code(code, context=context, timeout=PATIENCE)
        assert any(result.png for result in execution.results) or execution.error.name == "ResultTooLarge"
        assert_well(notebook, context)

    def test_ten_thousand_results(self, notebook, context):
        results = notebook.run_code("for n in range(10_000): display(n)", context=context, timeout=PATIENCE).results
        assert [result.text for result in results] == [str(n) for n in range(10_000)]

    def test_a_text_form_that_never_ends(self, notebook, context):
        notebook.run_code("kept = 1", context=context)
        code = "class Endless:\n    def __repr__(self):\n        while True: pass\nEndless()"
        assert run(notebook, code, context, 2) is None
        assert notebook.run_code("kept", context=context, timeout=PATIENCE).text == "1"

    def test_a_container_that_holds_itself(self, notebook, context):
        assert notebook.run_code("round = []; round.append(round); round", context=context).text == "[[...]]"
        assert notebook.run_code("d = {}; d['d'] = d; d", context=context).text == "{'d': {...}}"

    def test_a_tower_of_lists(self, notebook, context):
        run(notebook, "tower = []\nfor _ in range(100_000): tower = [tower]\ntower", context)
        assert_well(notebook, context)


class TestStreams:
    @pytest.mark.parametrize(
        "code",
        [
            "import sys; sys.stdout.close()",
            "import sys; sys.stdout = None",
            "import sys; sys.stdout = sys.stderr = object()",
            "import sys; del sys.stdout, sys.stderr, sys.__stdout__",
            "import os; os.close(1); os.close(2)",
            "import os; os.close(0)",
            "import os; os.dup2(os.open('/dev/null', os.O_WRONLY), 1)",
            "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); print('x' * 100_000)",
            "import sys; sys.stdout.write = None",
            "import sys; sys.displayhook = None",
            "import sys; sys.excepthook = None; 1 / 0",
        ],
        ids=lambda code: code.split(";", 1)[1].strip()[:40],
    )
    def test_after_it_broke_its_own_output_the_next_cell_works(self, notebook, context, code):
        run(notebook, code, context, 20)
        assert_well(notebook, context, PATIENCE)

    @pytest.mark.parametrize("code", ["import os; os.close(1)", "import sys; sys.stdout.close()"])
    def test_the_next_cell_is_heard_again(self, notebook, context, code):
        run(notebook, code, context, 20)
        assert printed(notebook.run_code("print('heard')", context=context, timeout=PATIENCE)) == "heard\n"


# On every descriptor that the kernel may have open.
EVERYWHERE = """
import os, socket
for fd in range(3, 256):
    try:
        os.set_blocking(fd, False)
        {}
    except OSError: pass
"""
# On every name by which the server finds kernels.
EVERY_NAME = """
import glob, os, socket
kept = []
for path in glob.glob("/run/nestbox/kernels/*.sock"):
    try:
        {}
    except OSError: pass
"""
TAMPERING = {
    "write to all": EVERYWHERE.format("os.write(fd, b'\\xff' * 64)"),
    "forge an end": EVERYWHERE.format("os.write(fd, bytes(4) + b'\\x8f')"),
    "forge a giant": EVERYWHERE.format("os.write(fd, b'\\xff\\xff\\xff\\xff\\x82')"),
    "flood": EVERYWHERE.format("while True: os.write(fd, bytes(65_536))"),
    "read from all": EVERYWHERE.format("os.read(fd, 1 << 20)"),
    "shut down all": EVERYWHERE.format("socket.socket(fileno=fd).shutdown(2)"),
    "close all": "import os; os.closerange(3, 1024)",
    "close everything": "import os; os.closerange(0, 1024)",
    "remove all names": "import shutil; shutil.rmtree('/run/nestbox/kernels')",
    "remove its name": EVERY_NAME.format("os.unlink(path)"),
    "replace its name": EVERY_NAME.format(
        "os.unlink(path); s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(); kept.append(s)"
    ),
    "point its name elsewhere": EVERY_NAME.format("os.unlink(path); os.symlink('/etc/passwd', path)"),
    "make its name a pipe": EVERY_NAME.format("os.unlink(path); os.mkfifo(path)"),
    "connect to itself": EVERY_NAME.format(
        "kept += [socket.socket(socket.AF_UNIX) for _ in range(64)]; [s.setblocking(False) for s in kept]; "
        "[s.connect(path) for s in kept[-64:]]"
    ),
    "break json": "import json; json.dumps = json.loads = None",
    "break calls": "import os, select, socket; os.write = os.read = os.dup2 = select.poll = socket.socket = None",
    "no more files": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))",
    "an alarm": "import signal; signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)\nimport time; time.sleep(0.1)",
    "a directory that is gone": "import os; os.mkdir('/tmp/gone'); os.chdir('/tmp/gone'); os.rmdir('/tmp/gone')",
    "another root": "import os; os.mkdir('/tmp/root'); os.chroot('/tmp/root')",
    "another user": "import os; os.setgid(1000); os.setuid(1000)",
    "a trace": "import sys; sys.settrace(lambda *a: 1 / 0); sys.setprofile(lambda *a: 1 / 0)",
    "no imports": "import sys; sys.meta_path.clear(); sys.path.clear()",
    "an exit that hangs": "import atexit, time; atexit.register(time.sleep, 1000)",
}


@pytest.mark.parametrize("code", TAMPERING.values(), ids=TAMPERING)
def test_after_code_tampered_with_its_kernel_the_next_call_works(new_interpreter, code):
    """The first call after it may say that the kernel died; the one after that works, and others were not hurt."""
    sandbox = new_interpreter()
    assert_well(sandbox)
    run(sandbox, code, None, 6)
    run(sandbox, "1", None, 6)
    assert_well(sandbox, seconds=PATIENCE)
    assert_well(sandbox, sandbox.create_code_context(), seconds=PATIENCE)


def test_names_without_end_leave_the_kernels_that_there_are(new_interpreter):
    """They fill /run, so that no further kernel can listen there, until they are removed."""
    sandbox = new_interpreter()
    assert_well(sandbox)
    run(sandbox, "for n in range(20_000): open(f'/run/nestbox/kernels/{n:040x}.sock', 'w').close()", None, 20)
    assert_well(sandbox, seconds=PATIENCE)
    sandbox.commands.run("find /run/nestbox/kernels -type f -delete", user="root")
    assert_well(sandbox, sandbox.create_code_context(), seconds=PATIENCE)


# What Python code may do to the Python it runs in. Nobody can mend that, but the context can be started again.
SELF_HARM = {
    "no modules": "import sys; sys.modules.clear()",
    "no builtins": "import builtins; builtins.__dict__.clear()",
    "no print": "import builtins; builtins.print = builtins.open = builtins.repr = None",
    "no shell": "get_ipython().run_cell = get_ipython().run_cell_async = None",
    "no displays": "get_ipython().display_formatter.format = get_ipython().displayhook = None",
    "no exceptions": "import builtins; builtins.Exception = builtins.BaseException = int",
}


@pytest.mark.parametrize("code", SELF_HARM.values(), ids=SELF_HARM)
def test_after_code_broke_its_own_python_calls_end_and_a_restart_heals(notebook, context, code):
    for cell in (code, "1", "print('said')"):
        notebook.run_code(cell, context=context, timeout=20)  # whatever it says, it ends
    notebook.restart_code_context(context)
    assert_well(notebook, context, PATIENCE)
    assert printed(notebook.run_code("print('said')", context=context)) == "said\n"


def test_forged_events_are_no_ones_but_its_own(notebook, context):
    """What a cell writes on the kernel's connection may end its own run, and no other."""
    run(notebook, TAMPERING["forge an end"], context, 20)
    assert printed(notebook.run_code("print('default')", timeout=PATIENCE)) == "default\n"


def test_a_listener_that_never_answers_does_not_hang_the_call(new_interpreter):
    sandbox = new_interpreter()
    run(sandbox, TAMPERING["replace its name"], None, 6)
    for _ in range(2):
        run(sandbox, "1", None, 6)
    assert_well(sandbox, seconds=PATIENCE)


def test_neither_server_nor_neighbour_is_hurt(notebook, new_interpreter, server):
    """After all of the above, in this very process of the server."""
    assert server.process.poll() is None
    neighbour = new_interpreter()
    execution = neighbour.run_code("print('well')")
    assert (printed(execution), stderr(execution)) == ("well\n", "")
    assert_well(notebook, seconds=PATIENCE)
