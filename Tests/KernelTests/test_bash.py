"""The kernel of bash."""

import os
import signal
import tempfile

import pytest
from kernelwire import COUNT, END, ERROR, KERNELS, STDERR, STDOUT, Kernel


@pytest.fixture
def bash(tmp_path):
    with Kernel([KERNELS / "bash" / "kernel"], tmp_path, "bash") as kernel:
        yield kernel


def test_variables_functions_options_and_the_directory_stay(bash):
    bash.run("x=3; declare -A map=([a]=1); shopt -s extglob; cd /")
    bash.run("greet() {\n  echo \"hi $1\"\n}\nalias ll='echo alias'")
    assert bash.run("greet $x; pwd; echo ${map[a]}; shopt -q extglob && ll").stdout == b"hi 3\n/\n1\nalias\n"
    assert bash.hello()["cwd"] == "/"


def test_a_status_that_is_not_zero_is_an_error_without_a_name(bash):
    assert bash.run("(exit 7)").error == {"name": "", "value": "7", "traceback": ""}
    assert bash.run("false; true").error is None


def test_a_missing_command_is_told_on_stderr(bash):
    execution = bash.run("no-such-command")
    assert execution.stderr == b"bash: no-such-command: command not found\n"
    assert execution.error["value"] == "127"


def test_a_syntax_error_is_an_error_and_the_shell_goes_on(bash):
    execution = bash.run("echo before\nif then")
    assert execution.stdout == b"before\n"
    assert b"syntax error" in execution.stderr and execution.error["value"] == "2"
    assert bash.run("echo well").stdout == b"well\n"


def test_exit_ends_the_shell_and_a_fresh_one_is_there(bash):
    bash.run("x=3")
    execution = bash.run("trap 'echo bye' EXIT; echo last; exit 3; echo never")
    assert execution.stdout == b"last\nbye\n"
    assert execution.error["value"] == "3" and b"this is a fresh one" in execution.stderr
    assert bash.run("echo ${x-gone}").stdout == b"gone\n"


def test_exit_zero_is_no_error(bash):
    execution = bash.run("echo done; exit 0")
    assert execution.stdout == b"done\n" and execution.error is None


def test_set_e_ends_the_shell_at_the_first_failure(bash):
    execution = bash.run("set -e; false; echo never")
    assert execution.stdout == b"" and execution.error["value"] == "1"
    assert bash.run("false; echo here").stdout == b"here\n"


def test_exec_replaces_the_shell_for_one_cell(bash):
    assert bash.run("exec echo replaced").stdout == b"replaced\n"
    assert bash.run("echo fresh").stdout == b"fresh\n"


@pytest.mark.parametrize("closing", ["exec >&- 2>&-", "exec >/dev/null 2>&1 </dev/null", "exec 1<&- 0<&-"])
def test_closed_descriptors_are_open_again_in_the_next_cell(bash, closing):
    bash.run(f"x=1; {closing}")
    execution = bash.run("echo $x; echo err >&2")
    assert (execution.stdout, execution.stderr) == (b"1\n", b"err\n")


def test_a_descriptor_of_the_users_own_stays_open(bash, tmp_path):
    bash.run("exec 5>own")
    bash.run("echo text >&5")
    assert (tmp_path / "own").read_text() == "text\n"


def test_a_heredoc_and_a_cell_without_a_line_end(bash):
    assert bash.run("cat <<'END'\n$x `y`\nEND").stdout == b"$x `y`\n"
    assert bash.run("x=2\ncat <<END\n$x").stdout == b"2\n"


def test_a_background_job_does_not_hold_the_cell_and_speaks_later(bash):
    execution = bash.run("{ sleep 0.3; echo late; } & echo now")
    assert execution.stdout == b"now\n"
    assert bash.run("wait; echo then").stdout == b"late\nthen\n"


def test_nothing_is_said_about_jobs(bash):
    bash.run("sleep 0.1 &")
    execution = bash.run("wait; true")
    assert execution.frames[1:] == [(END, b"")]


def test_an_endless_writer_in_the_background_does_not_keep_the_cell(bash):
    assert bash.run("yes & echo $! >pid").ended
    assert bash.run("kill $(cat pid); wait $(cat pid); true").error is None


def test_an_interrupt_ends_the_command_and_what_follows_it(bash):
    handling = "(trap 'echo child; exit 5' INT; echo ready; while :; do sleep 0.01; done); echo never"
    with bash.begin(handling) as cell:
        assert cell.next() == (STDOUT, b"ready\n")
        bash.interrupt()
        said = b"".join(payload for kind, payload in cell.rest() if kind == STDOUT)
    assert said == b"child\nnever\n"  # a command that handles the signal has not been interrupted
    with bash.begin("x=2; echo ready; sleep 100; echo never") as cell:
        cell.until(STDOUT)
        bash.interrupt()
        kinds = [kind for kind, _ in cell.rest()]
    assert kinds == [ERROR, END]
    assert bash.run("echo $x").stdout == b"2\n"


def test_an_interrupt_spares_background_jobs(bash):
    bash.run("sleep 1000 & echo $! >pid")
    with bash.begin("sleep 1000"):
        bash.interrupt()
    bash.wait_until_idle()
    assert bash.run("kill -0 $(cat pid) && echo alive").stdout == b"alive\n"


def test_a_trap_of_the_cell_hears_the_interrupt(bash):
    trapping = "trap 'echo caught; done=1' INT; echo ready; until [[ $done ]]; do sleep 0.01; done; echo end"
    with bash.begin(trapping) as cell:
        cell.until(STDOUT)
        bash.interrupt()
        heard = cell.rest()
    assert b"".join(payload for kind, payload in heard if kind == STDOUT) == b"caught\nend\n"
    assert heard[-1][0] == END and ERROR not in dict(heard)


def test_tracing_shows_only_cells(bash):
    bash.run("set -x")
    assert bash.run("echo x").stderr == b"++ echo x\n"


def test_traps_of_a_cell_do_not_keep_it_from_ending(bash):
    bash.run("trap 'echo debug' DEBUG; trap 'echo err' ERR; trap 'echo return' RETURN; set -T")
    assert bash.run("echo x; false").error["value"] == "1"
    assert b"x\n" in bash.run("echo x").stdout


def test_prompts_are_not_output(bash):
    bash.run("PS1='loud ' PS2='louder ' PROMPT_COMMAND='echo -n prompt'")
    execution = bash.run("echo x")
    assert (execution.stdout, execution.stderr) == (b"x\n", b"")


@pytest.mark.parametrize("limit", ["-n 8", "-n 3", "-f 0", "-c 0", "-s 256"])
def test_after_limits_that_a_cell_set_the_next_runs(bash, limit):
    bash.run(f"ulimit {limit}; true")
    execution = bash.run("echo next; echo err >&2")
    assert execution.stdout == b"next\n" and execution.stderr.endswith(b"err\n")


def test_a_lack_of_memory_ends_in_an_error(bash):
    execution = bash.run("ulimit -v 20000; x=x; while :; do x=$x$x; done")
    assert execution.error and execution.error["value"] != "0"
    assert bash.run("echo next").stdout == b"next\n"


@pytest.fixture
def bash_of_a_user():
    """Root is above the limit of processes, so this bash belongs to a user who has no other."""
    command = ["setpriv", "--reuid=64999", "--clear-groups", KERNELS / "bash" / "kernel"]
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o777)
        with Kernel(command, directory, "bash") as kernel:
            yield kernel


@pytest.mark.skipif(os.getuid() != 0, reason="becomes a user who has no other process")
def test_a_fork_bomb_in_the_background_does_not_keep_the_cell(bash_of_a_user):
    assert bash_of_a_user.run("ulimit -u 20; bomb() { bomb | bomb & }; bomb").ended
    assert bash_of_a_user.run("echo next").stdout.endswith(b"next\n")


@pytest.mark.skipif(os.getuid() != 0, reason="becomes a user who has no other process")
def test_a_fork_bomb_in_the_foreground_ends_by_an_interrupt(bash_of_a_user):
    with bash_of_a_user.begin("ulimit -u 20; bomb() { bomb | bomb; }; bomb") as cell:
        assert b"Resource temporarily unavailable" in cell.until(STDERR)[-1][1]
        bash_of_a_user.interrupt()
        assert [kind for kind, _ in cell.rest() if kind != STDERR] == [ERROR, END]
    assert bash_of_a_user.run("echo next").stdout.endswith(b"next\n")


def test_positional_parameters_and_local_state_are_the_shells_own(bash):
    assert bash.run("set -- a b; echo $# $0; declare x=1; y=$?").stdout == b"2 /bin/bash\n"
    assert bash.run("echo $2 $x; return 4; echo never").error["value"] == "4"


@pytest.mark.parametrize("environment", [{"a-b": "1"}, {"": "1"}, {"A": "\0"}])
def test_variables_that_bash_cannot_have_are_refused(bash, environment):
    assert bash.run("echo ran", environment).error["name"] == "InvalidEnvironment"


def test_code_with_a_nul_is_refused(bash):
    assert bash.run("echo \0").error["name"] == "InvalidCode"


def test_sixteen_megabytes_of_code_run(bash):
    assert bash.run(": " + "x" * (16_000_000) + "\necho end").stdout == b"end\n"


def test_a_shell_that_ended_between_cells_is_replaced(bash):
    bash.run("{ sleep 0.2; kill -KILL $$; } & x=1")
    execution = bash.run("sleep 1; echo $x")
    assert execution.error["value"] == "137"
    assert bash.run("echo ${x-gone}").stdout == b"gone\n"


def test_a_shell_killed_from_outside_is_replaced(bash):
    shell = int(bash.run("echo $$").stdout)
    os.kill(shell, signal.SIGKILL)
    assert bash.run("echo one; true").ended
    assert bash.run("echo two").stdout == b"two\n"


def test_stdout_and_stderr_are_apart(bash):
    execution = bash.run("echo out; echo err >&2; echo out")
    assert (execution.stdout, execution.stderr) == (b"out\nout\n", b"err\n")
    assert STDERR in dict(execution.frames) and execution.frames[0][0] == COUNT
