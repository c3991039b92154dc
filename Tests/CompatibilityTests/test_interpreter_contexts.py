"""Contexts: several states in one sandbox, each with a language and a directory of its own."""

import concurrent.futures
import threading

import e2b
import pytest
from e2b_code_interpreter import Context

from nestbox_support.interpreter import DEATH, assert_well, printed
from nestbox_support.waiting import eventually

NOT_THERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def context(interpreter):
    context = interpreter.create_code_context()
    yield context
    interpreter.remove_code_context(context)


def listed(sandbox):
    return {context.id: (context.language, context.cwd) for context in sandbox.list_code_contexts()}


class TestListing:
    def test_python_and_javascript_are_there_from_the_start(self, new_interpreter):
        contexts = new_interpreter().list_code_contexts()
        assert sorted((context.language, context.cwd) for context in contexts) == [
            ("javascript", "/home/user"),
            ("python", "/home/user"),
        ]
        assert len({context.id for context in contexts}) == 2

    def test_a_new_one_is_listed_until_it_is_removed(self, interpreter):
        context = interpreter.create_code_context()
        assert listed(interpreter)[context.id] == ("python", "/home/user")
        interpreter.remove_code_context(context)
        assert context.id not in listed(interpreter)

    def test_new_ones_are_listed_last(self, interpreter, context):
        assert interpreter.list_code_contexts()[-1].id == context.id

    def test_running_code_adds_none(self, interpreter):
        before = listed(interpreter)
        interpreter.run_code("1")
        assert listed(interpreter) == before


class TestCreating:
    def test_without_a_word_it_is_python_at_home(self, context):
        assert (context.language, context.cwd) == ("python", "/home/user")
        assert context.id

    def test_it_has_a_directory_of_its_own(self, interpreter):
        context = interpreter.create_code_context(cwd="/tmp")
        assert context.cwd == "/tmp"
        assert interpreter.run_code("import os; os.getcwd()", context=context).text == "/tmp"
        interpreter.remove_code_context(context)

    def test_a_directory_that_is_not_there_is_refused_by_its_name(self, interpreter):
        before = listed(interpreter)
        with pytest.raises(Exception, match="/home/user/test"):
            interpreter.create_code_context(cwd="/home/user/test")
        assert listed(interpreter) == before

    @pytest.mark.parametrize(
        "language,name",
        [
            ("python", "python"),
            ("Python", "python"),
            ("js", "javascript"),
            ("JavaScript", "javascript"),
            ("ts", "typescript"),
            ("typescript", "typescript"),
            ("bash", "bash"),
        ],
    )
    def test_languages_have_short_names(self, interpreter, language, name):
        context = interpreter.create_code_context(language=language)
        assert context.language == name
        interpreter.remove_code_context(context)

    @pytest.mark.parametrize("language", ["cobol", "python; rm -rf /", "../python", "x" * 10_000])
    def test_an_unknown_language_is_refused(self, interpreter, language):
        before = listed(interpreter)
        with pytest.raises(e2b.SandboxException):
            interpreter.create_code_context(language=language)
        with pytest.raises(e2b.SandboxException):
            interpreter.run_code("1", language=language)
        assert listed(interpreter) == before


class TestIndependence:
    def test_names_of_one_are_unknown_to_the_other(self, interpreter, context):
        interpreter.run_code("mine = 1")
        assert interpreter.run_code("mine", context=context).error.value == "name 'mine' is not defined"
        interpreter.run_code("mine = 2", context=context)
        assert (interpreter.run_code("mine").text, interpreter.run_code("mine", context=context).text) == ("1", "2")

    def test_each_counts_for_itself(self, interpreter, context):
        first = interpreter.run_code("pass", context=context).execution_count
        interpreter.run_code("pass")
        assert interpreter.run_code("pass", context=context).execution_count == first + 1

    def test_directories_and_environments_are_their_own(self, interpreter, context):
        interpreter.run_code("import os; os.chdir('/tmp'); os.environ['MINE'] = 'yes'", context=context)
        assert interpreter.run_code("import os; os.getcwd(), os.environ.get('MINE')").text == "('/home/user', None)"

    def test_they_run_side_by_side(self, interpreter):
        """Each cell waits until all the others have begun."""
        contexts = [interpreter.create_code_context() for _ in range(4)]
        meet = f"/tmp/meet-{contexts[0].id}"
        code = f"import os, time\nos.makedirs({meet!r}, exist_ok=True)\nopen(f'{meet}/{{os.getpid()}}', 'w').close()\n"
        code += f"while len(os.listdir({meet!r})) < 4: time.sleep(0.01)\n'met'"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            runs = list(pool.map(lambda context: interpreter.run_code(code, context=context, timeout=60), contexts))
        assert [run.text for run in runs] == ["met"] * 4
        for context in contexts:
            interpreter.remove_code_context(context)

    def test_many_runs_on_several_do_not_mix(self, interpreter):
        contexts = [interpreter.create_code_context() for _ in range(4)]
        run = lambda n: printed(interpreter.run_code(f"for i in range(200): print({n}, i)", context=contexts[n % 4]))
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for number, said in enumerate(pool.map(run, range(64))):
                assert said == "".join(f"{number} {i}\n" for i in range(200))
        for context in contexts:
            interpreter.remove_code_context(context)

    def test_runs_on_one_are_put_in_a_row(self, interpreter, context):
        interpreter.run_code("inside = 0; seen = []", context=context)
        code = "import time\ninside += 1\nseen.append(inside)\ntime.sleep(0.02)\ninside -= 1"
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(lambda _: interpreter.run_code(code, context=context), range(16)))
        assert all(run.error is None for run in runs)
        assert interpreter.run_code("seen", context=context).text == str([1] * 16)
        assert len({run.execution_count for run in runs}) == 16


class TestRestarting:
    def test_it_forgets_all_but_who_it_is(self, interpreter):
        context = interpreter.create_code_context(cwd="/tmp")
        interpreter.run_code("import os; old = os.getpid(); os.chdir('/')", context=context)
        interpreter.restart_code_context(context)
        assert interpreter.run_code("old", context=context).error.name == "NameError"
        assert interpreter.run_code("import os; os.getcwd()", context=context).text == "/tmp"
        assert listed(interpreter)[context.id] == ("python", "/tmp")
        interpreter.remove_code_context(context)

    def test_it_counts_anew(self, interpreter, context):
        first = interpreter.run_code("pass", context=context).execution_count
        interpreter.restart_code_context(context.id)
        assert interpreter.run_code("pass", context=context).execution_count == first

    def test_the_others_do_not_notice(self, interpreter, context):
        interpreter.run_code("kept = 'here'")
        interpreter.restart_code_context(context)
        assert interpreter.run_code("kept").text == "here"

    def test_the_default_one_can_be_restarted(self, interpreter):
        interpreter.run_code("gone = 1")
        default = next(context for context in interpreter.list_code_contexts() if context.language == "python")
        interpreter.restart_code_context(default)
        assert interpreter.run_code("gone").error.name == "NameError"

    def test_a_running_cell_is_told(self, interpreter, context):
        begun = threading.Event()
        restarter = threading.Thread(target=lambda: begun.wait(20) and interpreter.restart_code_context(context))
        restarter.start()
        code = "import time\nprint('begun', flush=True)\ntime.sleep(1000)"
        execution = interpreter.run_code(code, context=context, on_stdout=lambda _: begun.set(), timeout=60)
        restarter.join()
        assert execution.error.name == DEATH
        assert_well(interpreter, context)


class TestRemoving:
    def test_its_processes_end(self, interpreter):
        context = interpreter.create_code_context()
        pid = interpreter.run_code("import os; os.getpid()", context=context).text
        interpreter.remove_code_context(context)
        # Killed before the answer; how long a process then takes to be gone is its memory's affair.
        is_gone = lambda: interpreter.commands.run(f"[ -e /proc/{pid} ] || echo gone").stdout == "gone\n"
        eventually(is_gone, "the end of the kernel's process")

    def test_a_running_cell_ends(self, interpreter):
        context, begun = interpreter.create_code_context(), threading.Event()
        remover = threading.Thread(target=lambda: begun.wait(20) and interpreter.remove_code_context(context))
        remover.start()
        code = "import time\nprint('begun', flush=True)\ntime.sleep(1000)"
        execution = interpreter.run_code(code, context=context, on_stdout=lambda _: begun.set(), timeout=60)
        remover.join()
        assert execution.error is not None

    @pytest.mark.parametrize(
        "call",
        [
            lambda sandbox, id: sandbox.run_code("1", context=Context(id, "python", "/")),
            lambda sandbox, id: sandbox.restart_code_context(id),
            lambda sandbox, id: sandbox.remove_code_context(id),
        ],
        ids=["run", "restart", "remove"],
    )
    def test_afterwards_it_is_not_found(self, interpreter, call):
        context = interpreter.create_code_context()
        interpreter.remove_code_context(context)
        for id in (context.id, NOT_THERE):
            with pytest.raises(e2b.NotFoundException, match=f"Context {id} not found"):
                call(interpreter, id)


def test_language_and_context_together_are_refused(interpreter, context):
    with pytest.raises(e2b.InvalidArgumentException):
        interpreter.run_code("1", language="python", context=context)


def test_a_language_without_a_context_has_one_of_its_own(interpreter):
    interpreter.run_code("KEPT=bash", language="bash")
    assert printed(interpreter.run_code("echo $KEPT", language="bash")) == "bash\n"
    assert "bash" in [language for language, _ in listed(interpreter).values()]
