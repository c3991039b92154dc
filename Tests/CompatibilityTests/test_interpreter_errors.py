"""An error of the code is a result: its name, its value, and where it happened."""

import pytest

from nestbox_support.interpreter import assert_well, printed, stdout

TRACEBACK_BYTES = 1 << 20


@pytest.mark.parametrize(
    "code,name,value",
    [
        ("1 / 0", "ZeroDivisionError", "division by zero"),
        ("undefined_name", "NameError", "name 'undefined_name' is not defined"),
        ("{}['key']", "KeyError", "'key'"),
        ("import no_such_module", "ModuleNotFoundError", "No module named 'no_such_module'"),
        ("raise ValueError('own words: ü🎉')", "ValueError", "own words: ü🎉"),
        ("raise ValueError", "ValueError", ""),
        ("class Own(Exception): pass\nraise Own(1, 2)", "Own", "(1, 2)"),
        ("assert 1 == 2, 'not so'", "AssertionError", "not so"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("def f(): return f()\nf()", "RecursionError", "maximum recursion depth exceeded"),
        ("await missing()", "NameError", "name 'missing' is not defined"),
        (
            "raise ExceptionGroup('several', [ValueError(1), TypeError(2)])",
            "ExceptionGroup",
            "several (2 sub-exceptions)",
        ),
    ],
    ids=lambda text: text.split("\n")[-1][:30] or "empty",
)
def test_an_error_has_its_name_and_value(interpreter, code, name, value):
    error = interpreter.run_code(code).error
    assert (error.name, error.value) == (name, value)
    assert name in error.traceback


@pytest.mark.parametrize("code", ["if True", "x = = 1", "  a\n b", "print('open", "return 1", "f('"])
def test_what_is_no_python_is_a_syntax_error(interpreter, code):
    execution = interpreter.run_code(code)
    assert execution.error.name in ("SyntaxError", "IndentationError")
    assert execution.results == []


class TestTraceback:
    def test_it_shows_the_lines_on_the_way(self, interpreter):
        code = "def inner():\n    raise ValueError('deep')\ndef outer():\n    inner()\nouter()"
        traceback = interpreter.run_code(code).error.traceback
        assert "inner()" in traceback and "raise ValueError('deep')" in traceback and "deep" in traceback

    def test_it_shows_causes(self, interpreter):
        code = "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('second') from error"
        traceback = interpreter.run_code(code).error.traceback
        assert "ZeroDivisionError" in traceback and "direct cause" in traceback and "second" in traceback

    def test_it_is_plain_text(self, interpreter):
        assert "\x1b" not in interpreter.run_code("1 / 0").error.traceback

    def test_it_shows_lines_of_files(self, interpreter):
        interpreter.files.write("/home/user/faulty.py", "def run():\n    return [][7]\n")
        traceback = interpreter.run_code("import faulty\nfaulty.run()").error.traceback
        assert "faulty.py" in traceback and "return [][7]" in traceback

    def test_it_names_nothing_of_the_kernel(self, interpreter):
        assert "/usr/lib/nestbox" not in interpreter.run_code("1 / 0").error.traceback

    def test_a_deep_one_is_bounded(self, interpreter):
        code = "def down(n): return down(n - 1) if n else 1 / 0\ndown(900)"
        assert len(interpreter.run_code(code).error.traceback) <= TRACEBACK_BYTES


class TestAround:
    def test_what_was_printed_before_is_kept(self, interpreter):
        execution = interpreter.run_code("print('before')\nraise ValueError\nprint('after')")
        assert (stdout(execution), execution.error.name, execution.results) == ("before\n", "ValueError", [])

    def test_an_error_that_was_caught_is_none(self, interpreter):
        assert (
            printed(interpreter.run_code("try:\n    1 / 0\nexcept ZeroDivisionError:\n    print('caught')"))
            == "caught\n"
        )

    def test_an_error_in_a_thread_is_no_error_of_the_cell(self, interpreter):
        code = "import threading\nthread = threading.Thread(target=lambda: 1 / 0)\nthread.start(); thread.join()\n"
        execution = interpreter.run_code(code + "'went on'")
        assert (execution.text, execution.error) == ("went on", None)


class TestUnusualErrors:
    def test_a_value_of_fifty_megabytes_is_cut(self, interpreter):
        error = interpreter.run_code("raise ValueError('x' * 50_000_000)", timeout=60).error
        assert error.name == "ValueError"
        assert 0 < len(error.value.encode()) <= TRACEBACK_BYTES + 1000
        assert len(error.traceback.encode()) <= TRACEBACK_BYTES + 1000
        assert_well(interpreter)

    @pytest.mark.parametrize(
        "body",
        [
            "def __str__(self): raise ValueError",
            "def __str__(self): return 7",
            "def __str__(self): return '\\ud800'",
            "def __repr__(self): raise KeyboardInterrupt",
            "__module__ = None",
            "def __getattribute__(self, name): raise RuntimeError(name)",
            "def with_traceback(self, _): 1 / 0",
            "__cause__ = property(lambda self: self)",
        ],
    )
    def test_an_error_that_can_not_be_told_does_not_hang_or_kill(self, notebook, body):
        notebook.run_code("survivor = 8")
        execution = notebook.run_code(f"class Odd(Exception):\n    {body}\nraise Odd('odd')", timeout=20)
        assert execution.error is not None
        assert notebook.run_code("survivor").text == "8"

    def test_an_error_that_is_its_own_cause_ends(self, interpreter):
        code = "error = ValueError('round')\nerror.__cause__ = error\nraise error"
        assert interpreter.run_code(code, timeout=20).error.value == "round"

    @pytest.mark.parametrize("base", ["BaseException", "SystemExit", "GeneratorExit"])
    def test_errors_beyond_exceptions_leave_the_kernel_alive(self, interpreter, base):
        interpreter.run_code("survivor = 9")
        interpreter.run_code(f"class Odd({base}): pass\nraise Odd('odd')", timeout=20)
        assert interpreter.run_code("survivor").text == "9"


class TestLeaving:
    @pytest.mark.parametrize("code", ["exit()", "quit()", "exit", "exit(1)"])
    def test_to_ask_for_the_end_does_not_end_the_context(self, interpreter, code):
        execution = interpreter.run_code(f"print('before')\n{code}", timeout=20)
        assert stdout(execution).startswith("before\n")
        assert_well(interpreter)

    @pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "raise SystemExit", "raise SystemExit('text')"])
    def test_to_leave_ends_the_cell_only(self, interpreter, code):
        execution = interpreter.run_code(f"survivor = 2\nprint('before')\n{code}\nprint('after')", timeout=20)
        assert stdout(execution) == "before\n"
        assert interpreter.run_code("survivor").text == "2"

    def test_leaving_with_a_code_names_it(self, interpreter):
        error = interpreter.run_code("import sys; sys.exit(3)", timeout=20).error
        assert (error.name, error.value) == ("SystemExit", "3")
