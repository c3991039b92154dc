"""A cell that is given up is interrupted, and the kernel can be used again."""

import threading
import time

import e2b
import pytest

from nestbox_support.interpreter import assert_well, printed, stdout
from nestbox_support.waiting import eventually

# Longer than an interrupt takes, and than a kernel that does not heed it is waited for (5 s) and replaced.
PATIENCE = 30


@pytest.fixture
def context(interpreter):
    context = interpreter.create_code_context()
    yield context
    interpreter.remove_code_context(context)


def give_up(sandbox, code, context, **options):
    with pytest.raises(e2b.TimeoutException, match="Execution timed out"):
        sandbox.run_code(code, context=context, **{"timeout": 0.5} | options)


class TestTimeouts:
    @pytest.mark.parametrize(
        "code",
        [
            "while True: pass",
            "import time; time.sleep(1000)",
            "import subprocess; subprocess.run(['sleep', '1000'])",
            "!sleep 1000",
            "import asyncio; await asyncio.sleep(1000)",
            "import threading; threading.Event().wait()",
            "import socket; a, b = socket.socketpair(); a.recv(1)",
            "while True: print('flood')",
            "import re; re.match('(a*)*b', 'a' * 40)",
        ],
        ids=["loop", "sleep", "child", "shell", "await", "lock", "socket", "flood", "pattern"],
    )
    def test_what_takes_too_long_is_interrupted_and_the_state_is_kept(self, interpreter, context, code):
        interpreter.run_code("kept = 'state'", context=context)
        give_up(interpreter, code, context)
        assert interpreter.run_code("kept", context=context, timeout=PATIENCE).text == "state"

    def test_the_child_of_an_interrupted_cell_ends_too(self, interpreter, context):
        give_up(interpreter, "import subprocess; subprocess.run(['sleep', '98765'])", context)
        alive = lambda: interpreter.commands.run("pgrep -f '[s]leep 98765' || true").stdout.strip()
        eventually(lambda: not alive(), "the child to be gone", PATIENCE)

    def test_the_interrupted_cell_may_clean_up(self, interpreter, context):
        code = "import time\ntry:\n    time.sleep(1000)\nfinally:\n    cleaned = True"
        give_up(interpreter, code, context)
        assert interpreter.run_code("cleaned", context=context, timeout=PATIENCE).text == "True"

    def test_no_limit_is_no_limit(self, interpreter):
        assert interpreter.run_code("import time; time.sleep(1.5); 'slept'", timeout=0).text == "slept"

    def test_again_and_again(self, interpreter, context):
        interpreter.run_code("count = 0", context=context)
        for _ in range(3):
            give_up(interpreter, "count += 1\nwhile True: pass", context, timeout=0.5)
        assert interpreter.run_code("count", context=context, timeout=PATIENCE).text == "3"

    def test_the_next_in_the_row_gets_its_turn(self, interpreter, context):
        begun, found = threading.Event(), []
        code = "import time\nprint('begun', flush=True)\ntime.sleep(1000)"
        second = threading.Thread(
            target=lambda: (
                begun.wait(20)
                and found.append(interpreter.run_code("'second'", context=context, timeout=PATIENCE).text)
            )
        )
        second.start()
        with pytest.raises(e2b.TimeoutException):
            interpreter.run_code(code, context=context, timeout=2, on_stdout=lambda _: begun.set())
        second.join()
        assert found == ["second"]

    def test_a_run_that_is_given_up_in_the_row_never_runs(self, interpreter, context):
        first = threading.Thread(
            target=lambda: interpreter.run_code("import time; time.sleep(3); ran = []", context=context, timeout=60)
        )
        first.start()
        eventually(lambda: first.is_alive(), "the first run to begin")
        time.sleep(0.5)  # the second must stand in the row behind the first
        give_up(interpreter, "ran.append('second')", context)
        first.join()
        assert interpreter.run_code("ran", context=context, timeout=PATIENCE).text == "[]"

    @pytest.mark.parametrize(
        "language,code,after,said",
        [
            ("javascript", "while (true) {}", "console.log('well')", "well\n"),
            ("javascript", "await new Promise(() => {})", "console.log('well')", "well\n"),
            ("typescript", "while (true) {}", "console.log('well')", "well\n"),
            ("bash", "sleep 1000", "echo well", "well\n"),
            ("bash", "while :; do :; done", "echo well", "well\n"),
            ("bash", "trap '' INT; while :; do :; done", "echo well", "well\n"),
        ],
    )
    def test_other_languages_are_interrupted_too(self, interpreter, language, code, after, said):
        with pytest.raises(e2b.TimeoutException):
            interpreter.run_code(code, language=language, timeout=0.5)
        assert stdout(interpreter.run_code(after, language=language, timeout=PATIENCE)) == said


class TestUnwilling:
    """A kernel that does not heed the interrupt is replaced: the state is lost, the context is not."""

    @pytest.mark.parametrize(
        "code",
        [
            "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
            "import signal; signal.signal(signal.SIGINT, lambda *_: None)\nwhile True: pass",
            "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\nwhile True: pass",
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
            "import ctypes; ctypes.PyDLL(None).sleep(1000)",
            "sum(range(10**12))",
            "class E:\n    def __repr__(self):\n        while True:\n            try:\n                while True:\n"
            "                    pass\n            except BaseException: pass\nE()",
        ],
        ids=["ignores", "handles", "blocks", "swallows", "holds the lock", "looks at no signal", "endless repr"],
    )
    def test_the_context_is_usable_again(self, notebook, code):
        context = notebook.create_code_context()
        give_up(notebook, code, context)
        assert_well(notebook, context, PATIENCE)
        notebook.remove_code_context(context)

    def test_a_handler_of_one_cell_does_not_hold_the_next_ones(self, notebook):
        context = notebook.create_code_context()
        notebook.run_code("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)", context=context)
        give_up(notebook, "while True: pass", context)
        assert_well(notebook, context, PATIENCE)
        notebook.remove_code_context(context)


class TestDisconnects:
    def test_a_client_that_leaves_interrupts_its_cell(self, notebook, kernels):
        notebook.run_code("left = 'kept'")
        code = "import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.01)"
        with kernels(notebook).running(code) as response:
            assert any("begun" in line for line in response.iter_lines())
        assert notebook.run_code("left", timeout=PATIENCE).text == "kept"

    def test_one_that_leaves_in_a_flood_does_too(self, notebook, kernels):
        notebook.run_code("left = 'kept'")
        with kernels(notebook).running("while True: print('x' * 1000)") as response:
            assert next(response.iter_bytes())
        assert notebook.run_code("left", timeout=PATIENCE).text == "kept"

    def test_one_that_leaves_at_once_does_no_harm(self, notebook, kernels):
        for _ in range(20):
            with kernels(notebook).running("import time; time.sleep(1000)"):
                pass
        assert_well(notebook, seconds=PATIENCE)

    def test_an_interrupt_between_cells_does_no_harm(self, notebook):
        notebook.run_code("import os; pid = os.getpid(); idle = 'kept'")
        pid = notebook.run_code("pid").text
        notebook.commands.run(f"kill -INT {pid}", user="root")
        assert notebook.run_code("idle").text == "kept"

    def test_a_signal_by_the_code_itself_is_its_interrupt(self, notebook):
        execution = notebook.run_code("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(1000)")
        assert execution.error.name == "KeyboardInterrupt"
        assert printed(notebook.run_code("print('well')")) == "well\n"
