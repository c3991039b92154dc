"""What holds for the kernels of javascript, typescript and bash alike."""

import json
import os
import select
import signal
import socket
import stat
import subprocess
import time

import pytest
from kernelwire import COUNT, END, EXECUTE, INSPECT, HELLO, KERNELS, STDOUT, Kernel, execute_frame, frame

LANGUAGES = {"javascript": "javascript", "typescript": "javascript", "bash": "bash"}
PRINT = {"bash": "echo {}", "javascript": "console.log('{}')", "typescript": "console.log('{}')"}
FOREVER = {"bash": "while :; do :; done", "javascript": "for (;;) ;", "typescript": "for (;;) ;"}
NAP = {"bash": "sleep 60", "javascript": "await new Promise(() => {})", "typescript": "await new Promise(() => {})"}
FLOOD = {
    "bash": "head -c {size} /dev/zero | tr '\\0' x",
    "javascript": "for (let n = 0; n < {size} / 1e6; n++) process.stdout.write('x'.repeat(1e6))",
    "typescript": "for (let n = 0; n < {size} / 1e6; n++) process.stdout.write('x'.repeat(1e6))",
}
VARIABLE = {
    "bash": 'echo "${{{}-unset}}"',
    "javascript": "console.log(process.env.{} ?? 'unset')",
    "typescript": "console.log(process.env.{} ?? 'unset')",
}


def command(language):
    return [KERNELS / LANGUAGES[language] / "kernel"]


@pytest.fixture(params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture
def kernel(language, tmp_path):
    with Kernel(command(language), tmp_path, language, {"FROM_THE_START": "yes"}) as kernel:
        yield kernel


def test_the_hello_tells_who_and_where_it_is(kernel, language, tmp_path):
    assert kernel.hello() == {
        "protocol": 1,
        "pid": kernel.process.pid,
        "context": "context-1",
        "language": language,
        "cwd": str(tmp_path),
        "idle": True,
    }


def test_it_leads_a_session_and_its_name_is_a_socket_of_nobody_else(kernel, tmp_path):
    kernel.hello()
    assert os.getsid(kernel.process.pid) == kernel.process.pid
    assert stat.S_ISSOCK(kernel.path.stat().st_mode)
    assert not list(tmp_path.glob("*.new"))


def test_executions_are_counted_and_their_events_come_in_order(kernel, language):
    for number in (1, 2):
        execution = kernel.run(PRINT[language].format("hi"))
        assert execution.count == number
        assert execution.frames[1:] == [(STDOUT, b"hi\n"), (END, b"")]


def test_an_inspection_is_answered_while_a_cell_loops(kernel, language):
    with kernel.begin(FOREVER[language]):
        assert kernel.hello()["idle"] is False


@pytest.mark.parametrize("cells", [FOREVER, NAP], ids=["loop", "nap"])
def test_a_signal_interrupts_the_cell_and_the_context_goes_on(kernel, language, cells):
    kernel.run("kept=1")
    with kernel.begin(cells[language]) as connection:
        kernel.interrupt()
        (_, payload), (last, _) = connection.rest()
    assert json.loads(payload)["name"] == "KeyboardInterrupt" and last == END
    expected = kernel.run({"bash": "echo $kept"}.get(language, "console.log(kept)"))
    assert expected.stdout == b"1\n" and not expected.error


@pytest.mark.parametrize("cells", [FOREVER, NAP], ids=["loop", "nap"])
def test_the_cell_ends_with_its_connection(kernel, language, cells):
    kernel.begin(cells[language]).socket.close()
    kernel.wait_until_idle()
    assert kernel.run(PRINT[language].format("next")).stdout == b"next\n"


def test_a_signal_to_an_idle_kernel_does_nothing(kernel, language):
    kernel.run("kept=1")
    kernel.interrupt()
    assert kernel.run(PRINT[language].format("well")).stdout == b"well\n"


def test_a_term_ends_it_with_its_children_and_its_name(kernel, language):
    kernel.run({"bash": "sleep 1000 &"}.get(language, "child_process.spawn('sleep', ['1000']).pid"))
    group = kernel.process.pid
    os.kill(group, signal.SIGTERM)
    kernel.process.wait(timeout=10)
    assert not kernel.path.exists()
    deadline = time.monotonic() + 10
    while subprocess.run(["pgrep", "-g", str(group), "-r", "R,S,D"], capture_output=True).stdout:
        assert time.monotonic() < deadline, "something of the group is left"


def test_the_interpreter_dies_with_the_driver(kernel, language):
    with kernel.begin(FOREVER[language]):
        with open(f"/proc/{kernel.process.pid}/task/{kernel.process.pid}/children") as file:
            interpreter = int(file.read())
        watched = os.pidfd_open(interpreter)
        os.kill(kernel.process.pid, signal.SIGKILL)
        assert select.select([watched], [], [], 10)[0], "the interpreter lives on"
        os.close(watched)


def test_variables_of_a_run_are_gone_after_it(kernel, language):
    one = {"FROM_THE_START": "for once", "FRESH": "a 'quoted'\nvalue"}
    assert kernel.run(VARIABLE[language].format("FROM_THE_START"), one).stdout == b"for once\n"
    assert kernel.run(VARIABLE[language].format("FRESH"), one).stdout == b"a 'quoted'\nvalue\n"
    assert kernel.run(VARIABLE[language].format("FROM_THE_START")).stdout == b"yes\n"
    assert kernel.run(VARIABLE[language].format("FRESH")).stdout == b"unset\n"


def test_variables_of_a_run_reach_its_children(kernel, language):
    code = {"bash": "env"}.get(language, "child_process.execSync('env', { stdio: 'inherit' })")
    assert b"\nFRESH=here\n" in b"\n" + kernel.run(code, {"FRESH": "here"}).stdout
    assert b"FRESH" not in kernel.run(code).stdout


def test_a_hundred_megabytes_of_output_come_exactly_in_small_frames(kernel, language):
    execution = kernel.run(FLOOD[language].format(size=100_000_000))
    assert execution.stdout == b"x" * 100_000_000
    assert max(map(len, execution.payloads(STDOUT))) <= 64 << 10


def test_a_slow_reader_slows_the_cell_and_loses_nothing(kernel, language):
    with kernel.connect() as connection:
        connection.send(execute_frame(FLOOD[language].format(size=20_000_000)))
        connection.until(COUNT)
        memory = resident_bytes(kernel.process.pid)
        heard = 0
        while (following := connection.next())[0] == STDOUT:
            heard += len(following[1])
            if heard < 1_000_000:
                assert kernel.hello()["idle"] is False
                assert resident_bytes(kernel.process.pid) < memory + (8 << 20)
    assert heard == 20_000_000


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_bytes_that_are_no_text_pass(kernel, language):
    every = bytes(range(256))
    code = "process.stdout.write(Buffer.from([...Array(256).keys()]))"
    if language == "bash":
        code = "printf '" + "".join(f"\\x{byte:02x}" for byte in every) + "'"
    assert kernel.run(code).stdout == every


def test_what_is_written_between_cells_is_nobodys(kernel, language, tmp_path):
    os.mkfifo(tmp_path / "signal")
    speak = {"bash": "{ read <signal; echo late; touch done; } &"}.get(
        language, "fs.readFile('signal', () => { console.log('late'); fs.writeFileSync('done', '') }); undefined"
    )
    kernel.run(speak)
    (tmp_path / "signal").write_text("now\n")
    deadline = time.monotonic() + 10
    while not (tmp_path / "done").exists():
        assert time.monotonic() < deadline
    assert kernel.run(PRINT[language].format("own")).stdout == b"own\n"


def test_cells_find_none_of_the_kernels_descriptors(kernel, language):
    code = {"bash": "ls /proc/self/fd"}.get(
        language, "child_process.execSync('ls /proc/self/fd', { stdio: 'inherit' }); undefined"
    )
    assert kernel.run(code).stdout == b"0\n1\n2\n3\n"  # 3 is the directory that `ls` reads


def test_standard_input_is_at_its_end(kernel, language):
    code = {"bash": "cat; read line || echo end"}.get(
        language, "fs.readFileSync(0).length === 0 && console.log('end')"
    )
    assert kernel.run(code).stdout == b"end\n"


def test_a_crash_of_the_interpreter_is_told(kernel, language):
    crash = "console.log('last'); process.kill(process.pid, 'SIGSEGV')"
    code = {"bash": "echo last; kill -SEGV $$"}.get(language, crash)
    execution = kernel.run_to_death(code)
    assert execution.stdout == b"last\n"
    if language == "bash":
        assert execution.error["value"] == "139"
        assert kernel.run("echo fresh").stdout == b"fresh\n"
    else:
        assert not execution.ended
        assert kernel.process.wait(timeout=10) == -signal.SIGSEGV
        assert not kernel.path.exists()


@pytest.mark.parametrize(
    "said",
    [
        frame(0x77, b"?"),
        frame(EXECUTE, b"{"),
        frame(EXECUTE, b'{"code": 1}'),
        frame(EXECUTE, b'{"code": "1", "environment": {"a": 2}}'),
        frame(EXECUTE, b"[" * 100_000),
        (16 << 20 | 1).to_bytes(4, "little") + b"\x01",
    ],
    ids=["kind", "json", "code", "environment", "depth", "length"],
)
def test_what_is_not_of_the_wire_ends_its_connection_only(kernel, language, said):
    with kernel.connect() as connection:
        connection.send(said)
        assert [kind for kind, _ in connection.rest()] == [HELLO]
    assert kernel.run(PRINT[language].format("well")).stdout == b"well\n"


def test_a_second_run_waits_for_the_first(kernel, language):
    with kernel.begin(NAP[language]) as first, kernel.connect() as second:
        second.send(execute_frame(PRINT[language].format("second")))
        assert second.next()[0] == HELLO
        kernel.interrupt()
        assert first.rest()[-1][0] == END
        assert (STDOUT, b"second\n") in second.rest()


def test_connections_that_say_nothing_keep_nobody_out(kernel, language):
    silent = [kernel.connect() for _ in range(20)]
    assert kernel.run(PRINT[language].format("well")).stdout == b"well\n"
    for connection in silent:
        connection.socket.close()


def test_a_stale_name_is_taken_over(language, tmp_path):
    for name in ("context-1.sock", "context-1.sock.new"):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(tmp_path / name))
    with Kernel(command(language), tmp_path, language) as kernel:
        deadline = time.monotonic() + 10
        while True:
            try:
                assert kernel.hello()["idle"]
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline


def test_a_wrong_command_line_is_refused_with_a_sentence(language):
    ended = subprocess.run([*command(language), "--socket"], capture_output=True, text=True)
    assert ended.returncode == 1 and "wants --socket, --context, --language" in ended.stderr
