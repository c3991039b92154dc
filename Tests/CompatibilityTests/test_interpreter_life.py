"""A sandbox of the code interpreter through its life: found again, killed, and its time over."""

import threading

import e2b
import pytest

from nestbox_support.interpreter import assert_well, printed

KILLED = "sandbox was killed while the request was in progress"


@pytest.fixture
def own(flavour):
    sandbox = flavour.Interpreter.create(timeout=120)
    yield sandbox
    sandbox.kill()


def killed_in_a_run(sandbox, kill):
    begun = threading.Event()
    killer = threading.Thread(target=lambda: begun.wait(20) and kill())
    killer.start()
    code = "import time\nprint('begun', flush=True)\ntime.sleep(1000)"
    with pytest.raises(e2b.TimeoutException, match=KILLED):
        sandbox.run_code(code, on_stdout=lambda _: begun.set(), timeout=60)
    killer.join()


def test_who_comes_back_by_the_id_finds_the_state(own, flavour):
    own.run_code("found = 'again'")
    context = own.create_code_context(cwd="/tmp")
    own.run_code("other = 'too'", context=context)
    again = flavour.Interpreter.connect(own.sandbox_id)
    assert again.run_code("found").text == "again"
    (listed,) = [one for one in again.list_code_contexts() if one.id == context.id]
    assert again.run_code("other", context=listed).text == "too"


def test_both_clients_share_one_state(own):
    import e2b_code_interpreter

    own.run_code("shared = 5")
    assert e2b_code_interpreter.Sandbox.connect(own.sandbox_id).run_code("shared + 1").text == "6"


def test_a_kill_in_a_run_is_told(own):
    killed_in_a_run(own, own.kill)


def test_the_end_of_its_time_in_a_run_is_told(own):
    killed_in_a_run(own, lambda: own.set_timeout(1))


@pytest.mark.parametrize(
    "call",
    [
        lambda sandbox: sandbox.run_code("1"),
        lambda sandbox: sandbox.create_code_context(),
        lambda sandbox: sandbox.list_code_contexts(),
    ],
    ids=["run", "create", "list"],
)
def test_after_a_kill_every_call_says_so(own, call):
    own.kill()
    with pytest.raises((e2b.TimeoutException, e2b.NotFoundException)):
        call(own)


def test_code_and_commands_share_the_sandbox(own):
    own.commands.run("echo from a command > /tmp/shared")
    assert printed(own.run_code("print(open('/tmp/shared').read(), end='')")) == "from a command\n"
    assert own.commands.run("python3 -c 'import pandas; print(pandas.__name__)'").stdout == "pandas\n"


def test_it_says_of_which_template_it_is(own):
    assert own.get_info().template_id == "code-interpreter-v1"
    assert_well(own)
