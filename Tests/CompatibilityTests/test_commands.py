"""Commands by the official clients, both of them: `sandbox` is the synchronous and the asynchronous one in turn."""

import concurrent.futures
import hashlib
import threading

import e2b
import pytest
from e2b import CommandExitException

from nestbox_support.waiting import eventually

BACKGROUND = {"background": True, "timeout": 0}
SETUP = "from setuptools import setup\nsetup(name='tiny', version='1', py_modules=['tiny'])"
RESERVED = ("E2B_SANDBOX", "E2B_SANDBOX_ID", "E2B_TEMPLATE_ID")


def is_alive(sandbox, marker):
    """Whether a process with `marker` in its command line runs in the sandbox."""
    return sandbox.commands.run(f"pgrep -f '[{marker[0]}]{marker[1:]}' || true").stdout.strip() != ""


class TestResults:
    def test_a_commands_output_and_exit_code_come_back(self, sandbox):
        result = sandbox.commands.run("echo hello; echo trouble >&2")
        assert (result.stdout, result.stderr, result.exit_code, result.error) == ("hello\n", "trouble\n", 0, None)

    @pytest.mark.parametrize("code", [1, 2, 126, 127, 255])
    def test_a_failing_command_is_an_exception_with_its_result(self, sandbox, code):
        with pytest.raises(CommandExitException) as failure:
            sandbox.commands.run(f"echo before; echo why >&2; exit {code}")
        assert (failure.value.exit_code, failure.value.stdout, failure.value.stderr) == (code, "before\n", "why\n")
        assert failure.value.error == f"exit status {code}"

    def test_a_command_that_is_not_there_ends_with_127(self, sandbox):
        with pytest.raises(CommandExitException) as failure:
            sandbox.commands.run("no-such-command")
        assert failure.value.exit_code == 127
        assert "not found" in failure.value.stderr

    def test_a_command_killed_by_a_signal_says_so(self, sandbox):
        handle = sandbox.commands.run("exec sleep 1000", **BACKGROUND)
        sandbox.commands.kill(handle.pid)
        with pytest.raises(CommandExitException) as failure:
            handle.wait()
        assert failure.value.exit_code == -1
        assert failure.value.error == "signal: killed"

    @pytest.mark.parametrize(
        "text",
        [
            "two\nlines",
            "tab\tand 'quotes' and \"more\" and `none`",
            "!@#$%^&*()_+{}|:<>?~[]\\;,./",
            "Grüße 世界 🎉 \u200d\u0301",
            "-n",
            "$(not run) $HOME",
        ],
    )
    def test_text_is_not_touched_on_its_way(self, sandbox, text):
        quoted = "'" + text.replace("'", "'\\''") + "'"
        assert sandbox.commands.run(f"printf %s {quoted}").stdout == text

    def test_a_script_of_many_lines_runs(self, sandbox):
        script = "for i in 1 2 3; do\n  echo line $i\ndone\ncat <<'END'\nhere $document\nEND\n"
        assert sandbox.commands.run(script).stdout == "line 1\nline 2\nline 3\nhere $document\n"

    def test_a_letter_torn_between_two_chunks_is_whole_again(self, sandbox):
        text = "a" * 8191 + "€" * 5000
        assert sandbox.commands.run("python3 -c \"print('a' * 8191 + '\u20ac' * 5000, end='')\"").stdout == text

    def test_bytes_that_are_no_text_do_not_end_the_stream(self, sandbox):
        result = sandbox.commands.run("printf 'a\\xff\\xfeb'; printf c")
        assert result.stdout == "a\ufffd\ufffdbc"

    @pytest.mark.parametrize("size", [0, 1, 65_536, 1_000_000, 20_000_000])
    def test_output_is_complete_to_the_last_byte(self, sandbox, size):
        result = sandbox.commands.run(f"head -c {size} /dev/zero | tr '\\0' x; printf END")
        assert len(result.stdout) == size + 3
        assert result.stdout.endswith("END")

    def test_what_a_child_wrote_just_before_the_end_is_not_lost(self, sandbox):
        for _ in range(30):
            assert sandbox.commands.run("seq 200; echo last >&2").stderr == "last\n"

    def test_output_comes_while_the_command_runs(self, sandbox, directory):
        seen, gate = threading.Event(), f"{directory}/gate"
        opener = threading.Thread(target=lambda: seen.wait(10) and sandbox.files.write(gate, ""))
        opener.start()
        result = sandbox.commands.run(
            f"echo first; until [ -e {gate} ]; do sleep 0.01; done; echo through",
            on_stdout=lambda _: seen.set(),
            timeout=20,
        )
        opener.join()
        assert result.stdout == "first\nthrough\n"

    def test_callbacks_get_every_piece(self, sandbox):
        out, err = [], []
        sandbox.commands.run("echo one; echo two >&2; echo three", on_stdout=out.append, on_stderr=err.append)
        assert ("".join(out), "".join(err)) == ("one\nthree\n", "two\n")

    def test_a_child_in_the_background_does_not_hold_the_command(self, sandbox):
        result = sandbox.commands.run("sleep 1000 >/dev/null 2>&1 & echo $!", timeout=10)
        sandbox.commands.run(f"kill {result.stdout.strip()}")

    def test_twenty_commands_at_once_do_not_mix(self, sandbox):
        run = lambda number: sandbox.commands.run(f"seq {number} {number + 2000}").stdout.split()
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            for number, lines in enumerate(pool.map(run, range(20))):
                assert lines == [str(n) for n in range(number, number + 2001)]


class TestSurroundings:
    def test_commands_run_as_user_in_their_home(self, sandbox):
        result = sandbox.commands.run("id -un; id -u; id -g; pwd; echo $HOME $USER $LOGNAME")
        assert result.stdout == "user\n1000\n1000\n/home/user\n/home/user user user\n"

    def test_root_may_be_asked_for(self, sandbox):
        assert sandbox.commands.run("id -un; pwd; echo $HOME", user="root").stdout == "root\n/root\n/root\n"

    def test_an_unknown_user_is_refused(self, sandbox):
        with pytest.raises(e2b.AuthenticationException, match="invalid username: 'nobody-here'"):
            sandbox.commands.run("true", user="nobody-here")

    def test_sudo_makes_root_without_a_password(self, sandbox):
        result = sandbox.commands.run("sudo id -u")
        assert (result.stdout, result.stderr) == ("0\n", "")

    def test_a_commands_own_environment_wins(self, new_sandbox):
        sandbox = new_sandbox(envs={"A": "sandbox", "B": "sandbox"})
        assert (
            sandbox.commands.run("echo $A $B $C", envs={"B": "command", "C": "command"}).stdout
            == "sandbox command command\n"
        )
        assert sandbox.commands.run("echo $A $B $C").stdout == "sandbox sandbox\n"

    def test_environments_do_not_leak_to_the_next_command(self, sandbox):
        sandbox.commands.run("true", envs={"ONLY_ONCE": "1"})
        assert sandbox.commands.run("echo ${ONLY_ONCE-unset}").stdout == "unset\n"

    def test_a_sandbox_knows_that_and_which_it_is(self, sandbox):
        seen = sandbox.commands.run("echo $E2B_SANDBOX $E2B_SANDBOX_ID $E2B_TEMPLATE_ID").stdout
        assert seen == f"true {sandbox.sandbox_id} base\n"
        files = sandbox.commands.run("cat /run/e2b/.E2B_SANDBOX_ID; echo; cat /run/e2b/.E2B_TEMPLATE_ID").stdout
        assert files.split() == [sandbox.sandbox_id, "base"]

    @pytest.mark.parametrize("name", RESERVED)
    def test_nobody_can_override_who_it_is(self, new_sandbox, name):
        sandbox = new_sandbox(envs={name: "forged"})
        seen = sandbox.commands.run(f"printenv {name}", envs={name: "forged again"}).stdout.strip()
        assert seen == {"E2B_SANDBOX": "true", "E2B_SANDBOX_ID": sandbox.sandbox_id, "E2B_TEMPLATE_ID": "base"}[name]

    def test_the_text_is_utf_8(self, sandbox):
        assert sandbox.commands.run(
            "locale charmap; python3 -c 'import sys; print(sys.stdout.encoding)'"
        ).stdout.split() == ["UTF-8", "utf-8"]

    @pytest.mark.parametrize("cwd,seen", [("/tmp", "/tmp"), ("~", "/home/user"), ("/", "/")])
    def test_a_command_runs_where_it_is_told_to(self, sandbox, cwd, seen):
        assert sandbox.commands.run("pwd", cwd=cwd).stdout.strip() == seen

    def test_a_relative_directory_begins_at_home(self, sandbox):
        sandbox.files.make_dir("relative/here")
        assert sandbox.commands.run("pwd", cwd="relative/here").stdout.strip() == "/home/user/relative/here"

    def test_a_missing_directory_is_an_invalid_argument(self, sandbox):
        with pytest.raises(e2b.InvalidArgumentException, match="cwd '/no/such/place' does not exist"):
            sandbox.commands.run("true", cwd="/no/such/place")

    @pytest.mark.parametrize(
        "tool",
        ["bash", "curl", "git", "pip", "python", "python3", "sudo", "tput", "ps", "realpath", "flock", "tar", "gzip"],
    )
    def test_the_base_template_has_what_people_use(self, sandbox, tool):
        assert sandbox.commands.run(f"command -v {tool}").exit_code == 0

    def test_python_makes_virtual_environments(self, sandbox, directory):
        made = sandbox.commands.run(
            "python -m venv v && v/bin/python -c 'import pip; print(42)'", cwd=directory, timeout=90
        )
        assert made.stdout == "42\n"

    def test_pip_installs_without_being_held_back(self, sandbox, directory):
        sandbox.files.write(f"{directory}/tiny.py", "x = 7")
        sandbox.files.write(f"{directory}/setup.py", SETUP)
        sandbox.commands.run("pip install --quiet --no-build-isolation --no-index .", cwd=directory, timeout=90)
        assert sandbox.commands.run("python -c 'import tiny; print(tiny.x)'").stdout == "7\n"

    def test_code_and_usr_local_belong_to_everybody(self, sandbox):
        sandbox.commands.run("touch /code/mine /usr/local/bin/mine && rm /code/mine /usr/local/bin/mine")

    def test_extended_attributes_work(self, sandbox):
        script = "import os; os.setxattr('/tmp/x', 'user.test', b'v'); print(os.getxattr('/tmp/x', 'user.test'))"
        assert sandbox.commands.run(f'touch /tmp/x && python3 -c "{script}"').stdout == "b'v'\n"

    def test_git_works_without_a_network(self, sandbox, directory):
        result = sandbox.commands.run(
            "git init -q r && cd r && git config user.email a@b.c && git config user.name n && "
            "echo 1 > f && git add f && git commit -qm first && git clone -q . ../copy && cat ../copy/f",
            cwd=directory,
        )
        assert result.stdout == "1\n"

    def test_root_can_write_where_user_can_not(self, sandbox):
        with pytest.raises(CommandExitException):
            sandbox.commands.run("touch /etc/mine")
        sandbox.commands.run("touch /etc/mine && rm /etc/mine", user="root")


class TestTimeouts:
    def test_a_command_that_takes_too_long_is_a_timeout(self, sandbox):
        with pytest.raises(e2b.TimeoutException):
            sandbox.commands.run("sleep 1000", timeout=0.5)

    def test_it_ends_the_whole_tree_of_processes(self, sandbox):
        command = "(setsid sleep 54321 &) ; (nohup sleep 54321 &) ; bash -c 'trap \"\" TERM HUP; sleep 54321'"
        with pytest.raises(e2b.TimeoutException):
            sandbox.commands.run(command, timeout=0.5)
        eventually(lambda: not is_alive(sandbox, "sleep 54321"), "every child of the command to be gone", 5)

    def test_no_limit_is_no_limit(self, sandbox):
        assert sandbox.commands.run("sleep 1; echo done", timeout=0).stdout == "done\n"

    def test_the_sandbox_is_well_afterwards(self, sandbox):
        with pytest.raises(e2b.TimeoutException):
            sandbox.commands.run("yes", timeout=0.5)
        assert sandbox.commands.run("echo still here").stdout == "still here\n"


class TestBackground:
    def test_it_goes_on_when_the_client_leaves(self, sandbox, directory):
        handle = sandbox.commands.run(f"read line < <(sleep 0.3; echo go); echo $line > {directory}/late", **BACKGROUND)
        handle.disconnect()
        eventually(lambda: sandbox.files.exists(f"{directory}/late"), "what the command wrote", 10)

    def test_a_client_that_comes_again_gets_what_follows(self, sandbox):
        first = sandbox.commands.run("read line; echo got $line", stdin=True, **BACKGROUND)
        first.disconnect()
        again = sandbox.commands.connect(first.pid, timeout=30)
        sandbox.commands.send_stdin(first.pid, "this\n")
        assert again.wait().stdout.endswith("got this\n")

    def test_the_end_can_be_learnt_a_moment_later(self, sandbox):
        handle = sandbox.commands.run("read line; exit 3", stdin=True, **BACKGROUND)
        handle.disconnect()
        again = sandbox.commands.connect(handle.pid, timeout=30)
        sandbox.commands.send_stdin(handle.pid, "\n")
        with pytest.raises(CommandExitException) as failure:
            again.wait()
        assert failure.value.exit_code == 3

    @pytest.mark.parametrize("pid", [999999, 2**31 - 1, 2**32 - 1])
    def test_an_unknown_process_is_not_found(self, sandbox, pid):
        with pytest.raises(e2b.NotFoundException):
            sandbox.commands.connect(pid)
        assert sandbox.commands.kill(pid) is False
        with pytest.raises(e2b.NotFoundException):
            sandbox.commands.send_stdin(pid, "x")

    def test_running_commands_are_listed(self, sandbox):
        handle = sandbox.commands.run("sleep 1000", envs={"A": "b"}, cwd="/tmp", **BACKGROUND)
        listed = {process.pid: process for process in sandbox.commands.list()}[handle.pid]
        assert (listed.cmd, listed.args) == ("/bin/bash", ["-l", "-c", "sleep 1000"])
        assert listed.envs["A"] == "b"
        assert listed.cwd == "/tmp"
        handle.kill()

    def test_an_ended_one_is_listed_no_longer(self, sandbox):
        handle = sandbox.commands.run("sleep 1000", **BACKGROUND)
        assert handle.kill() is True
        eventually(lambda: handle.pid not in [process.pid for process in sandbox.commands.list()], "it to be gone", 5)
        assert handle.kill() is False

    def test_killing_takes_the_children_too(self, sandbox):
        handle = sandbox.commands.run("sleep 65432 & sleep 65432; true", **BACKGROUND)
        eventually(lambda: is_alive(sandbox, "sleep 65432"), "the children to start")
        handle.kill()
        eventually(lambda: not is_alive(sandbox, "sleep 65432"), "the children to be gone", 5)

    def test_zombies_are_reaped(self, sandbox):
        sandbox.commands.run("for i in $(seq 50); do (sleep 0.01 &) ; done")
        eventually(
            lambda: sandbox.commands.run("ps -eo stat= | grep -c ^Z || true").stdout.strip() == "0", "no zombies", 10
        )


class TestInput:
    def test_without_being_asked_for_there_is_none(self, sandbox):
        assert sandbox.commands.run("cat; echo end", timeout=10).stdout == "end\n"

    @pytest.mark.parametrize("text", ["hello\n", "Grüße 🎉\n", "", "x" * 300_000 + "\n", "a\0b\n"])
    def test_it_reaches_the_command_as_it_is(self, sandbox, text):
        handle = sandbox.commands.run("md5sum", stdin=True, **BACKGROUND)
        sandbox.commands.send_stdin(handle.pid, text)
        sandbox.commands.close_stdin(handle.pid)
        assert handle.wait().stdout.split()[0] == hashlib.md5(text.encode()).hexdigest()

    def test_several_pieces_keep_their_order(self, sandbox):
        handle = sandbox.commands.run("cat", stdin=True, **BACKGROUND)
        for piece in ("one ", "two ", "three"):
            sandbox.commands.send_stdin(handle.pid, piece)
        sandbox.commands.close_stdin(handle.pid)
        assert handle.wait().stdout == "one two three"

    def test_bytes_may_be_sent(self, sandbox):
        handle = sandbox.commands.run("od -An -tx1", stdin=True, **BACKGROUND)
        handle.send_stdin(b"\x00\xff\x80")
        handle.close_stdin()
        assert handle.wait().stdout.split() == ["00", "ff", "80"]

    def test_closing_is_the_end_of_file(self, sandbox):
        handle = sandbox.commands.run("cat; echo closed", stdin=True, **BACKGROUND)
        sandbox.commands.close_stdin(handle.pid)
        assert handle.wait().stdout == "closed\n"

    def test_a_stream_of_input_arrives_in_order(self, new_sandbox):
        sandbox = new_sandbox()
        handle = sandbox.commands.run("md5sum", stdin=True, **BACKGROUND)
        pieces = [f"line {number}\n" * 200 for number in range(200)]
        sandbox.commands.stream_input(handle.pid, pieces)
        sandbox.commands.close_stdin(handle.pid)
        assert handle.wait().stdout.split()[0] == hashlib.md5("".join(pieces).encode()).hexdigest()

    async def test_the_asynchronous_client_streams_input_too(self, plain_environment):
        sandbox = await e2b.AsyncSandbox.create(timeout=60)
        try:
            handle = await sandbox.commands.run("cat", stdin=True, **BACKGROUND)
            async with sandbox.commands.stream_input(handle.pid) as stream:
                for number in range(10):
                    await stream.send(f"{number} ")
            await sandbox.commands.close_stdin(handle.pid)
            assert (await handle.wait()).stdout == "0 1 2 3 4 5 6 7 8 9 "
        finally:
            await sandbox.kill()

    def test_a_stream_to_an_unknown_process_is_not_found(self, new_sandbox):
        with pytest.raises(e2b.NotFoundException):
            new_sandbox().commands.stream_input(999999, ["x"])
