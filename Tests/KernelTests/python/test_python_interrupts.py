"""Ending a cell from outside, and going on after it."""

import os
import signal

import pytest

from nestbox_support.python_kernel import ERROR, STDOUT, eventually

ENDLESS = {
    "a loop": "while True: pass",
    "sleep": "import time; time.sleep(600)",
    "a program": "!sleep 600",
    "await": "import asyncio; await asyncio.sleep(600)",
    "a loop after await": "import asyncio; await asyncio.sleep(0)\nwhile True: pass",
    "a loop in a task": "import asyncio\nasync def spin():\n    while True: pass\n"
    "task = asyncio.create_task(spin()); await asyncio.sleep(600)",
    "output": "while True: print('more' * 1000)",
    "a repr that never ends": "class Endless:\n    def __repr__(self):\n        while True: pass\nEndless()",
    "a lock": "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS.keys())
class TestEndless:
    def test_closing_the_connection_ends_the_cell(self, kernel, code):
        peer = kernel.peer()
        peer.execute("print('begun', flush=True)\n" + code if code[0] not in "%" else code)
        peer.wait_for(STDOUT, b"begun")
        peer.close()
        assert kernel.value("1 + 1") == 2

    def test_a_signal_ends_it_with_keyboard_interrupt(self, kernel, code):
        peer = kernel.peer()
        peer.execute("print('begun')\n" + code)
        peer.wait_for(STDOUT, b"begun")
        frames = []
        # The server asks once more when nothing comes of it, as the kernel itself does.
        peer.socket.settimeout(1)
        for _ in range(10):
            os.killpg(kernel.pid, signal.SIGINT)
            try:
                frames = [peer.wait_for(ERROR)]
                break
            except TimeoutError:
                peer.go_on()
        assert frames[0]["name"] == "KeyboardInterrupt"
        assert kernel.value("1 + 1") == 2


class TestSignals:
    def test_a_program_that_c_waits_for_ends_too(self, kernel):
        """The C library ignores interrupts while it waits, so the cell itself goes on."""
        peer = kernel.peer()
        peer.execute("import os; print('begun')\nos.system('sleep 600'); print('ended')")
        peer.wait_for(STDOUT, b"begun")
        os.killpg(kernel.pid, signal.SIGINT)
        assert peer.wait_for(STDOUT) == b"ended\n"
        peer.close()

    def test_an_idle_kernel_does_not_mind(self, kernel):
        for _ in range(5):
            os.killpg(kernel.pid, signal.SIGINT)
        assert kernel.value("1 + 1") == 2

    def test_a_cells_handler_for_interrupts_ends_with_the_cell(self, kernel):
        kernel.run("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
                   "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})")  # fmt: skip
        peer = kernel.peer()
        peer.execute("print('begun')\nwhile True: pass")
        peer.wait_for(STDOUT)
        os.killpg(kernel.pid, signal.SIGINT)
        error = peer.wait_for(ERROR)
        assert error["name"] == "KeyboardInterrupt" and "nestbox_kernel" not in error["traceback"]
        peer.close()

    def test_a_cell_may_catch_the_interrupt(self, kernel):
        peer = kernel.peer()
        peer.execute("print('begun')\ntry:\n    __import__('time').sleep(600)\nexcept BaseException: print('caught')")
        peer.wait_for(STDOUT, b"begun")
        os.killpg(kernel.pid, signal.SIGINT)
        assert peer.wait_for(STDOUT) == b"caught\n"
        peer.close()

    def test_an_alarm_between_cells_does_no_harm(self, kernel):
        kernel.run("import signal\ndef ring(*_): raise TimeoutError('rang')\nsignal.signal(signal.SIGALRM, ring)\n"
                   "signal.setitimer(signal.ITIMER_REAL, 0.02)")  # fmt: skip
        run = None

        def rang():
            nonlocal run
            run = kernel.run("1")
            return "rang" in run.stderr or (run.error and run.error["name"] == "TimeoutError")

        eventually(rang)
        assert kernel.value("1 + 1") == 2

    def test_sigterm_ends_the_kernel(self, fresh_kernel):
        os.kill(fresh_kernel.pid, signal.SIGTERM)
        assert fresh_kernel.process.wait(60) == -signal.SIGTERM

    def test_an_execution_that_waits_is_forgotten_with_its_peer(self, kernel):
        running, waiting = kernel.peer(), kernel.peer()
        running.execute("print('begun'); import time; time.sleep(600)")
        running.wait_for(STDOUT)
        waiting.execute("never = 1")
        waiting.close()
        assert kernel.hello()["idle"] is False
        running.close()
        assert kernel.value("'never' in globals()") is False
