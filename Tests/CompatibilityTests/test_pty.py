"""Terminals."""

import threading

import e2b
import pytest
from e2b import PtySize

from nestbox_support.waiting import eventually

SIZE = PtySize(rows=24, cols=80)


class Terminal:
    """A terminal of either client and what it has shown; a new one, or with `pid` one that runs."""

    def __init__(self, sandbox, pid=None, **options):
        self.sandbox, self.shown = sandbox, bytearray()
        is_streaming = type(sandbox).__name__ == "Blocking"  # the asynchronous client pushes, the other is read
        if is_streaming:
            options["on_data"] = self.shown.extend
        if pid is None:
            self.handle = sandbox.pty.create(**{"size": SIZE, "timeout": 0} | options)
        else:
            self.handle = sandbox.pty.connect(pid, timeout=0, **options)
        self.is_left, self.reader = False, None
        if not is_streaming:
            self.reader = threading.Thread(target=self._read, daemon=True)
            self.reader.start()

    def _read(self):
        try:
            for _, _, data in self.handle:
                self.shown.extend(data or b"")
                if self.is_left:
                    return
        except Exception:  # the stream ends when the terminal is killed or left
            pass

    def type(self, text):
        self.sandbox.pty.send_stdin(self.handle.pid, text.encode())

    def wait_for(self, text):
        eventually(lambda: text.encode() in self.shown, f"{text!r} in {bytes(self.shown)!r}", 10)

    def leave(self):
        """Goes away; the terminal stays. The synchronous client's stream may be closed only by who reads it."""
        self.is_left = True
        if self.reader:
            self.type("\n")
            self.reader.join(10)
        self.handle.disconnect()

    def kill(self):
        return self.sandbox.pty.kill(self.handle.pid)


@pytest.fixture
def terminal(sandbox):
    made = []

    def create(**options):
        made.append(Terminal(sandbox, **options))
        return made[-1]

    yield create
    for terminal in made:
        terminal.kill()


def test_a_terminal_is_one(terminal):
    shell = terminal()
    shell.type("tty; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all-$((1+1))\n")
    shell.wait_for("/dev/pts/")
    shell.wait_for("all-2")


def test_it_has_the_size_it_was_given(terminal):
    shell = terminal(size=PtySize(rows=33, cols=101))
    shell.type("stty size; tput cols\n")
    shell.wait_for("33 101")


def test_it_can_be_resized(terminal, sandbox):
    shell = terminal()
    sandbox.pty.resize(shell.handle.pid, PtySize(rows=10, cols=123))
    shell.type("stty size\n")
    shell.wait_for("10 123")


def test_a_resize_tells_the_program(terminal, sandbox):
    shell = terminal()
    shell.type("trap 'echo resized-$((2+3))' WINCH; echo re''ady\n")
    shell.wait_for("ready")
    sandbox.pty.resize(shell.handle.pid, PtySize(rows=11, cols=55))
    shell.type("\n")
    shell.wait_for("resized-5")


def test_its_environment_is_a_terminals(terminal):
    shell = terminal(envs={"MINE": "yes"})
    shell.type("echo =$TERM=$LANG=$MINE=$E2B_SANDBOX=\n")
    shell.wait_for("=xterm-256color=C.UTF-8=yes=true=")


def test_user_and_directory_may_be_chosen(terminal):
    shell = terminal(user="root", cwd="/tmp")
    shell.type("echo =$(id -un)=$PWD=\n")
    shell.wait_for("=root=/tmp=")


def test_control_c_interrupts(terminal):
    shell = terminal()
    shell.type("echo be''gun; sleep 1000; true\n")
    shell.wait_for("begun")
    shell.type("\x03")
    shell.type("echo al''ive\n")
    shell.wait_for("alive")


def test_job_control_works(terminal):
    shell = terminal()
    shell.wait_for("$")
    assert b"no job control" not in shell.shown
    assert b"cannot set terminal process group" not in shell.shown


def test_text_of_any_language_passes(terminal):
    shell = terminal()
    shell.type("echo Gr''üße-世界\n")
    shell.wait_for("Grüße-世界")


def test_exit_ends_it_with_the_shells_code(new_sandbox):
    sandbox = new_sandbox()
    handle = sandbox.pty.create(size=SIZE, timeout=30)
    sandbox.pty.send_stdin(handle.pid, b"exit 5\n")
    with pytest.raises(e2b.CommandExitException) as failure:
        handle.wait()
    assert failure.value.exit_code == 5


def test_a_client_may_leave_and_come_again(terminal, sandbox):
    shell = terminal()
    shell.type("export KEPT=still-here; echo re''ady\n")
    shell.wait_for("ready")
    shell.leave()
    again = Terminal(sandbox, pid=shell.handle.pid)
    again.type("echo =$KEPT=\n")
    again.wait_for("=still-here=")


def test_kill_answers_true_then_false(terminal):
    shell = terminal()
    assert shell.kill() is True
    eventually(lambda: shell.kill() is False, "the terminal to be gone", 5)


def test_killing_a_terminal_ends_what_ran_in_it(terminal, sandbox):
    shell = terminal()
    shell.type("sleep 76543 & sleep 76543\n")
    alive = lambda: sandbox.commands.run("pgrep -f '[s]leep 76543' || true").stdout
    eventually(alive, "the children to start")
    shell.kill()
    eventually(lambda: not alive(), "the children to be gone", 5)


def test_it_is_listed_among_the_commands(terminal, sandbox):
    shell = terminal()
    listed = {process.pid: process for process in sandbox.commands.list()}[shell.handle.pid]
    assert (listed.cmd, listed.args) == ("/bin/bash", ["-i", "-l"])


def test_much_output_comes_whole(terminal):
    shell = terminal()
    shell.type("stty -echo; seq 100000; echo fi''nished\n")
    shell.wait_for("finished")
    assert b"\r\n99999\r\n100000\r\n" in shell.shown
    assert bytes(shell.shown).count(b"\n") >= 100_000
