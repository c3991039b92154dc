"""What a run of the code interpreter said, by the official client or by hand."""

import contextlib
import json

from nestbox_support.wire import Envd

INTERPRETER_PORT = 49999
# The least of each event that the official client needs; it fails on an event without them.
REQUIRED = {
    "number_of_executions": {"execution_count"},
    "stdout": {"text", "timestamp"},
    "stderr": {"text", "timestamp"},
    "result": {"is_main_result"},
    "error": {"name", "value", "traceback"},
    "keepalive": set(),
    "end_of_execution": set(),
}
# What a kernel that died leaves as its last word.
DEATH = "ContextRestarting"


def stdout(execution):
    return "".join(execution.logs.stdout)


def stderr(execution):
    return "".join(execution.logs.stderr)


def printed(execution):
    """What a run without an error wrote on standard output."""
    assert execution.error is None, execution.error
    return stdout(execution)


def assert_well(sandbox, context=None, seconds=30):
    """The context answers, and rightly."""
    answer = sandbox.run_code("20 + 1", context=context, timeout=seconds)
    assert (answer.text, answer.error) == ("21", None)


class InterpreterWire(Envd):
    """The code interpreter of one sandbox, for what the official client never says."""

    def __init__(self, server, sandbox_id, token, **options):
        super().__init__(server, sandbox_id, token, port=INTERPRETER_PORT, **options)

    def execute(self, code, **fields):
        return self.post("/execute", json=execution(code, **fields))

    def run(self, code, **fields):
        """The events of one run, each with all of its fields, the last of them the end."""
        response = self.execute(code, **fields)
        assert response.status_code == 200, response.text
        return events(response.text.splitlines())

    @contextlib.contextmanager
    def running(self, code, **fields):
        """Lends the response whose lines come while the code runs; the connection is closed with it."""
        with self.stream("POST", "/execute", json=execution(code, **fields)) as response:
            assert response.status_code == 200, response.read()
            yield response


def execution(code, **fields):
    return {"code": code, "context_id": None, "language": None, "env_vars": None} | fields


def events(lines):
    found = [json.loads(line) for line in lines]
    for event in found:
        assert REQUIRED[event["type"]] <= event.keys(), event
    assert [event["type"] for event in found].index("end_of_execution") == len(found) - 1
    return found


def of_type(events, *types):
    return [event for event in events if event["type"] in types]


def text(events, stream="stdout"):
    return "".join(event["text"] for event in of_type(events, stream))
