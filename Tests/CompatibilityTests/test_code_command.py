"""`nestbox code`, against a server that says what each test told it to."""

import base64
import json
import os
import re
import signal
import stat
import subprocess

import pytest

from nestbox_support.interpreter_stub import (
    END,
    TOKEN,
    Hang,
    Wait,
    count,
    error,
    interpreter_stub,
    result,
    stderr,
    stdout,
)
from nestbox_support.server import nestbox_binary, templates
from nestbox_support.typist import Typist
from nestbox_support.waiting import eventually

PNG = b"\x89PNG\r\n\x1a\n and so on"
PNG_TEXT = base64.b64encode(PNG).decode()


@pytest.fixture
def stub():
    with interpreter_stub() as stub:
        yield stub


@pytest.fixture
def environment(stub, tmp_path):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path),
        "TERM": "xterm",
    } | stub.environment


@pytest.fixture
def code(environment):
    def run(*arguments, **options):
        options = {"text": True} | options
        if "input" not in options:
            options = {"stdin": subprocess.DEVNULL} | options
        return subprocess.run(
            [nestbox_binary(), "code", *arguments], env=environment, capture_output=True, timeout=60, **options
        )

    return run


class TestSandbox:
    def test_a_new_one_is_made_used_and_ended(self, stub, code):
        stub.cells["1"] = [result(text="1"), END]
        assert code("-c", "1").returncode == 0
        ((_, _, _, made),) = stub.asked("POST", "/v2/sandboxes")
        assert made["templateID"] == "code-interpreter-v1"
        ((_, _, headers, body),) = stub.asked("POST", "/execute")
        sent = {name.lower(): value for name, value in headers.items()}
        assert (sent["e2b-sandbox-id"], sent["e2b-sandbox-port"]) == ("istub1", "49999")
        assert sent["x-access-token"] == TOKEN
        assert body["code"] == "1" and body.get("language") is None
        assert stub.made == 1 and not stub.sandboxes

    def test_it_is_of_the_template_that_was_named(self, stub, code):
        stub.cells["1"] = [END]
        code("--template", "other", "-c", "1")
        assert stub.asked("POST", "/v2/sandboxes")[0][3]["templateID"] == "other"

    def test_a_live_one_is_used_and_left(self, stub, code):
        sandbox_id = stub.add_sandbox()["sandboxID"]
        stub.cells["1"] = [END]
        assert code("--sandbox", sandbox_id, "-c", "1").returncode == 0
        assert sandbox_id in stub.sandboxes and stub.made == 1

    def test_a_new_one_may_be_kept(self, stub, code):
        stub.cells["1"] = [END]
        ran = code("--keep", "-c", "1")
        assert list(stub.sandboxes) == ["istub1"] and "istub1" in ran.stderr
        assert stub.asked("POST", "/sandboxes/istub1/timeout")[0][3] == {"timeout": 3600}

    def test_it_is_ended_also_when_the_code_fails(self, stub, code):
        stub.cells["x"] = [error("NameError", "x", "Traceback: x"), END]
        assert code("-c", "x").returncode == 1
        assert stub.made == 1 and not stub.sandboxes

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_it_is_ended_also_when_a_signal_ends_the_command(self, stub, environment, number):
        hang = Hang()
        stub.cells["1"] = [hang]
        process = subprocess.Popen([nestbox_binary(), "code", "-c", "1"], env=environment, stdin=subprocess.DEVNULL)
        assert hang.has_begun.wait(30)
        process.send_signal(number)
        assert process.wait(30) == 128 + number
        assert hang.was_left.wait(30)
        assert stub.made == 1 and not stub.sandboxes

    def test_an_unknown_one_is_an_error_in_the_servers_words(self, code):
        ran = code("--sandbox", "inone", "-c", "1")
        assert ran.returncode == 1 and "no such sandbox" in ran.stderr

    def test_a_refusal_is_told_in_its_words(self, stub, code):
        stub.refusal = (404, "Context \x1b[2Jabc not found", "text/plain; charset=utf-8")
        ran = code("-c", "1")
        assert ran.returncode == 1 and "not found" in ran.stderr and "\x1b" not in ran.stderr
        assert not stub.sandboxes


class TestCode:
    def test_a_file_is_run_in_the_language_of_its_name(self, stub, code, tmp_path):
        for name, language in [("a.py", "python"), ("a.js", "javascript"), ("a.ts", "typescript"), ("a.sh", "bash")]:
            (tmp_path / name).write_text("go(1)\n")
            stub.cells["go(1)\n"] = [END]
            assert code(tmp_path / name).returncode == 0
            assert stub.executions[-1]["language"] == language

    def test_a_language_may_be_named(self, stub, code, tmp_path):
        stub.cells["1"] = [END]
        code("--language", "bash", "-c", "1")
        assert stub.executions[-1]["language"] == "bash"

    @pytest.mark.parametrize("arguments", [(), ("-",)])
    def test_standard_input_is_a_script(self, stub, code, arguments):
        stub.cells["print(1)\n"] = [stdout("1\n"), END]
        assert code(*arguments, input="print(1)\n").stdout == "1\n"

    def test_code_may_begin_with_a_dash(self, stub, code):
        stub.cells["-1"] = [result(text="-1"), END]
        assert code("-c", "-1").stdout == "-1\n"

    def test_its_environment_is_given(self, stub, code):
        stub.cells["1"] = [END]
        code("--env", "A=b=c", "--env", "D=", "-c", "1")
        assert stub.executions[-1]["env_vars"] == {"A": "b=c", "D": ""}

    @pytest.mark.parametrize(
        "arguments",
        [
            ("-c", "1", "file.py"),
            ("--sandbox", "i1", "--template", "t", "-c", "1"),
            ("--sandbox", "i1", "--keep", "-c", "1"),
            ("--timeout", "soon", "-c", "1"),
            ("--timeout", "0", "-c", "1"),
            ("--env", "novalue", "-c", "1"),
        ],
    )
    def test_what_contradicts_itself_is_refused_before_anything_is_made(self, stub, code, arguments):
        assert code(*arguments).returncode == 64
        assert stub.made == 0

    def test_a_file_that_is_not_there_or_not_text_is_named(self, stub, code, tmp_path):
        (tmp_path / "binary.py").write_bytes(b"\xff\xfe")
        for path in [tmp_path / "none.py", tmp_path / "binary.py"]:
            ran = code(path)
            assert ran.returncode == 1 and str(path) in ran.stderr
        assert stub.made == 0


class TestOutput:
    def test_each_stream_goes_to_its_own(self, stub, code):
        stub.cells["1"] = [count(1), stdout("out\n"), stderr("err\n"), stdout("more"), END]
        ran = code("-c", "1")
        assert (ran.stdout, ran.stderr, ran.returncode) == ("out\nmore", "err\n", 0)

    def test_it_comes_while_the_code_runs(self, stub, environment):
        wait = Wait()
        stub.cells["1"] = [stdout("first\n"), wait, stdout("second\n"), END]
        process = subprocess.Popen(
            [nestbox_binary(), "code", "-c", "1"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        assert process.stdout.readline() == b"first\n"
        wait.release.set()
        assert process.communicate(timeout=30)[0] == b"second\n" and process.returncode == 0

    def test_a_traceback_is_on_standard_error_and_the_exit_code_is_1(self, stub, code):
        stub.cells["1/0"] = [stdout("a"), error("ZeroDivisionError", "by zero", "Traceback\nby zero"), END]
        ran = code("-c", "1/0")
        assert (ran.stdout, ran.stderr, ran.returncode) == ("a", "Traceback\nby zero\n", 1)

    def test_an_error_without_one_is_named(self, stub, code):
        stub.cells["1"] = [error("ContextRestarting", "the kernel died"), END]
        assert code("-c", "1").stderr == "ContextRestarting: the kernel died\n"

    def test_results_are_text(self, stub, code):
        stub.cells["1"] = [result(main=False, text="shown"), stdout("x"), result(text="last"), END]
        assert code("-c", "1").stdout == "shown\nx\nlast\n"

    def test_what_has_no_text_is_shown_in_its_next_best_form(self, stub, code):
        stands_in = "<IPython.core.display.HTML object>"
        stub.cells["1"] = [
            result(main=False, text=stands_in, html="<p>so &amp; so</p><style>p {}</style>"),
            result(main=False, text="<IPython.core.display.Markdown object>", markdown="# title"),
            result(main=False, json={"b": [1, True], "a": None}),
            result(main=False, latex="$x$"),
            result(main=False, extra={"application/x-other": "?"}),
            END,
        ]
        assert code("-c", "1").stdout.splitlines() == [
            "so & so",
            "# title",
            '{"b": [1, true], "a": null}',
            "$x$",
            "[application/x-other]",
        ]

    def test_a_table_is_a_table(self, stub, code):
        page = "<table><thead><tr><th></th><th>name</th><th>n</th></tr></thead><tbody>"
        page += "<tr><th>0</th><td>a &lt; b</td><td>1.50</td></tr><tr><th>1</th><td>c</td><td>20.25</td></tr>"
        page += "</tbody></table><p>2 rows × 2 columns</p>"
        data = {"name": ["a < b", "c"], "n": [1.5, 20.25]}
        stub.cells["1"] = [result(text="wrapped \\", html=page, data=data), result(main=False, data=data), END]
        assert code("-c", "1").stdout.splitlines() == [
            "   name       n",
            "0  a < b   1.50",
            "1  c      20.25",
            "2 rows × 2 columns",
            "name       n",
            "a < b    1.5",
            "c      20.25",
        ]

    def test_for_machines_each_event_is_a_line_as_it_came(self, stub, code):
        lines = [b'{"type": "stdout",  "text":"a\\u001b[2J", "timestamp":1}\n', b'{"type":"keepalive"}\n']
        events = [result(text="1", png=PNG_TEXT), error("E", "v"), END]
        stub.cells["1"] = [*lines, *events]
        ran = code("--json", "-c", "1", text=False)
        assert ran.stdout == b"".join(lines) + b"".join(json.dumps(event).encode() + b"\n" for event in events)
        assert ran.returncode == 1 and ran.stderr == b""

    def test_events_may_come_in_any_pieces(self, stub, code):
        whole = json.dumps(stdout("é" * 50)).encode() + b"\n" + json.dumps(END).encode() + b"\n"
        stub.cells["1"] = [whole[place : place + 7] for place in range(0, len(whole), 7)]
        assert code("-c", "1").stdout == "é" * 50

    @pytest.mark.parametrize("line", [b"no json\n", b"[1]\n", b'{"type":1}\n', b'{"type":"stdout"}\n', b'{"a":\n'])
    def test_what_is_no_event_is_an_error(self, stub, code, line):
        stub.cells["1"] = [line, END]
        ran = code("-c", "1")
        assert ran.returncode == 1 and "event" in ran.stderr
        assert not stub.sandboxes

    def test_an_answer_that_breaks_off_is_an_error(self, stub, code):
        stub.cells["1"] = [stdout("a\n")]
        ran = code("-c", "1")
        assert (ran.stdout, ran.returncode) == ("a\n", 1) and "ended" in ran.stderr

    def test_a_reader_that_goes_away_ends_it_and_the_sandbox(self, stub, environment):
        wait = Wait()
        stub.cells["1"] = [stdout("a\n"), wait, *[stdout("b" * 65536)] * 64, END]
        process = subprocess.Popen(
            [nestbox_binary(), "code", "-c", "1"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        process.stdout.readline()
        process.stdout.close()
        wait.release.set()
        assert process.wait(30) == 1
        assert not stub.sandboxes


class TestImages:
    def test_they_are_written_to_a_fresh_directory_and_their_paths_shown(self, stub, code, tmp_path):
        stub.cells["1"] = [
            result(main=False, text="<Figure>", png=PNG_TEXT, chart={"type": "line", "title": "Sales", "elements": []}),
            result(svg="<svg/>", extra={"../../etc/passwd": "x"}),
            END,
        ]
        lines = code("-c", "1").stdout.splitlines()
        assert lines[:2] == ["<Figure>", '[line chart "Sales"]']
        first, second = (re.fullmatch(r"\[image: (.*)\]", line)[1] for line in lines[2:])
        assert os.path.dirname(first) == os.path.dirname(second)
        assert os.path.dirname(os.path.dirname(first)) == str(tmp_path)
        assert stat.S_IMODE(os.stat(os.path.dirname(first)).st_mode) == 0o700
        with open(first, "rb") as image:
            assert image.read() == PNG
        with open(second, "rb") as image:
            assert image.read() == b"<svg/>"
        assert [os.path.basename(path) for path in (first, second)] == ["image-1.png", "image-2.svg"]

    def test_a_directory_may_be_named_and_nothing_in_it_is_written_over(self, stub, code, tmp_path):
        folder = tmp_path / "a" / "b"
        folder.mkdir(parents=True)
        (folder / "image-1.png").write_bytes(b"old")
        (folder / "image-2.png").symlink_to(tmp_path / "target")
        stub.cells["1"] = [result(png=PNG_TEXT), END]
        assert code("--images", folder, "-c", "1").stdout == f"[image: {folder}/image-3.png]\n"
        assert (folder / "image-1.png").read_bytes() == b"old" and not (tmp_path / "target").exists()

    def test_one_that_cannot_be_written_does_not_end_the_run(self, stub, code, tmp_path):
        (tmp_path / "file").write_text("")
        stub.cells["1"] = [result(png=PNG_TEXT), result(main=False, jpeg="*"), stdout("on\n"), END]
        ran = code("--images", tmp_path / "file", "-c", "1")
        assert "png image not written" in ran.stdout and "jpeg image not written" in ran.stdout
        assert ran.stdout.endswith("on\n") and ran.returncode == 0


class TestTime:
    def test_when_it_is_up_the_connection_is_closed_and_the_exit_code_is_124(self, stub, code):
        hang = Hang()
        stub.cells["1"] = [stdout("begun\n"), hang]
        ran = code("--timeout", "300ms", "-c", "1")
        assert (ran.stdout, ran.returncode) == ("begun\n", 124)
        assert "time is up" in ran.stderr
        assert hang.was_left.wait(30) and not stub.sandboxes


class TestTerminal:
    """Somebody types."""

    @pytest.fixture
    def typist(self, environment):
        made = []

        def sit_down(*arguments, **options):
            made.append(Typist(nestbox_binary(), "code", *arguments, env=environment, **options))
            return made[-1]

        yield sit_down
        for typist in made:
            typist.close()

    @pytest.fixture
    def history(self, tmp_path):
        return tmp_path / "home" / ".local" / "state" / "nestbox" / "code_history"

    def test_a_cell_is_typed_run_and_numbered(self, stub, typist):
        stub.cells["1 + 1"] = [count(1), result(text="2"), END]
        stub.cells["print(3)"] = [count(2), stdout("3"), END]
        shell = typist()
        shell.sees("In [1]:")
        shell.type("1 + 1\r")
        shell.sees("In [2]:")
        shell.type("print(3)\r")
        shell.sees("In [3]:")
        shell.type("\x04")
        assert shell.wait() == 0
        assert shell.screen.text == "In [1]: 1 + 1\nOut[1]: 2\nIn [2]: print(3)\n3\nIn [3]:"
        assert shell.is_as_before and not stub.sandboxes

    def test_lines_go_on_until_the_input_is_whole(self, stub, typist):
        loop = "for i in range(2):\n    print(i)"
        stub.cells[loop] = [count(1), stdout("0\n1\n"), END]
        shell = typist()
        shell.sees("In [1]:")
        shell.type("for i in range(2):\r")
        shell.sees("   ...:")
        shell.type("print(i)\r")
        shell.type("\r")
        shell.sees("In [2]:")
        assert [body["code"] for body in stub.executions] == [loop]

    def test_a_paste_is_taken_as_it_is_and_run_by_enter(self, stub, typist):
        pasted = "if a:\n  b\n\n  c"
        stub.cells[pasted] = [count(1), END]
        shell = typist()
        shell.sees("In [1]:")
        assert shell.screen.is_pasting
        shell.type("\x1b[200~" + pasted.replace("\n", "\r") + "\x1b[201~")
        shell.sees("   ...:   c")
        assert not stub.executions
        shell.type("\r\r")
        shell.sees("In [2]:")
        assert stub.executions[0]["code"] == pasted

    def test_keys_edit_the_line(self, stub, typist):
        stub.cells["print('äöü漢x')"] = [count(1), END]
        shell = typist()
        shell.sees("In [1]:")
        shell.type("rint('äö漢y'\x01p\x05)\x1b[D\x1b[D\x7fx\x1b[D\x1b[D")
        shell.type("ü\r")
        shell.sees("In [2]:")
        assert stub.executions[0]["code"] == "print('äöü漢x')"

    def test_cut_and_yank(self, stub, typist):
        stub.cells["b a"] = [count(1), END]
        shell = typist()
        shell.sees("In [1]:")
        shell.type("a b\x17\x01\x19 \x0b\x15")  # cut the last word, put it before, cut what follows and what precedes
        shell.type("b a zzz\x17\x7f\r")
        shell.sees("In [2]:")
        assert stub.executions[0]["code"] == "b a"

    def test_history_is_walked_and_outlives_the_shell(self, stub, typist, history):
        for number, cell in enumerate(["first", "second", "(1,\n 2)"], 1):
            stub.cells[cell] = [count(number), END]
        shell = typist()
        shell.sees("In [1]:")
        shell.type("first\r")
        shell.sees("In [2]:")
        shell.type("second\r")
        shell.sees("In [3]:")
        shell.type("(1,\r 2)\r")
        shell.sees("In [4]:")
        shell.type("\x04")
        shell.wait()
        assert [json.loads(line) for line in history.read_text().splitlines()] == ["first", "second", "(1,\n 2)"]
        assert stat.S_IMODE(history.stat().st_mode) == 0o600
        shell = typist()
        shell.sees("In [1]:")
        shell.type("\x1b[A")
        shell.sees("   ...:  2)")
        shell.type("\x1b[A\x1b[A\x1b[A\r")
        shell.sees("In [2]:")
        assert stub.executions[-1]["code"] == "first"

    def test_ctrl_c_gives_the_line_up(self, stub, typist):
        stub.cells["good"] = [count(1), END]
        shell = typist()
        shell.sees("In [1]:")
        shell.type("bad\x03")
        shell.sees("bad^C")
        shell.type("good\r")
        shell.sees("In [2]:")
        assert [body["code"] for body in stub.executions] == ["good"]

    def test_ctrl_c_interrupts_a_cell_by_closing_the_request(self, stub, typist):
        hang = Hang()
        stub.cells["sleep"] = [count(1), stdout("begun"), hang]
        stub.cells["next"] = [count(2), stdout("ready\n"), END]
        shell = typist()
        shell.sees("In [1]:")
        shell.type("sleep\r")
        shell.sees("begun")
        shell.type("\x03")
        shell.sees("In [2]:")
        assert hang.was_left.wait(30)
        shell.type("next\r")
        shell.sees("In [3]:")
        assert "begun\n[interrupted]\nIn [2]: next\nready\n" in shell.screen.text

    def test_a_cell_that_takes_too_long_is_interrupted_and_the_shell_goes_on(self, stub, typist):
        hang = Hang()
        stub.cells["sleep"] = [count(1), hang]
        shell = typist("--timeout", "200ms")
        shell.sees("In [1]:")
        shell.type("sleep\r")
        shell.sees("time is up")
        shell.sees("In [2]:")
        assert hang.was_left.wait(30)

    def test_what_is_typed_while_a_cell_runs_waits(self, stub, typist):
        wait = Wait()
        stub.cells["slow"] = [count(1), stdout("begun\n"), wait, END]
        stub.cells["early"] = [count(2), END]
        shell = typist()
        shell.sees("In [1]:")
        shell.type("slow\r")
        shell.sees("begun")
        shell.type("early\r")
        wait.release.set()
        shell.sees("In [3]:")
        assert [body["code"] for body in stub.executions] == ["slow", "early"]

    def test_an_error_is_shown_and_the_shell_goes_on(self, stub, typist):
        stub.cells["1/0"] = [count(1), error("ZeroDivisionError", "by zero", "Traceback\nby zero"), END]
        shell = typist()
        shell.sees("In [1]:")
        shell.type("1/0\r")
        shell.sees("by zero\nIn [2]:")

    def test_a_server_that_refuses_is_told_of_and_the_shell_goes_on(self, stub, typist):
        stub.refusal = (502, {"code": 502, "message": "the sandbox was not found"})
        shell = typist()
        shell.sees("In [1]:")
        shell.type("1\r")
        shell.sees("the sandbox was not found")
        shell.sees("In [1]: 1")
        assert shell.process.poll() is None

    def test_text_from_the_sandbox_does_not_steer_the_terminal(self, stub, typist):
        evil = "\x1b[2J\x1b]0;title\x07\x1b[6n\x9b31mx\x1b"
        stub.cells["1"] = [
            count(1),
            stdout(evil + "\n"),
            stderr(evil + "\n"),
            result(text=evil),
            error("E\x1b[2J", "v", evil),
            END,
        ]
        shell = typist()
        shell.sees("In [1]:")
        before = len(shell.raw)
        shell.type("1\r")
        shell.sees("In [2]:")
        shown = shell.raw[before:].decode()
        for sequence in ["\x1b[2J", "\x1b]", "\x1b[6n", "\x9b", "\x07"]:
            assert sequence not in shown
        assert "␛[2J" in shown

    def test_colours_and_progress_bars_stay_and_colours_end_with_the_cell(self, stub, typist):
        stub.cells["1"] = [count(1), stdout("\x1b[3"), stdout("1mred"), stdout("\r100%"), END]
        shell = typist()
        shell.sees("In [1]:")
        shell.type("1\r")
        shell.sees("In [2]:")
        assert b"\x1b[31mred\r100%\x1b[0m" in shell.raw

    def test_wide_tables_are_cut_to_the_terminal(self, stub, typist):
        columns = {f"column_{number}": [number] for number in range(30)}
        stub.cells["1"] = [count(1), result(data=columns), END]
        shell = typist(columns=40)
        shell.sees("In [1]:")
        shell.type("1\r")
        shell.sees("of 30 columns do not fit")
        shell.sees("In [2]:")
        assert all(len(line) <= 40 for line in shell.screen.text.splitlines())
        assert "column_0  column_1" in shell.screen.text

    def test_a_line_longer_than_the_terminal_is_drawn_over_several_rows(self, stub, typist):
        line = "x = '" + "0123456789" * 10 + "'"
        stub.cells[line] = [count(1), END]
        shell = typist(columns=40)
        shell.sees("In [1]:")
        for character in line:
            shell.type(character)
        shell.sees_at_the_end("789'")
        assert shell.screen.text.replace("\n", "") == "In [1]: " + line
        shell.type("\x01\x05\r")
        shell.sees("In [2]:")
        assert stub.executions[0]["code"] == line

    def test_ctrl_l_clears_the_screen_and_keeps_the_line(self, stub, typist):
        shell = typist()
        shell.sees("In [1]:")
        shell.type("abandoned\x03half")
        shell.sees("In [1]: half")
        shell.type("\x0c")
        eventually(lambda: shell.screen.text == "In [1]: half", "a clear screen with the line at its top")

    @pytest.mark.parametrize("is_running", [False, True])
    def test_a_terminal_that_is_closed_ends_the_sandbox(self, stub, typist, is_running):
        hang = Hang()
        stub.cells["1"] = [count(1), hang]
        shell = typist()
        shell.sees("In [1]:")
        if is_running:
            shell.type("1\r")
            assert hang.has_begun.wait(30)
        shell.process.send_signal(signal.SIGHUP)
        assert shell.wait() == 128 + signal.SIGHUP
        assert shell.is_as_before and not stub.sandboxes
        assert "Cancellation" not in shell.screen.text

    def test_json_wants_code(self, stub, typist):
        shell = typist("--json")
        assert shell.wait() == 64
        assert stub.made == 0


class TestAgainstTheServer:
    """The same command with the server and the template `code-interpreter-v1` behind it. Skipped where that is not
    built."""

    @pytest.fixture
    def environment(self, request, tmp_path):
        if not (templates() / "code-interpreter-v1").is_dir():
            pytest.skip("the template code-interpreter-v1 is not built")
        variables = request.getfixturevalue("environment_for")("plain")
        return variables | {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path), "TERM": "xterm"}

    @pytest.fixture
    def live(self, environment):
        def sandbox(*words):
            return subprocess.run(
                [nestbox_binary(), "sandbox", *words], env=environment, capture_output=True, text=True, check=True
            ).stdout.strip()

        sandbox_id = sandbox("create", "--template", "code-interpreter-v1")
        yield sandbox_id
        sandbox("kill", sandbox_id)

    def test_state_stays_in_a_live_sandbox(self, code, live):
        assert code("--sandbox", live, "-c", "import os; x = 41").returncode == 0
        ran = code("--sandbox", live, "--env", "WHO=me", "-c", "print(os.environ['WHO']); x + 1")
        assert (ran.stdout, ran.stderr, ran.returncode) == ("me\n42\n", "", 0)

    def test_a_data_frame_is_a_table(self, code):
        ran = code("-c", "import pandas; pandas.DataFrame({'name': ['a', 'b'], 'n': [1.5, 20.25]})")
        assert ran.stdout.splitlines()[:3] == ["   name      n", "0  a      1.50", "1  b     20.25"]

    def test_a_plot_is_a_file(self, code):
        ran = code("-c", "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.title('T'); plt.show()")
        assert '[line chart "T"]' in ran.stdout
        with open(re.search(r"\[image: (.*\.png)\]", ran.stdout)[1], "rb") as image:
            assert image.read(8) == PNG[:8]

    def test_an_error_has_its_traceback(self, code):
        ran = code("-c", "print('out'); 1 / 0")
        assert (ran.stdout, ran.returncode) == ("out\n", 1)
        assert "ZeroDivisionError" in ran.stderr

    def test_what_takes_too_long_is_interrupted_and_the_sandbox_is_usable_again(self, code, live):
        assert code("--sandbox", live, "--timeout", "500ms", "-c", "y = 1\nwhile True: pass").returncode == 124
        assert code("--sandbox", live, "-c", "y").stdout == "1\n"

    def test_the_shell_passes_magics_and_commands_on(self, environment):
        shell = Typist(nestbox_binary(), "code", env=environment)
        try:
            shell.sees("In [1]:", 60)
            shell.type("!echo from bash\r")
            shell.sees("\nfrom bash\n", 60)
            shell.type("%pwd\r")
            shell.sees("Out[2]: /home/user", 60)
            shell.type("import time; time.sleep(60)\r")
            shell.sees("sleep(60)")
            shell.type("\x03")
            shell.sees("In [4]:", 60)
            shell.type("\x04")
            assert shell.wait() == 0
        finally:
            shell.close()
