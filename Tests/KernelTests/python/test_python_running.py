"""Running cells: results, errors, state, environment, asyncio, magics."""

import pytest


class TestState:
    def test_a_name_lives_from_cell_to_cell(self, kernel):
        kernel.run("remembered = 20")
        assert kernel.value("remembered + 1") == 21

    def test_executions_are_counted(self, kernel):
        first = kernel.run("1").count
        assert [kernel.run("1").count, kernel.run("raise ValueError").count, kernel.run("1").count] == [
            first + 1,
            first + 2,
            first + 3,
        ]

    def test_earlier_results_and_cells_are_at_hand(self, kernel):
        count = kernel.run("6 * 7").count
        assert kernel.value(f"(_, Out[{count}], In[{count}])") == (42, 42, "6 * 7")

    def test_an_empty_cell_ends_at_once(self, kernel):
        run = kernel.run("  \n")
        assert run.has_ended and run.error is None and not run.results

    def test_indented_code_runs(self, kernel):
        assert kernel.run("\n    x = 1\n    x + 1\n").main["text/plain"] == "2"

    def test_code_can_be_pickled_by_name(self, kernel):
        kernel.run("import pickle\nclass Point: pass")
        assert kernel.value("type(pickle.loads(pickle.dumps(Point()))).__name__") == "Point"

    def test_modules_of_the_current_directory_can_be_imported(self, kernel):
        kernel.run("open('beside.py', 'w').write('VALUE = 5')")
        assert kernel.value("__import__('beside').VALUE") == 5

    def test_code_sees_no_arguments_of_the_kernel(self, kernel):
        assert kernel.value("__import__('sys').argv") == [""]

    def test_no_history_is_written(self, kernel):
        assert kernel.value("__import__('os').path.exists(__import__('os').path.expanduser('~/.ipython'))") is False


class TestHello:
    def test_every_connection_begins_with_it(self, kernel):
        hello = kernel.run("1").hello
        assert (hello["protocol"], hello["context"], hello["language"]) == (1, "ctx", "python")
        assert hello["pid"] == kernel.pid

    def test_it_tells_the_directory_as_it_is(self, fresh_kernel, tmp_path):
        assert fresh_kernel.hello()["cwd"] == str(tmp_path)
        fresh_kernel.run("import os; os.chdir('/')")
        assert fresh_kernel.hello()["cwd"] == "/"

    def test_it_comes_while_a_cell_runs(self, kernel):
        peer = kernel.peer()
        peer.execute("import time; print('busy'); time.sleep(60)")
        peer.wait_for(0x82, b"busy")
        assert kernel.hello()["idle"] is False
        peer.close()

    def test_a_peer_that_asks_for_nothing_is_no_hindrance(self, kernel):
        silent = [kernel.peer() for _ in range(100)]
        assert kernel.value("1 + 1") == 2
        for peer in silent:
            peer.close()

    @pytest.mark.parametrize(
        "kind, payload",
        [(0x01, b"{"), (0x01, b'{"code": 1}'), (0x01, b'{"code": "1", "environment": {"A=": "b"}}'), (0x77, b""),
         (0x01, b'{"code": "1", "more": 1}'), (0x02, b"x"), (0x01, b"[" * 100_000)],
    )  # fmt: skip
    def test_what_is_no_request_is_refused(self, kernel, kind, payload):
        peer = kernel.peer()
        peer.send(kind, payload)
        frames = peer.frames()
        assert frames[1][1]["name"] == "ProtocolError" and frames[-1][0] == 0x8F
        assert kernel.value("1 + 1") == 2


class TestErrors:
    def test_an_exception_has_name_value_and_a_traceback_without_colours(self, kernel):
        error = kernel.run("def f():\n    return 1 / 0\nf()").error
        assert (error["name"], error["value"]) == ("ZeroDivisionError", "division by zero")
        assert "return 1 / 0" in error["traceback"] and "\x1b" not in error["traceback"]

    def test_a_syntax_error_is_an_error_like_any_other(self, kernel):
        error = kernel.run("foo(").error
        assert error["name"] == "SyntaxError" and "foo(" in error["traceback"]

    @pytest.mark.parametrize("code", ["exit()", "quit()", "exit", "raise SystemExit", "import sys; sys.exit()"])
    def test_exit_ends_the_cell_and_not_the_context(self, kernel, code):
        kernel.run("kept = 1")
        run = kernel.run(f"{code}\nprint('not reached')" if "\n" not in code and "(" in code else code)
        assert run.error["name"] == "SystemExit" and run.stdout == "" and run.stderr == ""
        assert kernel.value("kept") == 1

    def test_the_code_of_an_exit_is_its_value(self, kernel):
        assert kernel.run("exit(3)").error["value"] == "3"

    def test_an_exception_group_shows_its_members(self, kernel):
        error = kernel.run("raise ExceptionGroup('several', [ValueError('one'), TypeError('two')])").error
        assert error["name"] == "ExceptionGroup" and "ValueError: one" in error["traceback"]

    def test_an_unknown_magic_is_an_error(self, kernel):
        assert kernel.run("%no_such_magic").error["name"] == "UsageError"

    @pytest.mark.parametrize("question", ["input('name? ')", "__import__('getpass').getpass()"])
    def test_a_question_is_refused_with_its_reason(self, kernel, question):
        error = kernel.run(question).error
        assert error["name"] == "StdinNotImplementedError" and "nobody to ask" in error["value"]
        assert "nestbox_kernel" not in error["traceback"]

    def test_reading_standard_input_finds_its_end(self, kernel):
        assert kernel.value("(__import__('sys').stdin.read(), __import__('os').read(0, 10))") == ("", b"")

    def test_a_long_error_is_cut_with_a_notice(self, kernel):
        error = kernel.run("raise ValueError('x' * 3_000_000)").error
        assert len(error["value"]) == 1 << 20 and error["value"].endswith("[nestbox: cut here]")

    def test_an_exception_that_can_not_be_shown_is_still_an_error(self, kernel):
        run = kernel.run("class Bad(Exception):\n    def __str__(self): raise RuntimeError\nraise Bad")
        assert run.error["name"] == "Bad" and run.has_ended

    def test_endless_recursion_is_an_error(self, kernel):
        assert kernel.run("def f(): f()\nf()").error["name"] == "RecursionError"


class TestEnvironment:
    def test_a_variable_of_a_run_is_gone_after_it(self, kernel):
        assert kernel.run("import os; os.environ['FOO']", {"FOO": "bar"}).main["text/plain"] == "'bar'"
        assert kernel.value("'FOO' in __import__('os').environ") is False

    def test_a_variable_that_was_there_comes_back(self, kernel):
        kernel.run("import os; os.environ['STAYS'] = 'old'")
        kernel.run("os.environ['STAYS'] = 'changed'", {"STAYS": "new"})
        assert kernel.value("os.environ['STAYS']") == "old"

    def test_programs_get_it_too(self, kernel):
        assert kernel.run("!echo $FOO", {"FOO": "bar"}).stdout == "bar\n"

    def test_it_is_restored_after_a_failure(self, kernel):
        kernel.run("1 / 0", {"FOO": "bar"})
        assert kernel.value("'FOO' in __import__('os').environ") is False


class TestAsyncio:
    def test_a_cell_may_await(self, kernel):
        assert kernel.run("import asyncio\nawait asyncio.sleep(0, 'slept')").main["text/plain"] == "'slept'"

    def test_a_task_goes_on_between_cells(self, kernel):
        kernel.run("import asyncio\ndone = asyncio.Event()\nasync def work():\n    await asyncio.sleep(0.05)\n    "
                   "done.set()\ntask = asyncio.create_task(work())")  # fmt: skip
        assert kernel.run("await done.wait()").main["text/plain"] == "True"

    def test_a_loop_runs_as_in_jupyter(self, kernel):
        assert kernel.value("__import__('asyncio').get_running_loop().is_running()") is True

    def test_a_stopped_loop_is_started_again(self, kernel):
        kernel.run("import asyncio; asyncio.get_running_loop().stop()")
        assert kernel.run("await asyncio.sleep(0, 1)").main["text/plain"] == "1"


class TestMagics:
    def test_a_shell_line_runs_a_program(self, kernel):
        assert kernel.run("!echo out; echo err >&2").streams == [(0x82, b"out\n"), (0x83, b"err\n")]

    def test_its_exit_code_is_kept(self, kernel):
        kernel.run("!exit 3")
        assert kernel.value("_exit_code") == 3

    def test_its_output_can_be_taken(self, kernel):
        assert kernel.run("lines = !printf 'a\\nb\\n'\nlist(lines)").main["text/plain"] == "['a', 'b']"

    def test_a_bash_cell_runs(self, kernel):
        assert kernel.run("%%bash\nfor i in 1 2; do echo $i; done").stdout == "1\n2\n"

    def test_time_is_taken(self, kernel):
        assert "Wall time" in kernel.run("%time sum(range(10))").stdout

    def test_output_can_be_captured(self, kernel):
        assert kernel.run("%%capture taken\nprint('inside')").stdout == ""
        assert kernel.value("taken.stdout") == "inside\n"

    def test_pip_is_called_for_this_python(self, kernel):
        assert "pip" in kernel.run("%pip --version").stdout
