"""What a cell writes comes whole, in order, and while it runs."""

import hashlib
import threading
import time

import pytest

from nestbox_support.interpreter import assert_well, of_type, printed, stderr, stdout, text

MEBIBYTE = 1 << 20
# Each line is different, so that a missing, doubled or moved piece changes the digest.
FLOOD = """
import sys
for number in range({blocks}):
    sys.stdout.write("".join(f"{{number:08d}} {{line:06d}} {{'x' * 47}}\\n" for line in range(16384)))
"""


def flood_digest(blocks):
    digest = hashlib.sha256()
    for number in range(blocks):
        digest.update("".join(f"{number:08d} {line:06d} {'x' * 47}\n" for line in range(16384)).encode())
    return digest.hexdigest()


class TestCallbacks:
    def test_each_kind_has_its_own(self, interpreter):
        out, err, results, errors = [], [], [], []
        code = "import sys\nprint('o')\nprint('e', file=sys.stderr)\ndisplay('r')\n1 / 0"
        interpreter.run_code(
            code, on_stdout=out.append, on_stderr=err.append, on_result=results.append, on_error=errors.append
        )
        assert "".join(message.line for message in out) == "o\n"
        assert "".join(message.line for message in err) == "e\n"
        assert [message.error for message in out + err] == [False, True]
        assert [result.text for result in results] == ["r"]
        assert [error.name for error in errors] == ["ZeroDivisionError"]

    async def test_the_asynchronous_client_awaits_them(self, plain_environment):
        from e2b_code_interpreter import AsyncSandbox

        seen = []

        async def note(message):
            seen.append(message.line)

        sandbox = await AsyncSandbox.create(timeout=60)
        try:
            await sandbox.run_code("print('awaited')", on_stdout=note)
        finally:
            await sandbox.kill()
        assert "".join(seen) == "awaited\n"

    def test_moments_are_nanoseconds_and_never_run_back(self, interpreter):
        before, seen = time.time_ns(), []
        interpreter.run_code("for n in range(50): print(n, flush=True)", on_stdout=seen.append)
        moments = [message.timestamp for message in seen]
        assert moments == sorted(moments)
        assert before - 10**10 < moments[0] <= moments[-1] < time.time_ns() + 10**10


class TestWhileItRuns:
    @pytest.mark.parametrize("flush", [True, False])
    def test_output_comes_before_the_cell_ends(self, interpreter, flush):
        """The cell waits for a file that is written only once its first line has been seen."""
        gate = f"/tmp/gate-{interpreter.run_code('import uuid; uuid.uuid4().hex').text}"
        seen = threading.Event()
        opener = threading.Thread(target=lambda: seen.wait(20) and interpreter.files.write(gate, ""))
        opener.start()
        code = f"import os, time\nprint('first', flush={flush})\n"
        code += f"while not os.path.exists({gate!r}): time.sleep(0.01)\nprint('through')"
        execution = interpreter.run_code(code, on_stdout=lambda _: seen.set(), timeout=30)
        opener.join()
        assert printed(execution) == "first\nthrough\n"

    def test_a_result_comes_before_the_cell_ends(self, interpreter):
        gate = f"/tmp/gate-{interpreter.run_code('import uuid; uuid.uuid4().hex').text}"
        seen = threading.Event()
        opener = threading.Thread(target=lambda: seen.wait(20) and interpreter.files.write(gate, ""))
        opener.start()
        code = f"import os, time\ndisplay('early')\nwhile not os.path.exists({gate!r}): time.sleep(0.01)\n'late'"
        execution = interpreter.run_code(code, on_result=lambda _: seen.set(), timeout=30)
        opener.join()
        assert [result.text for result in execution.results] == ["early", "late"]

    def test_a_silent_cell_is_kept_alive(self, notebook, kernels):
        events = kernels(notebook).run("import time; time.sleep(6); 'woke'")
        assert of_type(events, "keepalive")
        assert of_type(events, "result")[0]["text"] == "woke"


class TestSources:
    @pytest.mark.parametrize(
        "code",
        [
            "print('out')",
            "import sys; _ = sys.stdout.write('out\\n')",
            "import os; _ = os.write(1, b'out\\n')",
            "import subprocess; _ = subprocess.run(['echo', 'out'])",
            "import os; _ = os.system('echo out')",
            "!echo out",
            "import sys; _ = sys.stdout.buffer.write(b'out\\n'); sys.stdout.flush()",
            "import sys; print('out', file=sys.__stdout__, flush=True)",
            "import ctypes; c = ctypes.CDLL(None); _ = c.puts(b'out'), c.fflush(None)",
        ],
        ids=["print", "write", "descriptor", "child", "system", "shell", "buffer", "original", "C"],
    )
    def test_whoever_writes_is_heard(self, interpreter, code):
        assert printed(interpreter.run_code(code)).replace("\r\n", "\n") == "out\n"

    @pytest.mark.parametrize(
        "code",
        [
            "import sys; print('err', file=sys.stderr)",
            "import os; _ = os.write(2, b'err\\n')",
            "import subprocess; _ = subprocess.run('echo err >&2', shell=True)",
            "import logging; logging.getLogger('own').warning('err')",
            "import warnings; warnings.warn('err')",
        ],
        ids=["print", "descriptor", "child", "logging", "warnings"],
    )
    def test_trouble_is_heard_apart(self, interpreter, code):
        execution = interpreter.run_code(code)
        assert "err" in stderr(execution)
        assert stdout(execution) == ""

    def test_a_stream_may_be_redirected(self, interpreter):
        code = "import contextlib, io\nkept = io.StringIO()\nwith contextlib.redirect_stdout(kept): print('inside')\n"
        execution = interpreter.run_code(code + "kept.getvalue()")
        assert (execution.text, stdout(execution)) == ("inside\\n", "")

    def test_it_has_no_terminal(self, interpreter):
        assert interpreter.run_code("import sys; sys.stdout.isatty()").text == "False"


class TestOrder:
    def test_the_two_streams_keep_the_order_in_which_they_were_written(self, notebook, kernels):
        code = "import sys\nfor n in range(200): print(n, file=(sys.stdout, sys.stderr)[n % 2], flush=True)"
        said = of_type(kernels(notebook).run(code), "stdout", "stderr")
        assert [int(line) for event in said for line in event["text"].split()] == list(range(200))

    def test_a_child_and_the_cell_take_turns(self, interpreter):
        code = (
            "import subprocess\nfor n in range(5):\n    print('cell', n)\n    subprocess.run(['echo', 'child', str(n)])"
        )
        lines = printed(interpreter.run_code(code)).splitlines()
        assert lines == [f"{who} {n}" for n in range(5) for who in ("cell", "child")]

    def test_pieces_of_a_line_make_the_line(self, interpreter):
        code = "import sys\nfor word in ('a', 'b', 'c'): print(word, end=' ', flush=True)\nprint()"
        assert printed(interpreter.run_code(code)) == "a b c \n"


class TestBytes:
    def test_every_letter_arrives_as_it_is(self, interpreter):
        # The client cuts its stream into lines at \x85, \u2028 and \u2029 too: they may not stand in it as they are.
        said = "tab\t nul\0 bell\a back\b return\r form\f del\x7f next\x85 line\u2028 part\u2029 bom\ufeff ß世🎉 \u200d"
        assert printed(interpreter.run_code(f"print({said!r}, end='')")) == said

    def test_a_letter_torn_in_two_is_whole_again(self, interpreter):
        code = "import os, time\nfor byte in '€🎉'.encode():\n    os.write(1, bytes([byte]))\n    time.sleep(0.02)"
        assert printed(interpreter.run_code(code)) == "€🎉"

    def test_letters_across_every_boundary_are_whole(self, interpreter):
        code = "import os, sys\nsys.stdout.write('a' + '€' * 500_000); sys.stdout.flush()"
        assert printed(interpreter.run_code(code)) == "a" + "€" * 500_000

    def test_bytes_that_are_no_text_are_replaced(self, interpreter):
        code = "import os\n_ = os.write(1, b'a\\xff\\xfeb'), os.write(1, b'\\xe2\\x82'), os.write(1, b'c')"
        said = printed(interpreter.run_code(code))
        assert said.startswith("a\ufffd\ufffdb") and said.endswith("c")

    def test_half_a_letter_at_the_end_is_replaced(self, interpreter):
        assert printed(interpreter.run_code("import os; _ = os.write(1, b'x\\xe2\\x82')")).rstrip("\ufffd") == "x"

    def test_a_lone_surrogate_does_not_hang_or_kill(self, interpreter):
        interpreter.run_code("survivor = 3; print('\\ud800')", timeout=20)
        assert interpreter.run_code("survivor").text == "3"

    def test_random_bytes_do_not_hang_or_kill(self, interpreter):
        interpreter.run_code("import os\nfor _ in range(16): _ = os.write(1, os.urandom(65_536))", timeout=30)
        assert_well(interpreter)


class TestAmounts:
    @pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 5_000_000])
    def test_output_is_complete_to_the_last_byte(self, interpreter, size):
        said = printed(interpreter.run_code(f"print('x' * {size}, end='END')"))
        assert (len(said), said[-3:]) == (size + 3, "END")

    def test_a_hundred_megabytes_are_exact(self, notebook):
        blocks = 100
        digest, count = hashlib.sha256(), 0
        execution = notebook.run_code(FLOOD.format(blocks=blocks), timeout=100)
        assert execution.error is None
        for piece in execution.logs.stdout:
            digest.update(piece.encode())
            count += len(piece)
        assert (count, digest.hexdigest()) == (blocks * MEBIBYTE, flood_digest(blocks))

    def test_many_small_pieces_are_complete(self, interpreter):
        said = printed(interpreter.run_code("import os\nfor n in range(20_000): _ = os.write(1, b'%d\\n' % n)"))
        assert said.split() == [str(n) for n in range(20_000)]

    def test_a_flood_of_escape_codes_is_passed_on_as_text(self, interpreter):
        code = "print('\\x1b[31m\\x1b[2J\\x1b]0;title\\x07' * 100_000, end='')"
        assert printed(interpreter.run_code(code)) == "\x1b[31m\x1b[2J\x1b]0;title\x07" * 100_000

    def test_a_million_returns_on_one_line_are_complete(self, interpreter):
        assert len(printed(interpreter.run_code("for n in range(100_000): print(f'{n:6d}%', end='\\r')"))) == 800_000

    def test_what_a_child_wrote_just_before_the_end_is_not_lost(self, interpreter):
        for _ in range(10):
            execution = interpreter.run_code(
                "import subprocess\n_ = subprocess.run('seq 200; echo last >&2', shell=True)"
            )
            assert (stdout(execution).split()[-1], stderr(execution)) == ("200", "last\n")


class TestAfterwards:
    def test_a_thread_that_keeps_printing_does_not_hold_the_cell(self, notebook):
        context = notebook.create_code_context()
        code = "import threading, time\nstop = threading.Event()\ndef chatter():\n"
        code += (
            "    while not stop.wait(0.01): print('chatter')\nthreading.Thread(target=chatter, daemon=True).start()\n"
        )
        assert notebook.run_code(code + "'started'", context=context, timeout=20).text == "started"
        assert notebook.run_code("'next'", context=context, timeout=20).text == "next"
        assert_well(notebook, context)
        notebook.run_code("stop.set()", context=context)
        notebook.remove_code_context(context)

    def test_a_child_in_the_background_does_not_hold_the_cell(self, interpreter):
        code = "import subprocess\nchild = subprocess.Popen(['sleep', '1000'])\nchild.poll() is None"
        assert interpreter.run_code(code, timeout=20).text == "True"
        interpreter.run_code("child.kill(); child.wait()")

    def test_what_one_cell_wrote_is_not_told_to_the_next(self, interpreter):
        for n in range(20):
            assert printed(interpreter.run_code(f"print({n})")) == f"{n}\n"


def test_the_server_does_not_keep_what_it_passes_on(notebook, kernels, server):
    """It reads from the kernel no faster than the client takes."""
    client = kernels(notebook)
    client.timeout = 60
    before = server.resident
    with client.running(FLOOD.format(blocks=300)) as response:
        lines = response.iter_lines()
        first = next(line for line in lines if '"stdout"' in line)
        grown = server.resident - before
        said = len(first) + sum(len(line) for line in lines)
    assert said > 300 * MEBIBYTE
    assert max(grown, server.resident - before) < 150 * MEBIBYTE
    assert text(client.run("print('well')")) == "well\n"
