"""The other languages, and the environment in each of them."""

import pytest

from nestbox_support.interpreter import assert_well, printed, stderr, stdout

PROGRAMS = {
    "python": "import os; print(os.environ.get('{0}', 'unset'))",
    "javascript": "console.log(process.env.{0} ?? 'unset')",
    "typescript": "console.log(process.env.{0} ?? 'unset')",
    "bash": 'echo "${{{0}-unset}}"',
}


def said(sandbox, language, code, **options):
    return printed(sandbox.run_code(code, language=language, **options)).strip()


class TestJavaScript:
    def run(self, sandbox, code, **options):
        return sandbox.run_code(code, language="js", **options)

    @pytest.mark.parametrize(
        "code,text",
        [
            ("1 + 1", "2"),
            ("process.cwd()", "/home/user"),
            ("[1, 2].map(n => n * 2).join()", "2,4"),
            ("await Promise.resolve('awaited')", "awaited"),
            ("const f = () => 7\nf()", "7"),
        ],
    )
    def test_the_last_expression_is_the_main_result(self, interpreter, code, text):
        execution = self.run(interpreter, code)
        assert (execution.text, execution.error) == (text, None)

    def test_both_streams_are_heard(self, interpreter):
        execution = self.run(interpreter, "console.log('o', [1, {a: 2}]); console.error('e')")
        assert (stdout(execution), stderr(execution)) == ("o [ 1, { a: 2 } ]\n", "e\n")

    def test_state_stays(self, interpreter):
        self.run(interpreter, "let count = 1; function next() { return ++count }; class A { x = 5 }")
        assert self.run(interpreter, "next() + new A().x").text == "7"

    def test_modules_of_node_are_there(self, interpreter):
        assert self.run(interpreter, "require('node:path').join('a', 'b')").text == "a/b"

    def test_what_comes_later_in_the_cell_is_waited_for(self, interpreter):
        code = "await new Promise(done => setTimeout(done, 50)); console.log('later')"
        assert stdout(self.run(interpreter, code)) == "later\n"

    @pytest.mark.parametrize(
        "code,name,value",
        [
            ("throw new TypeError('own words')", "TypeError", "own words"),
            ("missing()", "ReferenceError", "missing is not defined"),
            ("await Promise.reject(new RangeError('far'))", "RangeError", "far"),
            ("let = ;", "SyntaxError", ""),
        ],
    )
    def test_an_error_has_its_name_and_value(self, interpreter, code, name, value):
        error = self.run(interpreter, code).error
        assert error.name == name and value in error.value and name in error.traceback

    @pytest.mark.parametrize("thrown", ["7", "null", "undefined", "{a: 1}", "'text'"])
    def test_anything_may_be_thrown(self, interpreter, thrown):
        assert self.run(interpreter, f"throw {thrown}").error is not None
        assert self.run(interpreter, "1 + 2").text == "3"

    def test_its_end_is_an_error_and_the_next_run_works(self, interpreter):
        assert self.run(interpreter, "process.exit(3)", timeout=20).error is not None
        assert self.run(interpreter, "1 + 2").text == "3"

    def test_ten_megabytes_are_exact(self, interpreter):
        execution = self.run(interpreter, "process.stdout.write('ab'.repeat(5e6)); 0")
        assert stdout(execution) == "ab" * 5_000_000


class TestTypeScript:
    @pytest.mark.parametrize("language", ["ts", "typescript"])
    def test_types_are_understood(self, interpreter, language):
        code = "interface Point { x: number }\nconst p: Point = { x: 20 }\nconst y = p.x as number\ny + 1"
        assert interpreter.run_code(code, language=language).text == "21"

    def test_state_stays(self, interpreter):
        interpreter.run_code("let total: number = 40", language="ts")
        assert interpreter.run_code("total += 2; total", language="ts").text == "42"

    def test_an_error_has_its_name_and_value(self, interpreter):
        error = interpreter.run_code("throw new RangeError(`far ${1 as number}`)", language="ts").error
        assert (error.name, error.value) == ("RangeError", "far 1")


class TestBash:
    def run(self, sandbox, code, **options):
        return sandbox.run_code(code, language="bash", **options)

    def test_both_streams_are_heard(self, interpreter):
        execution = self.run(interpreter, "echo out; echo err >&2; printf 'no end'")
        assert (stdout(execution), stderr(execution), execution.error) == ("out\nno end", "err\n", None)

    def test_state_stays(self, interpreter):
        self.run(interpreter, 'name=kept; f() { echo "$name $1"; }; cd /tmp; shopt -s extglob')
        assert stdout(self.run(interpreter, "f here; pwd; cd /home/user")) == "kept here\n/tmp\n"

    def test_it_begins_at_home(self, interpreter):
        context = interpreter.create_code_context(language="bash")
        assert stdout(interpreter.run_code("pwd", context=context)) == "/home/user\n"
        interpreter.remove_code_context(context)

    def test_a_script_of_many_lines_runs(self, interpreter):
        code = "for i in 1 2 3; do\n  echo line $i\ndone\ncat <<'END'\nhere $document\nEND\n"
        assert stdout(self.run(interpreter, code)) == "line 1\nline 2\nline 3\nhere $document\n"

    def test_a_failure_is_told_and_the_next_run_works(self, interpreter):
        assert self.run(interpreter, "echo before; false").error is not None
        assert stdout(self.run(interpreter, "echo after")) == "after\n"

    @pytest.mark.parametrize("code", ["exit 3", "exec true", "kill -9 $$", "if true", "set -e; false", "exec >&-"])
    def test_whatever_ends_or_breaks_it_the_next_run_works(self, interpreter, code):
        self.run(interpreter, code, timeout=20)
        assert stdout(self.run(interpreter, "echo after", timeout=20)) == "after\n"

    def test_input_is_empty(self, interpreter):
        assert stdout(self.run(interpreter, "read line || echo none; cat; echo end", timeout=20)) == "none\nend\n"

    def test_a_child_in_the_background_does_not_hold_it(self, interpreter):
        pid = stdout(self.run(interpreter, "sleep 1000 & echo $!", timeout=20)).split()[-1]
        self.run(interpreter, f"kill {pid}")


class TestEnvironment:
    @pytest.mark.parametrize("language", PROGRAMS)
    def test_the_sandboxes_own_is_seen(self, new_interpreter, language):
        sandbox = new_interpreter(envs={"OF_SANDBOX": "from the sandbox"})
        assert said(sandbox, language, PROGRAMS[language].format("OF_SANDBOX")) == "from the sandbox"

    @pytest.mark.parametrize("language", PROGRAMS)
    def test_a_runs_own_is_seen_by_that_run_only(self, interpreter, language):
        program = PROGRAMS[language].format("OF_RUN")
        assert said(interpreter, language, program, envs={"OF_RUN": "for 'once' $x"}) == "for 'once' $x"
        assert said(interpreter, language, program) == "unset"

    @pytest.mark.parametrize("language", PROGRAMS)
    def test_what_a_run_overrides_is_restored(self, new_interpreter, language):
        sandbox, program = new_interpreter(envs={"BOTH": "sandbox"}), PROGRAMS[language].format("BOTH")
        assert said(sandbox, language, program, envs={"BOTH": "run"}) == "run"
        assert said(sandbox, language, program) == "sandbox"

    @pytest.mark.parametrize("language,failing", [("python", "1 / 0"), ("javascript", "throw 1"), ("bash", "false")])
    def test_it_is_restored_after_an_error_too(self, interpreter, language, failing):
        interpreter.run_code(failing, language=language, envs={"OF_FAILED": "1"})
        assert said(interpreter, language, PROGRAMS[language].format("OF_FAILED")) == "unset"

    def test_children_see_it(self, interpreter):
        assert printed(interpreter.run_code("!echo $OF_RUN", envs={"OF_RUN": "child"})).strip() == "child"

    def test_what_the_code_sets_itself_stays(self, interpreter):
        interpreter.run_code("import os; os.environ['BY_CODE'] = 'kept'")
        assert interpreter.run_code("os.environ['BY_CODE']").text == "kept"

    def test_a_kernel_knows_which_sandbox_it_is_in(self, interpreter):
        seen = interpreter.run_code("import os; os.environ['E2B_SANDBOX'], os.environ['E2B_SANDBOX_ID']").text
        assert seen == f"('true', '{interpreter.sandbox_id}')"

    def test_other_contexts_see_nothing_of_it(self, interpreter):
        context = interpreter.create_code_context()
        interpreter.run_code("pass", envs={"OF_RUN": "elsewhere"})
        assert interpreter.run_code("import os; os.getenv('OF_RUN', 'unset')", context=context).text == "unset"
        interpreter.remove_code_context(context)


def test_languages_do_not_share_names(interpreter):
    interpreter.run_code("shared = 1")
    assert interpreter.run_code("typeof shared", language="js").text == "undefined"


@pytest.mark.parametrize("language", PROGRAMS)
def test_every_language_starts_where_it_is_told_to(notebook, language):
    context = notebook.create_code_context(language=language, cwd="/tmp")
    code = {"python": "import os; print(os.getcwd())", "bash": "pwd"}.get(language, "console.log(process.cwd())")
    assert printed(notebook.run_code(code, context=context)) == "/tmp\n"
    notebook.remove_code_context(context)
    assert_well(notebook)
