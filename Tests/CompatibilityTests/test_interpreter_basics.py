"""Running Python in the default context, by both official clients."""

import pytest

from nestbox_support.interpreter import assert_well, printed, stderr, stdout


class TestExpressions:
    @pytest.mark.parametrize(
        "code,text",
        [
            ("1 + 1", "2"),
            ("x = 41\nx + 1", "42"),
            ("'plain'", "plain"),
            ("[1, 'two', 3.0]", "[1, 'two', 3.0]"),
            ("'Grüße 世界 🎉'", "Grüße 世界 🎉"),
            ("sum(range(10**6))", "499999500000"),
            ("(lambda *a: a)(1, 2)", "(1, 2)"),
        ],
    )
    def test_the_last_expression_is_the_main_result(self, interpreter, code, text):
        execution = interpreter.run_code(code)
        assert (execution.text, execution.error) == (text, None)
        assert [result.is_main_result for result in execution.results] == [True]
        assert "text" in execution.results[0].formats()

    @pytest.mark.parametrize("code", ["y = 1", "None", "2;", "import math", "def f(): pass", "", "# nothing", "  \n\n"])
    def test_what_is_no_expression_has_no_result(self, interpreter, code):
        execution = interpreter.run_code(code)
        assert (execution.results, execution.error) == ([], None)

    def test_only_the_last_one_counts(self, interpreter):
        execution = interpreter.run_code("1\n2\n3")
        assert [result.text for result in execution.results] == ["3"]

    def test_a_cell_may_be_indented_as_a_whole(self, interpreter):
        assert interpreter.run_code("\n    indented = 7\n    indented * 6\n    ").text == "42"

    def test_the_last_result_has_a_name(self, interpreter):
        interpreter.run_code("6 * 9")
        assert interpreter.run_code("_ + 0").text == "54"

    def test_a_long_cell_arrives_whole(self, interpreter):
        code = "".join(f"total = {number}\n" for number in range(50_000)) + "total"
        assert interpreter.run_code(code).text == "49999"

    def test_a_long_result_arrives_whole(self, interpreter):
        assert interpreter.run_code("'ab' * 1_000_000").text == "ab" * 1_000_000

    def test_long_lists_are_not_cut(self, interpreter):
        assert interpreter.run_code("list(range(5000))").text.replace("\n", "") == str(list(range(5000)))


class TestState:
    @pytest.mark.parametrize(
        "before,after,text",
        [
            ("kept = [1]", "kept.append(2); kept", "[1, 2]"),
            ("import json as j", "j.dumps({})", "{}"),
            ("def double(n): return 2 * n", "double(21)", "42"),
            ("class Point:\n    x = 3", "Point().x", "3"),
            ("opened = open('/tmp/opened', 'w+'); opened.write('there')", "opened.seek(0); opened.read()", "there"),
            ("import os; os.chdir('/tmp')", "os.getcwd()", "/tmp"),
        ],
        ids=["variable", "import", "function", "class", "open file", "directory"],
    )
    def test_it_stays_from_cell_to_cell(self, interpreter, before, after, text):
        assert interpreter.run_code(before).error is None
        assert interpreter.run_code(after).text == text
        interpreter.run_code("import os; os.chdir('/home/user')")

    def test_executions_are_counted(self, interpreter):
        counts = [interpreter.run_code("pass").execution_count for _ in range(3)]
        assert counts == list(range(counts[0], counts[0] + 3))

    def test_an_error_does_not_take_what_was_there(self, interpreter):
        interpreter.run_code("survivor = 1; raise ValueError")
        assert interpreter.run_code("survivor").text == "1"


class TestSurroundings:
    def test_cells_begin_at_home(self, interpreter):
        assert interpreter.run_code("import os; os.getcwd()", language="python").text == "/home/user"

    def test_cells_are_roots(self, interpreter):
        assert interpreter.run_code("import os; os.getuid(), os.getgid()").text == "(0, 0)"

    def test_files_are_those_of_the_file_calls(self, interpreter):
        interpreter.files.write("/home/user/rows.csv", "a,b\n1,2\n")
        assert printed(interpreter.run_code("print(open('rows.csv').read(), end='')")) == "a,b\n1,2\n"
        interpreter.run_code("open('/tmp/back.txt', 'w').write('from a cell')")
        assert interpreter.files.read("/tmp/back.txt") == "from a cell"

    def test_kernels_are_not_among_the_clients_commands(self, interpreter):
        interpreter.run_code("1")
        assert [process.cmd for process in interpreter.commands.list()] == []

    @pytest.mark.parametrize(
        "module",
        "IPython ipykernel numpy pandas matplotlib scipy sklearn seaborn PIL openpyxl requests bs4 sympy".split(),
    )
    def test_the_template_has_what_people_import(self, notebook, module):
        assert notebook.run_code(f"import {module}").error is None

    def test_its_other_name_is_good_too(self, new_interpreter):
        assert_well(new_interpreter(template="code-interpreter"))


class TestMagics:
    @pytest.mark.parametrize("code", ["!echo here", "%system echo here", "%%bash\necho here", "%pwd\nprint('here')"])
    def test_they_work(self, interpreter, code):
        execution = interpreter.run_code(code)
        assert execution.error is None
        assert "here" in stdout(execution) + (execution.text or "")

    def test_timing_prints_what_it_measured(self, interpreter):
        assert "CPU times" in printed(interpreter.run_code("%time sum(range(1000))"))

    def test_what_a_shell_says_can_be_kept(self, interpreter):
        assert interpreter.run_code("lines = !seq 3\nlines").text == "['1', '2', '3']"

    def test_a_script_that_fails_is_an_error(self, interpreter):
        assert interpreter.run_code("%%bash\nexit 3").error.name == "CalledProcessError"

    def test_an_unknown_one_is_told(self, interpreter):
        execution = interpreter.run_code("%no_such_magic")
        assert "no_such_magic" in stderr(execution) + str(execution.error)


class TestAwait:
    def test_it_works_at_the_top(self, interpreter):
        assert interpreter.run_code("import asyncio\nawait asyncio.sleep(0.01)\n'awaited'").text == "awaited"

    def test_many_at_once(self, interpreter):
        code = "async def square(n):\n    await asyncio.sleep(0.01)\n    return n * n\n"
        interpreter.run_code("import asyncio\n" + code)
        assert interpreter.run_code("await asyncio.gather(*map(square, range(5)))").text == "[0, 1, 4, 9, 16]"

    def test_a_task_of_one_cell_is_awaited_in_the_next(self, interpreter):
        interpreter.run_code("import asyncio\nevent = asyncio.Event()\ntask = asyncio.ensure_future(event.wait())")
        assert interpreter.run_code("event.set()\nawait task").text == "True"

    def test_loops_and_contexts_of_ones_own_are_possible(self, interpreter):
        code = "import asyncio, threading\nout = []\nasync def main():\n    out.append(await asyncio.sleep(0, 'ran'))\n"
        code += "thread = threading.Thread(target=lambda: asyncio.run(main()))\nthread.start(); thread.join(); out"
        assert interpreter.run_code(code).text == "['ran']"


class TestInput:
    @pytest.mark.parametrize("code", ["input('name? ')", "import getpass; getpass.getpass()"])
    def test_asking_somebody_is_an_error_that_says_so(self, interpreter, code):
        error = interpreter.run_code(code, timeout=20).error
        assert error.name == "StdinNotImplementedError"
        assert error.value
        assert_well(interpreter)

    def test_standard_input_is_empty(self, interpreter):
        assert interpreter.run_code("import sys; sys.stdin.read()", timeout=20).text == ""

    def test_a_child_finds_no_input_either(self, interpreter):
        assert interpreter.run_code("import subprocess; subprocess.check_output('cat')", timeout=20).text == "b''"
