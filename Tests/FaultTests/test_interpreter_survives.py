"""kill -9 of the server, of the spawner and of what is kept warm: contexts and what they hold do not notice."""

import os
import signal
import threading

import e2b_code_interpreter
import pytest

from nestbox_support import host
from nestbox_support.interpreter import assert_well, printed
from nestbox_support.waiting import eventually

PATIENCE = 30


@pytest.fixture
def interpreter(own):
    return e2b_code_interpreter.Sandbox.create(timeout=300)


def restart(server):
    server.kill()
    server.start()


def zygotes(server):
    """The warm interpreters of the server's, in the host's numbers."""
    for directory in host.cgroups(host.instance(server)):
        try:
            pids = open(os.path.join(directory, "cgroup.procs")).read().split()
        except OSError:  # removed meanwhile
            continue
        for pid in map(int, pids):
            if any(word.endswith("/zygote") for word in host.command_line(pid)):
                yield pid


def test_contexts_and_their_state_are_found_again(own, interpreter):
    contexts = [interpreter.create_code_context(cwd="/tmp"), interpreter.create_code_context(language="js")]
    interpreter.run_code("kept = 'default'")
    interpreter.run_code("kept = 'own'", context=contexts[0])
    interpreter.run_code("let kept = 'script'", context=contexts[1])
    before = {(one.id, one.language, one.cwd) for one in interpreter.list_code_contexts()}
    restart(own)
    assert before <= {(one.id, one.language, one.cwd) for one in interpreter.list_code_contexts()}
    assert interpreter.run_code("kept").text == "default"
    assert [interpreter.run_code("kept", context=one).text for one in contexts] == ["own", "script"]


def test_the_count_of_executions_goes_on(own, interpreter):
    before = interpreter.run_code("pass").execution_count
    restart(own)
    assert interpreter.run_code("pass").execution_count == before + 1


def test_a_cell_that_ran_meanwhile_is_interrupted_and_its_state_is_kept(own, interpreter):
    interpreter.run_code("kept = 1")
    begun = threading.Event()
    code = "import time\nprint('begun', flush=True)\ntime.sleep(1000)"

    def run():
        try:
            interpreter.run_code(code, on_stdout=lambda _: begun.set())
        except Exception:  # the stream breaks when the server dies
            pass

    runner = threading.Thread(target=run)
    runner.start()
    assert begun.wait(PATIENCE)
    restart(own)
    runner.join(PATIENCE)
    assert interpreter.run_code("kept", timeout=PATIENCE).text == "1"


def test_no_context_is_listed_that_was_removed(own, interpreter):
    context = interpreter.create_code_context()
    assert_well(interpreter, context)
    interpreter.remove_code_context(context)
    restart(own)
    assert context.id not in [one.id for one in interpreter.list_code_contexts()]


def test_a_kernel_that_died_while_nobody_looked_is_replaced(own, interpreter):
    context = interpreter.create_code_context()
    pid = interpreter.run_code("import os; os.getpid()", context=context).text
    interpreter.commands.run(f"(sleep 1; kill -9 {pid}) >/dev/null 2>&1 &", user="root")
    own.kill()
    own.start()
    alive = lambda: interpreter.commands.run(f"kill -0 {pid} 2>/dev/null && echo yes || true", user="root").stdout
    eventually(lambda: not alive(), "the end of the kernel")
    interpreter.run_code("1", timeout=PATIENCE)
    assert_well(interpreter, seconds=PATIENCE)


def test_a_new_server_gives_warm_kernels_again(own, interpreter):
    assert_well(interpreter)
    restart(own)
    fresh = e2b_code_interpreter.Sandbox.create(timeout=300)
    assert printed(fresh.run_code("import pandas; print(len(pandas.DataFrame({'a': [1, 2]})))")) == "2\n"


def test_the_death_of_the_spawner_is_not_noticed(own, interpreter):
    interpreter.run_code("kept = 2")
    spawner = host.wait_for_spawner(own)
    os.kill(spawner, signal.SIGKILL)
    host.wait_for_spawner(own, other_than=spawner)
    assert interpreter.run_code("kept", timeout=PATIENCE).text == "2"
    assert_well(interpreter, interpreter.create_code_context(), PATIENCE)


def test_the_death_of_what_is_kept_warm_takes_no_kernel_and_stops_no_start(own, interpreter):
    interpreter.run_code("kept = 3")
    before = set(eventually(lambda: list(zygotes(own)), "a warm interpreter"))
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert interpreter.run_code("kept").text == "3"
    assert_well(e2b_code_interpreter.Sandbox.create(timeout=300), seconds=PATIENCE)
    eventually(lambda: set(zygotes(own)) - before, "a new warm interpreter", PATIENCE)


def test_when_all_are_killed_nothing_is_left(own, name):
    sandboxes = [e2b_code_interpreter.Sandbox.create(timeout=300) for _ in range(5)]
    for sandbox in sandboxes:
        assert_well(sandbox)
        sandbox.kill()
    warm = lambda: set(zygotes(own))
    eventually(lambda: not host.sandbox_processes(name) - warm(), "every process to be gone")
